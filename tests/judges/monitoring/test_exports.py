"""metrics-exported."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.judges.counting.counter_samples import INSTALL, codes, snapshot
from tests.judges.samples import NOW, ago, deployment, pod
from upkeep.judges.monitoring.exports import metrics_exported
from upkeep.limits import Limits
from upkeep.model import Judgement
from upkeep.records.counters import ExportFault, ExportFolder, MetricsExport
from upkeep.records.workload import Workload


def export(
    *pods: str, days: float = 3, faults: tuple[ExportFault, ...] = (), namespace: str = "monitoring"
) -> MetricsExport:
    snapshots = tuple(
        (namespace if name else "", snapshot(name, taken=ago(days=days))) for name in pods
    )
    return MetricsExport(
        f"metrics-{ago(days=days):%Y%m%d}.txt", ago(days=days), "export", snapshots, faults
    )


def judge(
    *exports: MetricsExport,
    pods: tuple[str, ...] = ("a", "b"),
    age: timedelta = timedelta(days=9),
    **limits: float,
) -> Judgement:
    workload = Workload(
        deployment(), (), tuple(replace(pod(), name=name, created=NOW - age) for name in pods)
    )
    return metrics_exported(
        ExportFolder("/exports", exports), workload, install=INSTALL, now=NOW, limits=Limits(limits)
    )


def test_a_whole_export_of_this_month_passes():
    judgement = judge(export("a", "b"), export("a", "b", days=35))
    assert judgement.findings == ()
    assert judgement.observed == "metrics-20251230.txt, 3 d old, 2 pods; 2 exports in all"
    assert judgement.basis == "files of /exports; its time by itself (2025-12-30 12:00 UTC)"


def test_no_export_fails_with_the_command_that_makes_one():
    (finding,) = judge().findings
    assert (finding.object, finding.code, finding.observed) == (
        "Folder/exports",
        "export-missing",
        0,
    )
    assert finding.next == "upkeep export --namespace=monitoring --exports=/exports"


@pytest.mark.parametrize(("days", "fails"), [(31, False), (31.1, True)])
def test_an_export_is_old_after_a_month(days: float, fails: bool):
    assert codes(judge(export("a", "b", days=days), age=timedelta(days=90))) == (
        ["export-old"] if fails else []
    )


def test_a_pod_that_ran_then_and_is_not_in_it_fails_by_name():
    (finding,) = judge(export("a")).findings
    assert (
        finding.message
        == "metrics-20251230.txt lacks the metrics of pod b, which ran at that time."
    )
    assert (finding.code, finding.observed, finding.limit) == ("pods-not-exported", 1, 2)


def test_pods_that_came_later_are_not_missed():
    assert not judge(export("old"), age=timedelta(days=1)).findings


def test_of_another_namespace_it_is_none_of_ours():
    assert codes(judge(export("a", "b", namespace="other"))) == ["pods-not-exported"]


@pytest.mark.parametrize(("pods", "fails"), [((), False), (("a",), False), (("a", "b"), True)])
def test_the_guides_file_is_that_of_the_only_pod(pods: tuple[str, ...], fails: bool):
    assert codes(judge(export(""), pods=pods)) == (["pods-not-exported"] if fails else [])


def test_its_faults_are_findings_and_one_from_the_future_is_not_the_newest():
    cut = ExportFault(
        "export-cut", "metrics-20251230.txt says 2 pods in its first line and holds 1"
    )
    assert codes(judge(export("a", faults=(cut,)))) == ["export-cut"]
    ahead = export(
        "a", "b", days=-2, faults=(ExportFault("export-from-the-future", "it is of 2026-01-04"),)
    )
    assert codes(judge(ahead, export("a", "b"))) == ["export-from-the-future"]
    assert codes(judge(ahead)) == ["export-from-the-future", "export-missing"]


@given(st.sets(st.sampled_from("abcd")), st.sampled_from("abcd"), st.integers(0, 40))
def test_a_pod_less_never_turns_a_failure_into_a_pass(names: set[str], gone: str, days: int):
    def fails(those: set[str]) -> bool:
        return bool(
            judge(
                export(*sorted(those), days=days), pods=tuple("abcd"), age=timedelta(days=60)
            ).findings
        )

    assert fails(names - {gone}) >= fails(names)
