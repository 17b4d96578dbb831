"""What a pod's own record says: whether it works, whether a container of it ever ran."""

import pytest

from tests.judges.samples import NOW, container, pod, termination, waiting


@pytest.mark.parametrize(
    ("changes", "works"), [({}, True), ({"phase": "Pending"}, True), ({"phase": "Failed"}, False), ({"phase": "Succeeded"}, False), ({"deleted": NOW}, False)]
)  # fmt: skip
def test_a_pod_works_until_it_terminates_or_has_finished(changes, works):
    assert pod("a", **changes).works is works


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"containers": (waiting("ContainerCreating"),)}, True),
        ({"containers": (waiting("ImagePullBackOff"),)}, True),
        ({"containers": (), "phase": "Pending"}, True),
        ({"containers": ()}, False),  # it runs, and nobody says what
        ({"containers": (waiting("CrashLoopBackOff", restarts=1),)}, False),
        ({"containers": (waiting("CrashLoopBackOff", last_termination=termination()),)}, False),
        ({"containers": (container(),)}, False),
        ({"containers": (container(state="terminated", terminated=termination()),)}, False),
        (
            {"containers": (waiting("PodInitializing"), container("cano-collector", init=True))},
            True,
        ),
        ({"containers": (container("istio-proxy"), waiting("ErrImagePull"))}, True),
    ],
)
def test_a_container_never_ran_only_where_the_kubelet_says_so(changes, expected):
    assert pod("a", **changes).never_ran("cano-collector") is expected
