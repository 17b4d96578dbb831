"""The command that gives a right: a role of its own, bound to the one who lacks it."""

import pytest

from upkeep.domain.access.granting import granting, granting_request

ROLE = "kubectl -n a create role {0} {1} && kubectl -n a create rolebinding {0} --role={0} {2}"
CLUSTER = "kubectl create clusterrole {0} {1} && kubectl create clusterrolebinding {0} --clusterrole={0} {2}"


def test_a_right_in_a_namespace_and_one_in_the_cluster() -> None:
    right = granting("patch", "deployments", group="apps", subresource="scale", namespace="a")
    what = "--verb=patch --resource=deployments.apps/scale"
    acts = '--user="$(kubectl auth whoami -o=jsonpath={.status.userInfo.username})"'
    assert right == ROLE.format("upkeep-patch-deployments-scale", what, acts)
    right = granting("get", "nodes", name="b c", user="system:serviceaccount:a:b")
    what = "--verb=get --resource=nodes --resource-name='b c'"
    assert right == CLUSTER.format("'upkeep-get-nodes-b c'", what, "--serviceaccount=a:b")


def test_a_name_limits_no_create() -> None:
    assert "--resource-name" not in granting("create", "secrets", namespace="a", name="b")


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("PATCH /apis/apps/v1/namespaces/a/deployments/b/scale?dryRun=All", granting("patch", "deployments", group="apps", subresource="scale", namespace="a", name="b", user="jane")),
        ("POST /api/v1/namespaces/a/pods?dryRun=All", granting("create", "pods", namespace="a", user="jane")),
        ("GET /api/v1/namespaces/a/secrets", granting("list", "secrets", namespace="a", user="jane")),
        ("GET /api/v1/nodes/b", granting("get", "nodes", name="b", user="jane")),
        ("POST /apis/authorization.k8s.io/v1/selfsubjectaccessreviews", "kubectl create clusterrolebinding upkeep-basic-user --clusterrole=system:basic-user --user=jane"),
        ("GET /apis/apps/v1", "kubectl create clusterrolebinding upkeep-discovery --clusterrole=system:discovery --user=jane"),
    ],
)  # fmt: skip
def test_a_refused_request_names_its_right(source: str, told: str) -> None:
    assert granting_request(source, "jane") == told
