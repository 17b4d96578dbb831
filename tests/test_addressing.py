"""Printed commands name the cluster that was looked at, where they would go to another one."""

import shlex

import pytest
from hypothesis import given
from hypothesis.strategies import text

from upkeep.addressing import Address, addressed
from upkeep.shell import shell

PROD = Address("prod eu", "/etc/kube/config")
KUBECTL = "kubectl --context='prod eu' --kubeconfig=/etc/kube/config"
HELM = "helm --kube-context='prod eu' --kubeconfig=/etc/kube/config"


@pytest.mark.parametrize(
    ("step", "told"),
    [
        ("kubectl -n a get pods", f"{KUBECTL} -n a get pods"),
        ("kubectl -n a apply -f x && kubectl -n a rollout restart deployment/c", f"{KUBECTL} -n a apply -f x && {KUBECTL} -n a rollout restart deployment/c"),
        ("age -d x | kubectl apply -f -", f"age -d x | {KUBECTL} apply -f -"),
        ("kubectl get pods\nkubectl get nodes", f"{KUBECTL} get pods\n{KUBECTL} get nodes"),
        ("helm get values r -o yaml | helm upgrade r c -f -", f"{HELM} get values r -o yaml | {HELM} upgrade r c -f -"),
        ("set the label; kubectl -n a get pod b", f"set the label; {KUBECTL} -n a get pod b"),
        ("log in again, then: kubectl auth whoami", f"log in again, then: {KUBECTL} auth whoami"),
        ("--absent=metrics-server=REASON, or kubectl get apiservices x", f"--absent=metrics-server=REASON, or {KUBECTL} get apiservices x"),
        ("mount it here, or upkeep backup --backups=b", "mount it here, or upkeep backup --context='prod eu' --kubeconfig=/etc/kube/config --backups=b"),
        ("upkeep rbac --namespace=a | kubectl apply -f -", f"upkeep rbac --namespace=a | {KUBECTL} apply -f -"),
        ("upkeep backup --namespace=a --backups=b", "upkeep backup --context='prod eu' --kubeconfig=/etc/kube/config --namespace=a --backups=b"),
        ("upkeep run -m \"control(id='x')\"", "upkeep run --context='prod eu' --kubeconfig=/etc/kube/config -m \"control(id='x')\""),
        ("patch -p '{\"kubectl.kubernetes.io/restartedAt\":1}'", None),
        ("annotate secret x kubectl.kubernetes.io/last-applied-configuration-", None),
        ("move it, next time by kubectl apply", None),
        ("upkeep config check a.yaml", None),
        ("in Alertmanager's receiver x: url", None),
        ("", None),
    ],
)  # fmt: skip
def test_every_command_of_a_step_is_told_where_to_go(step: str, told: str | None) -> None:
    assert addressed(step, PROD) == (step if told is None else told)
    assert addressed(step, Address()) == step


def test_only_what_is_not_the_default_is_said() -> None:
    assert (
        addressed("kubectl get pods", Address(context="prod")) == "kubectl --context=prod get pods"
    )
    assert (
        addressed("kubectl get pods", Address(kubeconfig="/k"))
        == "kubectl --kubeconfig=/k get pods"
    )


@pytest.mark.parametrize(
    ("step", "told"),
    [
        ("kubectl -n a get pods -o wide", "kubectl --context=look -n a get pods -o wide"),
        (
            'kubectl -n a create role b && kubectl -n a create rolebinding b --user="$(kubectl auth whoami -o=name)"',
            "kubectl --context=look -n a create role b && kubectl --context=look -n a create rolebinding b"
            ' --user="$(kubectl --context=act auth whoami -o=name)"',
        ),
        ("kubectl -n a describe pod b", "kubectl --context=act -n a describe pod b"),
        (
            "kubectl -n a logs b -c c --previous",
            "kubectl --context=act -n a logs b -c c --previous",
        ),
        ("kubectl get --raw /x", "kubectl --context=look get --raw /x"),
        (
            "kubectl -n a rollout status deployment b",
            "kubectl --context=act -n a rollout status deployment b",
        ),
        ("kubectl api-versions", "kubectl --context=look api-versions"),
        (
            "log in again, then: kubectl auth whoami",
            "log in again, then: kubectl --context=look auth whoami",
        ),
        (
            "kubectl -n a rollout restart deployment b",
            "kubectl --context=act -n a rollout restart deployment b",
        ),
        ("kubectl auth can-i get pods -n a", "kubectl --context=act auth can-i get pods -n a"),
        (
            "kubectl -n a get pods && kubectl apply -f x",
            "kubectl --context=look -n a get pods && kubectl --context=act apply -f x",
        ),
        (
            "kubectl -n a create role b --verb=get",
            "kubectl --context=look -n a create role b --verb=get",
        ),
        (
            "kubectl create clusterrolebinding b",
            "kubectl --context=look create clusterrolebinding b",
        ),
        ("helm upgrade a b", "helm --kube-context=act upgrade a b"),
        ("upkeep run -m daily", "upkeep run --context=look -m daily"),
    ],
)
def test_what_acts_does_so_as_the_acting_identity(step: str, told: str) -> None:
    assert addressed(step, Address(context="look", acting="act")) == told
    assert addressed(step, Address(context="look", acting="")) == told.replace(
        " --context=act", ""
    ).replace(" --kube-context=act", "")
    assert addressed(step, Address(acting="act")) == told.replace(" --context=look", "")


@pytest.mark.parametrize("name", ["a b", "it's", "$(touch x)", "`id`", 'a"b', "a;b", "-x", "é\n"])
def test_a_context_of_any_name_is_one_word_of_a_shell(name: str) -> None:
    step = addressed("kubectl get pods | helm list", Address(context=name))
    assert shlex.split(step) == [
        "kubectl",
        f"--context={name}",
        "get",
        "pods",
        "|",
        "helm",
        f"--kube-context={name}",
        "list",
    ]


HOSTILE = (
    'x;kubectl get $(touch PWN)" #',
    "; helm upgrade",
    "o'brien; kubectl get",
    "a\n(kubectl get x",
)


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("kubeconfig", ["", "/home/o'brien/config"])
def test_a_name_that_looks_like_a_command_stays_a_value(name: str, kubeconfig: str) -> None:
    """Within the quotes of a value nothing is addressed: a path with an apostrophe would end them."""
    for template in ("mv {} elsewhere", "kubectl get pods {} ; read the log", "kubectl get {} x"):
        step = addressed(shell(template, name), Address(context="prod", kubeconfig=kubeconfig))
        assert shlex.quote(name) in step
        assert name in shlex.split(step)


@given(name=text(alphabet="a;|&(\n '\"$ kubectlhm-"), other=text(alphabet="a;' \""))
def test_no_name_is_rewritten(name: str, other: str) -> None:
    step = shell("kubectl -n {} get {} --x={}", name, other, name)
    told = shlex.split(addressed(step, Address(context=other or "c", kubeconfig=name)))
    assert [told[-4], told[-2], told[-1]] == [name, other, f"--x={name}"]
