"""up-to-date: how far behind the installed chart is, and whether its release is whole."""

import shlex
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.judges.releases.test_served_apis import PDB, release, serving
from tests.judges.samples import NOW, ago, install
from upkeep.errors import Absent, Forbidden, Malformed, TooEarly
from upkeep.judges.releases import up_to_date
from upkeep.judges.releases.served_apis import apis_served
from upkeep.limits import Limits
from upkeep.model import Judgement
from upkeep.records.releases import ChartIndex, ChartVersion, InstalledChart, Installer

INSTALL = install()

CHART = InstalledChart(
    "cano-collector",
    "1.4.2",
    "revision 3 of Helm release cano",
    "cano",
    "kubecano",
    "deployed",
    ago(days=20),
)


def index(*versions: tuple[str, int | None], **changes: Any) -> ChartIndex:
    """Versions and their age in days."""
    entries = tuple(
        ChartVersion(version, None if days is None else ago(days=days))
        for version, days in versions
    )
    return replace(ChartIndex("https://charts.example", "cano-collector", entries), **changes)


def recent(
    offered: ChartIndex, chart: InstalledChart = CHART, *, now: datetime = NOW, **limits: float
) -> Judgement:
    return up_to_date.up_to_date(chart, offered, now=now, limits=Limits(limits), install=INSTALL)


@pytest.mark.parametrize(
    ("offered", "observed"),
    [
        (index(("1.4.2", 400)), "1.4.2 installed: the newest"),
        (index(("1.4.2", None)), "1.4.2 installed: the newest"),
        (index(("1.4.9", 300), ("1.4.2", 400)), "1.4.2 installed; newest 1.4.9, 300 d old"),
        (index(("1.5.9", 300), ("1.4.2", 400)), "1.4.2 installed; newest 1.5.9, 300 d old"),
        (index(("1.5.0", None)), "1.4.2 installed; newest 1.5.0"),
        (index(("1.9.0", 89), ("1.4.2", 400)), "1.4.2 installed; newest 1.9.0, 89 d old"),
        (index(("2.0.0", 1), ("1.4.2", 400)), "1.4.2 installed; newest 2.0.0, 1 d old"),
        (
            index(("2.0.0-rc.1", 300), ("1.5.0-rc.1+b", 300), ("1.4.2", 400)),
            "1.4.2 installed: the newest",
        ),
    ],
)
def test_what_is_recent_passes(offered: ChartIndex, observed: str) -> None:
    judgement = recent(offered)
    assert (judgement.findings, judgement.observed) == ((), observed)
    assert judgement.limit == "1 minor behind, or more for 90 d"
    assert judgement.basis == "revision 3 of Helm release cano; index of https://charts.example"


def test_too_far_behind_for_too_long_fails_since_the_first_version_beyond_the_limit() -> None:
    judgement = recent(index(("1.7.0", 5), ("1.6.0", 90), ("1.5.0", 200), ("1.4.2", 400)))
    (finding,) = judgement.findings
    assert (finding.object, finding.code, finding.observed, finding.limit) == (
        "HelmRelease/cano",
        "chart-outdated",
        "1.4.2",
        "1.7.0",
    )
    assert (
        finding.message
        == "Chart cano-collector 1.4.2 is installed; 1.7.0 is the newest. It has been more than 1 minor behind for 90 d (90 d allowed)."
    )
    assert finding.next == (
        "helm upgrade cano cano-collector --repo https://charts.example --version 1.7.0 -n kubecano --reuse-values --dry-run=server"
    )


def test_limits_are_the_users() -> None:
    offered = index(("1.6.0", 100), ("1.4.2", 400))
    assert not recent(offered)
    assert recent(offered, chart_minors_behind=2)
    assert recent(offered, chart_age=101 * 86400)
    assert not recent(index(("1.5.0", 100)), chart_minors_behind=0)


def test_another_major_is_beyond_any_number_of_minors() -> None:
    assert [one.code for one in recent(index(("2.0.0", 91)), chart_minors_behind=50).findings] == [
        "chart-outdated"
    ]


def test_prereleases_count_for_whom_has_one() -> None:
    chart = replace(CHART, version="2.0.0-rc.1")
    assert recent(index(("2.0.0-rc.2", 300), ("2.0.0-rc.1", 400)), chart).observed.startswith(
        "2.0.0-rc.1 installed; newest 2.0.0-rc.2"
    )
    assert not recent(index(("2.2.0-rc.1", 300), ("2.0.0-rc.1", 400)), chart)


def test_without_a_time_how_long_is_not_known() -> None:
    """Unless another version beyond the limit is old enough by itself."""
    with pytest.raises(Absent, match=r"has no release time of 1\.7\.0 of chart cano-collector"):
        recent(index(("1.7.0", None), ("1.6.0", 3)))
    assert not recent(index(("1.7.0", None), ("1.6.0", 120)))


@pytest.mark.parametrize(
    ("offered", "words"),
    [
        (index(), "has no released version of chart cano-collector (0 versions in all)"),
        (index(("latest", 3)), "has no released version"),
        (index(("2.0.0-rc.1", 3)), "has no released version"),
        (
            index(("1.4.1", 3)),
            "is installed; the index of https://charts.example ends at 1.4.1",
        ),
    ],
)
def test_an_index_that_cannot_tell_is_no_proof(offered: ChartIndex, words: str) -> None:
    with pytest.raises(Absent) as caught:
        recent(offered)
    assert words in caught.value.message
    assert caught.value.next_step == "--chart-repository=URL"


def test_an_installed_version_that_is_none_is_malformed() -> None:
    with pytest.raises(Malformed, match="'stable'"):
        recent(index(("1.4.2", 3)), replace(CHART, version="stable"))


def test_what_is_no_version_is_left_out_and_said() -> None:
    assert recent(index(("nightly", 1), ("1.4.2", 3))).basis.endswith(
        "; 1 invalid version left out"
    )


def test_a_chart_that_is_given_up_is_a_finding() -> None:
    offered = ChartIndex(
        "https://charts.example",
        "cano-collector",
        (ChartVersion("1.4.2", ago(days=500), deprecated=True),),
    )
    (finding,) = recent(offered).findings
    assert (finding.code, finding.observed, finding.limit) == (
        "chart-deprecated",
        "deprecated",
        "maintained",
    )


@pytest.mark.parametrize(
    "status", ["failed", "superseded", "uninstalled", "pending-upgrade", "pending-rollback"]
)
def test_a_release_that_is_not_deployed_is_a_finding(status: str) -> None:
    (finding,) = recent(index(("1.4.2", 3)), replace(CHART, status=status)).findings
    assert (finding.object, finding.code, finding.observed, finding.limit) == (
        "HelmRelease/cano",
        "release-unfinished",
        status,
        "deployed",
    )
    assert finding.next == "helm history cano -n kubecano"


def test_an_upgrade_that_runs_is_waited_for() -> None:
    with pytest.raises(TooEarly, match="has been pending-upgrade for 2 min"):
        recent(index(("1.4.2", 3)), replace(CHART, status="pending-upgrade", since=ago(minutes=2)))
    assert not recent(
        index(("1.4.2", 3)), replace(CHART, status="pending-upgrade", since=ago(minutes=5))
    )


def test_by_the_label_alone_the_object_is_the_deployment() -> None:
    chart = InstalledChart("cano-collector", "1.4.2", "label helm.sh/chart")
    (finding,) = recent(index(("1.9.0", 300)), chart).findings
    assert finding.object == "Deployment/cano-collector"
    assert finding.next.startswith(
        "helm upgrade RELEASE cano-collector --repo https://charts.example"
    )
    assert finding.next.count("-n monitoring") == 1


@given(
    st.lists(
        st.tuples(st.sampled_from(["1.4.2", "1.5.0", "1.6.0", "2.0.0"]), st.integers(0, 400)),
        min_size=1,
        max_size=5,
    ),
    st.integers(0, 400),
)
def test_a_further_old_version_never_turns_fail_into_pass(
    entries: list[tuple[str, int]], days: int
) -> None:
    before = recent(index(*entries))
    after = recent(index(*entries, ("1.8.0", days)))
    assert bool(before) or not bool(after)


def test_helms_own_timeout_is_five_minutes() -> None:
    assert timedelta(minutes=5) == up_to_date.HELM_TIMEOUT


@pytest.mark.parametrize(
    ("where", "url"),
    [
        ("https://charts.example", "https://charts.example"),
        (
            "https://charts.example/…",
            "URL",
        ),  # masked: a command with it would ask another repository
        ("/srv/charts/index.yaml", "URL"),
    ],
)
def test_a_repository_is_named_in_a_command_only_when_all_of_it_is_known(
    where: str, url: str
) -> None:
    assert up_to_date.repository_url(where) == url


HOSTILE = "x; touch '$(id)'"


def test_a_time_that_is_still_to_come_hides_nothing() -> None:
    with pytest.raises(Absent, match=r"has no release time of 1\.7\.0"):
        recent(index(("1.7.0", -400), ("1.4.2", 400)))
    assert not recent(index(("1.7.0", -400), ("1.6.0", 120), ("1.4.2", 400)))
    assert "old" not in recent(index(("1.5.0", -400), ("1.4.2", 400))).observed


def test_names_of_the_cluster_are_one_word_in_a_command() -> None:
    chart = replace(CHART, name=HOSTILE, release=HOSTILE, namespace=HOSTILE, status="failed")
    those = index(("1.9.0", 300), ("1.4.2", 400), where=f"https://{HOSTILE}")
    commands = [finding.next for finding in recent(replace(those, chart=HOSTILE), chart).findings]
    made = replace(
        release(("apps/v1; touch x/v1alpha1", "Deployment"), PDB), name=HOSTILE, namespace=HOSTILE
    )
    commands += [finding.next for finding in apis_served(made, serving(24, PDB)).findings]
    assert len(commands) == 4
    for command in commands:
        words = shlex.split(command.removesuffix(", and run again"))
        assert not any(word in (";", "x;", "touch") or word.endswith(";") for word in words), (
            command
        )
        assert HOSTILE in words or "--api-group=apps/v1; touch x" in words


@pytest.mark.parametrize("tool", ["Helm", ""])
def test_a_release_that_may_not_be_read_may_have_failed(tool: str) -> None:
    """The label alone tells the chart; what is outdated by it is told all the same."""
    unread = Forbidden("This identity may not list secrets in kubecano.")
    chart = InstalledChart("cano-collector", "1.4.2", "label", unread=unread)
    with pytest.raises(Forbidden):
        recent(index(("1.4.2", 3)), chart)
    assert [one.code for one in recent(index(("1.9.0", 300)), chart).findings] == ["chart-outdated"]


@pytest.mark.parametrize(
    ("versions", "whole"),
    [
        (("1.5.0", "1.4.2", "1.4.1"), True),
        # bitnami/charts#10833: an index of the last six months.
        (("1.5.0",), True),
        (("1.5.0", "1.4.1"), False),
        (("1.5.0-rc.1", "1.4.3", "1.4.0"), False),
    ],
)
def test_an_index_that_leaves_out_the_installed_version_is_no_proof(
    versions: tuple[str, ...], whole: bool
) -> None:
    offered = index(*((one, 3) for one in versions))
    if whole:
        assert recent(offered)
        return
    with pytest.raises(Absent, match=r"lists versions before and after 1\.4\.2"):
        recent(offered)


@pytest.mark.parametrize(
    ("installer", "command"),
    [
        (
            Installer("Flux", "cano", "flux-system"),
            "kubectl -n flux-system patch helmrelease cano --type=merge -p "
            '\'{"spec":{"chart":{"spec":{"version":"1.9.0"}}}}\' --dry-run=server',
        ),
        (Installer("Argo CD", "cano", "argocd"), "argocd app diff cano --revision 1.9.0"),
        (Installer("Helm", "cano", "kubecano"), "helm upgrade cano cano-collector --repo "),
    ],
)
def test_the_next_step_is_that_of_the_tool_that_applies_the_chart(
    installer: Installer, command: str
) -> None:
    """Flux and Argo CD would undo what helm did."""
    judgement = recent(index(("1.9.0", 300)), replace(CHART, installer=installer))
    (finding,) = judgement.findings
    assert finding.next.startswith(command)
    assert judgement.basis.endswith(
        f"; applied by {installer.tool} {installer.namespace}/{installer.name}"
    )


def test_the_basis_says_how_old_the_index_is() -> None:
    offered = index(("1.4.2", 3), generated=ago(days=200))
    assert "index of https://charts.example of 2025-06-16 12:00 UTC" in recent(offered).basis
