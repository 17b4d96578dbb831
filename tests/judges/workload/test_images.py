"""runs-hardened: images are compared where they can be, and only there."""

import pytest
from msgspec.structs import replace

from tests.judges.workload.hardened import GOOD, INSTALL, cluster, codes
from upkeep.errors import Absent
from upkeep.judges.workload import hardening
from upkeep.model import Judgement
from upkeep.records.workload import ContainerStatus, Workload

REGISTRY, LOCAL = "docker.io/x@sha256:" + "ab" * 32, "sha256:" + "cd" * 32


def hardened(seen: Workload) -> Judgement:
    return hardening.runs_hardened(seen, (), install=INSTALL)


def test_pods_of_different_images_are_not_the_same_program():
    judgement = hardened(cluster(images=("docker.io/x@sha256:ab", "docker.io/x@sha256:cd")))
    assert [(one.code, one.observed) for one in judgement.findings] == [("digests-differ", 2)]
    assert judgement.observed == (
        "1 container: 1 fault; cano-collector with different images of one tag on 2 pods"
    )


@pytest.mark.parametrize(
    "images",
    [
        ("docker.io/x@sha256:ab", "mirror/x@sha256:ab"),
        ("docker-pullable://x@sha256:ab", "x@sha256:ab"),
        ("docker://sha256:ab", "sha256:ab"),
    ],
)
def test_a_prefix_of_the_repository_or_the_runtime_makes_no_other_image(images):
    assert hardened(cluster(images=images)).findings == ()


def test_two_local_ids_differ_as_two_digests_do():
    assert codes(hardened(cluster(images=(LOCAL, LOCAL.replace("cd", "ef"))))) == ["digests-differ"]


def test_two_forms_of_an_image_id_cannot_be_compared():
    """kubernetes/kubernetes#115199: a registry's digest on one node, a local id on another."""
    with pytest.raises(Absent, match=r"in two forms \(local image id, registry digest\)") as caught:
        hardened(cluster(images=(REGISTRY, LOCAL)))
    assert "imageID" in caught.value.next_step


def test_a_reference_with_a_digest_needs_no_comparison():
    pinned = replace(GOOD, image="kubecano/cano-collector@" + LOCAL)
    assert hardened(cluster(pinned, images=(REGISTRY, LOCAL))).findings == ()


def test_a_finding_is_told_beside_images_that_cannot_be_compared():
    root = replace(GOOD, security=replace(GOOD.security, run_as_user=0))
    assert codes(hardened(cluster(root, images=(REGISTRY, LOCAL)))) == ["runs-as-root"]


def test_two_tags_are_no_two_images_of_one_tag():
    """A rollout in its middle: each pod runs the image that its own spec names."""
    seen = cluster(images=(REGISTRY, REGISTRY.replace("ab", "cd")))
    old, new = seen.pods
    old = replace(old, specs=(replace(GOOD, image="kubecano/cano-collector:0.0.23"),))
    judgement = hardened(replace(seen, pods=(old, new)))
    assert judgement.findings == ()
    assert (
        "cano-collector in 2 versions: kubecano/cano-collector:0.0.23, "
        "kubecano/cano-collector:0.0.24 on 2 pods" in judgement.observed
    )


def with_proxies(*versions: str, sidecar: bool) -> Workload:
    """Pods into which a mesh injected its proxy, of the version of its day."""
    seen = cluster()
    pods = []
    for pod, version in zip(seen.pods, versions, strict=True):
        proxy = replace(
            GOOD, name="istio-proxy", image=f"istio/proxyv2:{version}", restarts=sidecar
        )
        status = ContainerStatus(
            "istio-proxy", True, 0, "running", init=sidecar, sidecar=sidecar,
            image_id=f"istio/proxyv2@sha256:{version}",
        )  # fmt: skip
        specs = {"init_specs": (proxy,)} if sidecar else {"specs": (*pod.specs, proxy)}
        pods.append(replace(pod, containers=(*pod.containers, status), **specs))
    return replace(seen, pods=tuple(pods))


@pytest.mark.parametrize("sidecar", [False, True])
def test_injected_proxies_of_two_versions_are_told_and_no_fault(sidecar):
    judgement = hardened(with_proxies("1.26.0", "1.27.0", sidecar=sidecar))
    assert judgement.findings == ()
    assert "istio-proxy in 2 versions" in judgement.observed


def test_an_image_that_is_not_reported_cannot_be_compared():
    with pytest.raises(Absent, match="Pod cano-collector-p1 reports no image"):
        hardened(cluster(images=("x@sha256:ab", "")))
    with pytest.raises(Absent, match="No pod reports an image"):
        hardened(replace(cluster(), pods=()))


def test_a_container_without_a_status_is_an_image_that_is_not_reported():
    """Where the other pods reported theirs, the images passed as compared."""
    seen = cluster(images=("docker.io/x@sha256:ab", "docker.io/x@sha256:ab"))
    assert hardened(seen).findings == ()
    first, second = seen.pods
    with pytest.raises(Absent, match=f"Pod {second.name} reports no image"):
        hardened(replace(seen, pods=(first, replace(second, containers=()))))
