"""runs-hardened: what runs is judged, as admitted, and the template where nothing of it runs."""

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.judges.samples import NOW, replica_set
from tests.judges.workload.hardened import GOOD, INSTALL, cluster, codes
from upkeep.judges.workload import hardening
from upkeep.model import Judgement
from upkeep.records.containers import SecurityContext
from upkeep.records.events import KubernetesEvent
from upkeep.records.workload import ContainerSpec, Volume, Workload


def hardened(seen: Workload | None = None, *events: KubernetesEvent) -> Judgement:
    return hardening.runs_hardened(cluster() if seen is None else seen, events, install=INSTALL)


def test_hardened_containers_pass_and_a_silent_hook_proves_nothing():
    assert hardened().observed == "1 container: 0 faults; one image a container on 2 pods"
    judgement = hardened(cluster(replace(GOOD, hooks=("preStop",))))
    assert judgement.findings == ()
    assert judgement.observed.endswith(
        "no event reports a failed preStop hook, which proves nothing"
    )


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"probe_kinds": ("startup", "liveness")}, "probe-missing"),
        ({"probe_kinds": ("readiness",)}, "probe-missing"),
        ({"image": "registry:5000/cano-collector"}, "image-not-pinned"),
        ({"image": "cano-collector:latest"}, "image-not-pinned"),
        ({"security": replace(GOOD.security, run_as_user=0)}, "runs-as-root"),
        ({"security": replace(GOOD.security, run_as_non_root=None)}, "may-run-as-root"),
        ({"security": replace(GOOD.security, run_as_non_root=False)}, "may-run-as-root"),
        ({"security": replace(GOOD.security, privileged=True)}, "runs-privileged"),
        ({"security": replace(GOOD.security, allow_privilege_escalation=None)}, "may-escalate"),
        (
            {"security": replace(GOOD.security, added=("NET_BIND_SERVICE", "SYS_ADMIN"))},
            "capabilities-added",
        ),
    ],
)
def test_each_fault_of_a_container_is_one_finding(changes, code):
    assert codes(hardened(cluster(replace(GOOD, **changes)))) == [code]


@pytest.mark.parametrize(
    "changes",
    [
        {"image": "registry:5000/cano-collector@sha256:" + "ab" * 32},
        {"image": "cano-collector:latest@sha256:" + "ab" * 32},
        {"security": replace(GOOD.security, run_as_non_root=None, run_as_user=1000)},
        {"security": replace(GOOD.security, added=("NET_BIND_SERVICE",))},
    ],
)
def test_what_is_good_in_another_way_passes(changes):
    assert hardened(cluster(replace(GOOD, **changes))).findings == ()


def with_init(*init: ContainerSpec, **changes: object) -> Workload:
    """The cluster with init containers in the template and in the pods."""
    seen = cluster()
    template = replace(seen.deployment.template, init_containers=init, **changes)
    pods = tuple(
        replace(pod, init_specs=init, host_namespaces=template.host_namespaces) for pod in seen.pods
    )
    return replace(seen, deployment=replace(seen.deployment, template=template), pods=pods)


def test_a_sidecar_needs_no_probe_and_an_init_container_no_root():
    sidecar = replace(GOOD, name="reloader", probe_kinds=())
    assert hardened(cluster(GOOD, sidecar)).findings == ()
    root = replace(GOOD, name="init", security=replace(GOOD.security, run_as_user=0))
    judgement = hardened(with_init(root, host_namespaces=("hostPID",)))
    assert codes(judgement) == ["runs-as-root", "host-namespace"]
    assert judgement.observed.startswith("2 containers: 2 faults")


@pytest.mark.parametrize(
    "image", ["registry:5000/cano-collector", "registry:5000/cano-collector:latest"]
)
def test_what_to_set_names_the_repository(image):
    (finding,) = hardened(cluster(replace(GOOD, image=image))).findings
    assert finding.next.endswith("=registry:5000/cano-collector:VERSION")


def test_an_image_with_shell_syntax_is_one_word_of_the_command():
    image = "registry.example/x$(touch${IFS}PWNED);id"
    (finding,) = hardened(cluster(replace(GOOD, image=f"{image}:latest"))).findings
    assert shlex.split(finding.next)[-1].endswith(f"={image}:VERSION")
    assert f"'{GOOD.name}={image}:VERSION'" in finding.next


def test_a_hook_that_failed_is_named_with_its_pod_and_no_secret():
    event = KubernetesEvent(
        "Pod",
        "p9",
        "Warning",
        "FailedPreStopHook",
        "exec: bash: token=hunter2hunter2 not found",
        NOW,
        3,
    )
    (finding,) = hardened(None, event, replace(event, reason="BackOff")).findings
    assert (finding.object, finding.code, finding.observed) == ("Pod/p9", "hook-cannot-run", 3)
    assert "hunter2" not in finding.message


# What runs and what the template says


def test_what_a_security_context_constraint_sets_counts_and_is_told():
    """kubestellar/console#6351: OpenShift sets the user of each pod; a chart must not."""
    silent = replace(GOOD, security=SecurityContext())
    user = SecurityContext(
        run_as_non_root=True, run_as_user=1000690000, allow_privilege_escalation=False
    )
    judgement = hardened(cluster(silent, admitted=(replace(GOOD, security=user),)))
    assert judgement.findings == ()
    assert judgement.observed.endswith(
        "; admission corrected the template: may-escalate of container/cano-collector, "
        "may-run-as-root of container/cano-collector"
    )


def test_a_privileged_container_that_a_webhook_injected_is_a_finding():
    agent = ContainerSpec("agent", "agent:latest", security=SecurityContext(False, 0, True, None))
    judgement = hardened(cluster(admitted=(GOOD, agent)))
    assert sorted(codes(judgement)) == [
        "image-not-pinned",
        "may-escalate",
        "runs-as-root",
        "runs-privileged",
    ]
    assert all("2 of 2 pods" in one.message for one in judgement.findings)
    assert judgement.observed.startswith("2 containers: 4 faults")
    assert "in the pods and not in the template: agent" in judgement.observed


def test_a_fault_of_the_newest_template_counts_while_none_of_its_pods_exists():
    root = replace(GOOD, security=replace(GOOD.security, run_as_user=0))
    seen = cluster(root, admitted=(GOOD,))
    assert hardened(seen).findings == ()
    newer = replace(seen, replica_sets=(*seen.replica_sets, replica_set(5)))
    assert codes(hardened(newer)) == ["runs-as-root"]


def test_a_fault_of_an_older_pod_is_told_beside_a_sound_template():
    seen = cluster()
    old, new = seen.pods
    root = replace(GOOD, security=replace(GOOD.security, run_as_user=0))
    judgement = hardened(replace(seen, pods=(replace(old, specs=(root,), owner_uid="rs3"), new)))
    (finding,) = judgement.findings
    assert finding.code == "runs-as-root"
    assert "1 of 2 pods (cano-collector-p0), and not the template" in finding.message


@pytest.mark.parametrize(
    ("security", "found"),
    [
        (SecurityContext(privileged=True), ["runs-privileged"]),
        (SecurityContext(added=("SYS_PTRACE",)), ["capabilities-added"]),
        (SecurityContext(), []),
    ],
)
def test_a_debug_container_that_runs_is_judged_by_its_privileges_alone(security, found):
    seen = cluster()
    debug = ContainerSpec("debugger-x7", "busybox:latest", security=security)
    first, second = seen.pods
    seen = replace(seen, pods=(replace(first, debug_specs=(debug,)), second))
    assert codes(hardened(seen)) == found


BAD = st.sampled_from(
    [
        {"probe_kinds": ()}, {"image": "x"}, {"security": SecurityContext()}, {"security": SecurityContext(True, 0, True, True, ("ALL",))},
    ]
)  # fmt: skip


@given(st.lists(BAD, min_size=1, max_size=4), st.booleans())
def test_a_further_bad_container_never_makes_it_pass(changes, injected):
    containers = [
        replace(GOOD, **{"name": f"c{number}", **change}) for number, change in enumerate(changes)
    ]
    bad = replace(GOOD, name="further", image="x:latest")
    alone = hardened(cluster(*containers))
    more = hardened(
        cluster(*containers, admitted=(*containers, bad)) if injected else cluster(*containers, bad)
    )
    assert len(more.findings) == len(alone.findings) + 1


@pytest.mark.parametrize(
    ("reference", "pinned"),
    [("models:latest", False), ("models", False), ("models:1", True), ("models@sha256:ab", True)],
)
def test_the_image_of_a_volume_is_pinned_too(reference, pinned):
    """sigstore/policy-controller#1976: policies about images look at containers alone."""
    seen = cluster()
    volumes = (Volume("models", "image", reference), Volume("x", "emptyDir", ""))
    template = replace(seen.deployment.template, volumes=volumes)
    judgement = hardened(replace(seen, deployment=replace(seen.deployment, template=template)))
    assert codes(judgement) == ["image-not-pinned"] * (not pinned)
    if not pinned:
        assert judgement.findings[0].object == "Deployment/cano-collector volume/models"
