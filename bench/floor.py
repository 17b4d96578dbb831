"""One test that reads one list as the checks do, for the least time that a suite takes with the plugins and the client that this one was named to use."""

import os

from kubernetes.client import ApiClient, Configuration
from kubernetes.config import load_kube_config


def test_one_list() -> None:
    """The pods of all namespaces are listed."""
    configuration = Configuration()
    load_kube_config(os.environ["KUBECONFIG"], client_configuration=configuration)
    pool = ApiClient(configuration).rest_client.pool_manager
    headers = {"Authorization": configuration.auth_settings()["BearerToken"]["value"]}
    assert pool.request("GET", f"{configuration.host}/api/v1/pods", headers=headers).status == 200
