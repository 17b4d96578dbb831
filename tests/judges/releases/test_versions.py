"""version-known, up-to-date and apis-served: what is installed, how old it is, and whether it can be upgraded."""

import shlex
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.judges.samples import NOW, ago, deployment, install, no_pods, pod, template, workload
from upkeep.errors import Absent, Malformed, TooEarly
from upkeep.judges.releases import versions
from upkeep.limits import Limits
from upkeep.model import Judgement
from upkeep.records.releases import (
    ChartIndex,
    ChartVersion,
    HelmRelease,
    InstalledChart,
    ProgramVersions,
    ReleasedObject,
    ServedApis,
)
from upkeep.records.workload import ContainerSpec, Pod, Workload

INSTALL = install()
NO_SHELL = ProgramVersions(not_asked="the image has no shell")
LABEL = "app.kubernetes.io/version"


# --- version-known ---


def runs(
    name: str,
    image: str = "x/cano-collector:0.0.24",
    *,
    app_version: str = "",
    label: str = "",
    **changes: Any,
) -> Pod:
    labels = {"app": "cano-collector"} | ({LABEL: label} if label else {})
    spec = ContainerSpec("cano-collector", image, app_version=app_version)
    sidecar = ContainerSpec("proxy", "envoy:1.2.3", app_version="9.9")
    return pod(name, labels=labels, specs=(sidecar, spec), **changes)


def seen(
    *pods: Pod, label: str = "", image: str = "x/cano-collector:0.0.24", **changes: Any
) -> Workload:
    made = template(
        containers=(ContainerSpec("cano-collector", image),), labels={"app": "cano-collector"}
    )
    return replace(
        workload(*pods),
        deployment=deployment(template=made, labels={LABEL: label} if label else {}, **changes),
    )


def known(seen: Workload, program: ProgramVersions = NO_SHELL) -> Judgement:
    return versions.version_known(seen, program, install=INSTALL)


def test_sources_that_agree_are_a_known_version() -> None:
    pods = [
        runs(name, "x/cano-collector:v0.0.24@sha256:ab", app_version="0.0.24", label="0.0.24")
        for name in "ab"
    ]
    judgement = known(
        seen(*pods, label="v0.0.24"), ProgramVersions(tuple((one.name, "0.0.24") for one in pods))
    )
    assert (judgement.findings, judgement.observed) == ((), "0.0.24")
    assert judgement.basis == "--version, APP_VERSION, image tag, its label, label of 2 pods"


@pytest.mark.parametrize(
    "one",
    [
        runs("a"),
        runs("a", "x/cano-collector@sha256:ab", label="0.0.24"),
        runs("a", "x/cano-collector:latest", app_version="0.0.24"),
        runs("a", "x/cano-collector:main"),
    ],
)
def test_one_source_is_enough_and_the_basis_says_which(one: Pod) -> None:
    program = (
        ProgramVersions(((one.name, "0.0.24"),))
        if one.specs[1].image.endswith(":main")
        else NO_SHELL
    )
    judgement = known(seen(one, image="x/cano-collector"), program)
    assert (judgement.findings, judgement.observed) == ((), "0.0.24")
    assert judgement.basis.endswith("; the image has no shell") is (program is NO_SHELL)
    assert "," not in judgement.basis.partition(" of ")[0]


def test_a_pod_whose_sources_disagree_is_named_with_each_of_them() -> None:
    judgement = known(seen(runs("a", label="0.0.19"), runs("b")))
    (finding,) = judgement.findings
    assert (finding.object, finding.code) == ("Pod/cano-collector-a", "versions-disagree")
    assert finding.observed == "0.0.24 by image tag, 0.0.19 by label"
    assert finding.limit == "one version"
    assert finding.next.startswith("kubectl -n monitoring get pod/cano-collector-a ")


def test_a_program_that_says_another_version_disagrees() -> None:
    judgement = known(
        seen(runs("a"), runs("b")),
        ProgramVersions((("cano-collector-a", "0.0.23"), ("cano-collector-b", "0.0.24"))),
    )
    assert [(one.object, one.observed) for one in judgement.findings] == [
        ("Pod/cano-collector-a", "0.0.24 by image tag, 0.0.23 by --version")
    ]


def test_pods_of_two_versions_are_mixed() -> None:
    judgement = known(seen(runs("a"), runs("b", "x/cano-collector:0.0.23")))
    (finding,) = judgement.findings
    assert (finding.object, finding.code, finding.observed) == (
        "Deployment/cano-collector",
        "versions-mixed",
        "0.0.23, 0.0.24",
    )
    assert (
        "(0.0.23: Pod/cano-collector-b; 0.0.24: Deployment/cano-collector, Pod/cano-collector-a)"
        in finding.message
    )


def test_a_deployment_whose_label_stayed_behind_disagrees() -> None:
    (finding,) = known(seen(runs("a"), label="0.0.1")).findings
    assert (finding.object, finding.observed) == (
        "Deployment/cano-collector",
        "0.0.1 by its label, 0.0.24 by image tag",
    )


def test_a_pod_that_names_none_is_not_taken_for_known() -> None:
    with pytest.raises(Absent, match="nothing names the version of pod cano-collector-b"):
        known(seen(runs("a"), runs("b", "x/cano-collector@sha256:ab")))


@pytest.mark.parametrize(
    "none", [replace(seen(), pods=no_pods().pods), seen(runs("a", deleted=ago(minutes=1)))]
)
def test_without_a_pod_there_is_no_version(none: Workload) -> None:
    with pytest.raises(Absent, match="no pod was there"):
        known(none)


@given(
    st.lists(st.sampled_from(["0.0.24", "0.0.23"]), min_size=1, max_size=4),
    st.sampled_from(["0.0.24", "0.0.22"]),
)
def test_a_further_pod_never_turns_fail_into_pass(tags: list[str], tag: str) -> None:
    pods = [runs(chr(97 + number), f"x/cano-collector:{each}") for number, each in enumerate(tags)]
    before, after = known(seen(*pods)), known(seen(*pods, runs("z", f"x/cano-collector:{tag}")))
    assert bool(before) or not bool(after)


# --- up-to-date ---

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
    return versions.up_to_date(chart, offered, now=now, limits=Limits(limits), install=INSTALL)


@pytest.mark.parametrize(
    ("offered", "observed"),
    [
        (index(("1.4.2", 400)), "1.4.2 installed, and it is the newest"),
        (index(("1.4.2", None)), "1.4.2 installed, and it is the newest"),
        (index(("1.4.9", 300), ("1.4.2", 400)), "1.4.2 installed, 1.4.9 is the newest, 300 d old"),
        (index(("1.5.9", 300), ("1.4.2", 400)), "1.4.2 installed, 1.5.9 is the newest, 300 d old"),
        (index(("1.5.0", None)), "1.4.2 installed, 1.5.0 is the newest"),
        (index(("1.9.0", 89), ("1.4.2", 400)), "1.4.2 installed, 1.9.0 is the newest, 89 d old"),
        (index(("2.0.0", 1), ("1.4.2", 400)), "1.4.2 installed, 2.0.0 is the newest, 1 d old"),
        (
            index(("2.0.0-rc.1", 300), ("1.5.0-rc.1+b", 300), ("1.4.2", 400)),
            "1.4.2 installed, and it is the newest",
        ),
    ],
)
def test_what_is_recent_passes(offered: ChartIndex, observed: str) -> None:
    judgement = recent(offered)
    assert (judgement.findings, judgement.observed) == ((), observed)
    assert judgement.limit == "1 minor behind, or for less than 90 d"
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
        == "Chart cano-collector 1.4.2 is installed, 1.7.0 is the newest, and for 90 d it has been more than 1 minor behind."
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
        "2.0.0-rc.1 installed, 2.0.0-rc.2 is the newest"
    )
    assert not recent(index(("2.2.0-rc.1", 300), ("2.0.0-rc.1", 400)), chart)


def test_without_a_time_how_long_is_not_known() -> None:
    """Unless another version beyond the limit is old enough by itself."""
    with pytest.raises(Absent, match=r"does not say when 1\.7\.0 of chart cano-collector came"):
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
            "is installed, and the index of https://charts.example ends at 1.4.1",
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
        "; 1 version left out that are none"
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
    with pytest.raises(TooEarly, match="pending-upgrade since 2 min"):
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


# --- apis-served ---

SERVED = ServedApis(
    "v1.36.3",
    1,
    36,
    ("v1", "apps/v1", "policy/v1"),
    (("v1", "Service"), ("apps/v1", "Deployment"), ("policy/v1", "PodDisruptionBudget")),
)


def release(*objects: tuple[str, str]) -> HelmRelease:
    made = tuple(
        ReleasedObject(version, kind, "", f"x-{number}")
        for number, (version, kind) in enumerate(objects)
    )
    return HelmRelease(
        "cano",
        "kubecano",
        3,
        "deployed",
        "cano-collector",
        "1.4.2",
        "1.4.2",
        ago(days=9),
        "Secret",
        made,
    )


def serving(minor: int, *more: tuple[str, str]) -> ServedApis:
    return replace(SERVED, version=f"v1.{minor}.0", minor=minor, kinds=(*SERVED.kinds, *more))


PDB = ("policy/v1beta1", "PodDisruptionBudget")


def test_what_is_served_and_stays_passes() -> None:
    judgement = versions.apis_served(
        release(("v1", "Service"), ("v1", "Service"), ("apps/v1", "Deployment")), SERVED
    )
    assert (judgement.findings, judgement.observed) == ((), "2 kinds of 3 objects served")
    assert judgement.limit == "served by 1.36 and 1.37"
    assert (
        judgement.basis
        == "revision 3 of Helm release cano; discovery of v1.36.3; removals up to Kubernetes 1.37"
    )


def test_what_is_not_served_is_named_with_what_replaces_it() -> None:
    (finding,) = versions.apis_served(release(("v1", "Service"), PDB, PDB), SERVED).findings
    assert (finding.object, finding.code, finding.observed, finding.limit) == (
        *("PodDisruptionBudget/x-1", "api-not-served", "not served"),
        "policy/v1beta1",
    )
    assert finding.message == (
        "PodDisruptionBudget x-1, x-2 of Helm release cano is policy/v1beta1, which this API server (v1.36.3) does not serve, gone since "
        "Kubernetes 1.25: a chart with policy/v1 is needed; the next helm upgrade would fail."
    )
    assert finding.next == "kubectl api-resources --api-group=policy"


@pytest.mark.parametrize(
    "kind",
    [("monitoring.coreos.com/v1", "ServiceMonitor"), ("v1", "Nothing"), ("apps/v1", "Service")],
)
def test_a_kind_must_be_served_in_its_own_version(kind: tuple[str, str]) -> None:
    (finding,) = versions.apis_served(release(kind), SERVED).findings
    assert (finding.code, finding.limit) == ("api-not-served", kind[0])
    assert "gone since" not in finding.message


@pytest.mark.parametrize(("minor", "code"), [(23, []), (24, ["api-goes"]), (25, ["api-goes"])])
def test_what_the_next_minor_takes_away_fails_one_minor_before(minor: int, code: list[str]) -> None:
    """One that is served although it should be gone goes with the next at the latest."""
    judgement = versions.apis_served(release(PDB), serving(minor, PDB))
    assert [one.code for one in judgement.findings] == code
    assert [(one.observed, one.limit) for one in judgement.findings] == [
        ("gone in 1.25", f"served by 1.{minor + 1}")
    ] * len(code)


def test_an_alpha_version_of_kubernetes_may_go_at_any_time() -> None:
    alpha, own = ("apps/v1alpha1", "Deployment"), ("example.com/v1alpha1", "Thing")
    judgement = versions.apis_served(release(alpha, own), serving(36, alpha, own))
    assert [(one.code, one.object) for one in judgement.findings] == [
        ("api-alpha", "Deployment/x-0")
    ]


def test_beyond_what_is_known_only_stable_versions_are_judged() -> None:
    beta, custom = ("scheduling.k8s.io/v1beta1", "Workload"), ("example.com/v1beta1", "Thing")
    assert versions.apis_served(release(beta), serving(39, beta))
    with pytest.raises(Absent, match=r"what Kubernetes 1\.41 removes is not known here") as caught:
        versions.apis_served(release(beta), serving(40, beta))
    assert caught.value.next_step == "pip install --upgrade cano-upkeep"
    assert versions.apis_served(release(("apps/v1", "Deployment"), custom), serving(40, custom))
    with pytest.raises(Absent):
        versions.apis_served(release(beta), replace(serving(2, beta), major=2))
    # What is known to be wrong is said all the same.
    assert not versions.apis_served(release(beta, PDB), serving(40, beta))


def test_a_release_without_an_object_proves_nothing() -> None:
    with pytest.raises(Absent, match="has no object"):
        versions.apis_served(release(), SERVED)


KINDS = st.sampled_from(
    [
        ("v1", "Service"),
        ("apps/v1", "Deployment"),
        PDB,
        ("monitoring.coreos.com/v1", "ServiceMonitor"),
    ]
)


@given(st.lists(KINDS, min_size=1, max_size=5), KINDS)
def test_a_further_object_never_turns_fail_into_pass(
    kinds: list[tuple[str, str]], more: tuple[str, str]
) -> None:
    before = versions.apis_served(release(*kinds), SERVED)
    after = versions.apis_served(release(*kinds, more), SERVED)
    assert bool(before) or not bool(after)


@given(st.lists(KINDS, min_size=1, max_size=5), st.integers(0, 2))
def test_what_is_served_less_never_makes_a_pass(kinds: list[tuple[str, str]], taken: int) -> None:
    less = replace(SERVED, kinds=SERVED.kinds[:taken] + SERVED.kinds[taken + 1 :])
    assert bool(versions.apis_served(release(*kinds), SERVED)) or not bool(
        versions.apis_served(release(*kinds), less)
    )


def test_helms_own_timeout_is_five_minutes() -> None:
    assert timedelta(minutes=5) == versions.HELM_TIMEOUT


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
    assert versions.repository_url(where) == url


# --- what a cluster or an index says is nobody's command ---

HOSTILE = "x; touch '$(id)'"


def test_a_time_that_is_still_to_come_hides_nothing() -> None:
    with pytest.raises(Absent, match=r"does not say when 1\.7\.0"):
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
    commands += [finding.next for finding in versions.apis_served(made, serving(24, PDB)).findings]
    assert len(commands) == 4
    for command in commands:
        words = shlex.split(command.removesuffix(", and run again"))
        assert not any(word in (";", "x;", "touch") or word.endswith(";") for word in words), (
            command
        )
        assert HOSTILE in words or "--api-group=apps/v1; touch x" in words
