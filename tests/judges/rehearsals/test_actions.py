"""restart-rehearsed and triage-possible: the API server's own answers, and nothing that was not asked."""

import pytest
from msgspec.structs import replace

from tests.judges.samples import ago, deployment, install
from upkeep.domain.access.granting import granting
from upkeep.errors import Absent, Forbidden, Malformed
from upkeep.judges.rehearsals import actions
from upkeep.records.access import AccessAnswer, ActionRehearsal, DryRun, ServiceAccount

INSTALL = install()
MAY = AccessAnswer(
    "the acting identity", "patch", "apps", "deployments", "cano-collector", "monitoring", True
)
RAN = DryRun("patch", "Deployment/cano-collector", True, 200)
ACCOUNT = ServiceAccount("default", None)
# A new pod that admission accepts.
POD = ActionRehearsal(
    (replace(MAY, verb="create", group="", resource="pods", name=""),),
    (DryRun("create", "new pod of Deployment/cano-collector", True, 201),),
)


def not_admitted(message: str) -> ActionRehearsal:
    (run,) = POD.dry_runs
    refusal = replace(run, accepted=False, status=403, reason="Forbidden", message=message)
    return replace(POD, dry_runs=(refusal,))


def test_a_restart_that_would_be_accepted_passes():
    judgement = actions.restart(
        ActionRehearsal((MAY,), (RAN,)), POD, ACCOUNT, deployment(), install=INSTALL
    )
    assert (judgement.findings, judgement.observed) == ((), "restart accepted")


def test_a_missing_right_is_named_with_the_command_that_gives_it():
    (finding,) = actions.restart(
        ActionRehearsal((replace(MAY, allowed=False),)), POD, ACCOUNT, deployment(), install=INSTALL
    ).findings
    assert (finding.code, finding.observed) == ("restart-forbidden", "forbidden")
    assert (
        finding.message
        == "The acting identity may not patch deployments.apps in monitoring. It cannot restart the collector."
    )
    assert finding.next == (
        "kubectl -n monitoring create role upkeep-patch-deployments-cano-collector"
        " --verb=patch --resource=deployments.apps --resource-name=cano-collector"
        " && kubectl -n monitoring create rolebinding upkeep-patch-deployments-cano-collector"
        " --role=upkeep-patch-deployments-cano-collector"
        ' --user="$(kubectl auth whoami -o=jsonpath={.status.userInfo.username})"'
    )


def test_a_refusal_says_what_the_server_said():
    refused = replace(RAN, accepted=False, status=403, reason="Forbidden", message="change freeze")
    (finding,) = actions.restart(
        ActionRehearsal((MAY,), (refused,)), POD, ACCOUNT, deployment(), install=INSTALL
    ).findings
    assert (finding.code, finding.observed, finding.limit) == ("restart-refused", 403, 200)
    assert "(403 Forbidden, change freeze)" in finding.message


def test_a_restart_whose_new_pods_are_refused_fails():
    pods = not_admitted('violates PodSecurity "restricted:latest": runAsNonRoot != true')
    judgement = actions.restart(
        ActionRehearsal((MAY,), (RAN,)), pods, ACCOUNT, deployment(), install=INSTALL
    )
    (finding,) = judgement.findings
    assert (finding.code, finding.observed, finding.limit) == ("new-pod-refused", 403, 201)
    assert finding.message == (
        "The API server refused the dry run of a new pod of Deployment/cano-collector (403 Forbidden, "
        'violates PodSecurity "restricted:latest": runAsNonRoot != true). '
        "The command succeeds, and no pod starts."
    )


@pytest.mark.parametrize(("max_unavailable", "fails"), [(0, True), (1, False)])
def test_a_full_quota_refuses_a_restart_only_where_no_old_pod_goes_first(max_unavailable, fails):
    pods = not_admitted("exceeded quota: compute, requested: pods=1, used: pods=2, limited: pods=2")
    collector = deployment(max_unavailable=max_unavailable)
    judgement = actions.restart(
        ActionRehearsal((MAY,), (RAN,)), pods, ACCOUNT, collector, install=INSTALL
    )
    assert [one.code for one in judgement.findings] == ["new-pod-refused"] * fails


def test_a_restart_of_an_identity_that_may_create_no_pods_says_so():
    pods = ActionRehearsal((replace(POD.access[0], allowed=False),))
    judgement = actions.restart(
        ActionRehearsal((MAY,), (RAN,)), pods, ACCOUNT, deployment(), install=INSTALL
    )
    told = "restart accepted; a new pod was not rehearsed: the acting identity may not create pods"
    assert (judgement.findings, judgement.observed) == ((), told)


def test_a_restart_whose_pod_was_not_rehearsed_for_another_reason_is_not_known():
    """An access review about another question passed where Pod Security refuses the pods."""
    wrong = Malformed("The access review answers another question")
    with pytest.raises(Malformed, match="answers another question"):
        actions.restart(
            ActionRehearsal((MAY,), (RAN,)), wrong, ACCOUNT, deployment(), install=INSTALL
        )


def test_without_its_service_account_no_new_pod_is_made():
    """Whoever may not create pods finds it out by reading the account."""
    unseen = ActionRehearsal((replace(POD.access[0], allowed=False),))
    rehearsal = ActionRehearsal((MAY,), (RAN,))
    gone = Absent('serviceaccounts "default" not found')
    (finding,) = actions.restart(rehearsal, unseen, gone, deployment(), install=INSTALL).findings
    assert finding.code == "service-account-missing"
    assert finding.next == "kubectl -n monitoring create serviceaccount default"
    for account, pods in ((gone, POD), (Forbidden("no"), unseen), (ACCOUNT, unseen)):
        judged = actions.restart(rehearsal, pods, account, deployment(), install=INSTALL)
        assert judged.findings == ()


def test_a_warning_of_pod_security_is_decided_by_a_rehearsed_pod_alone():
    warning = 'would violate PodSecurity "restricted:latest": runAsNonRoot != true'
    rehearsal = ActionRehearsal((MAY,), (replace(RAN, warnings=(warning,)),))
    assert not actions.restart(rehearsal, POD, ACCOUNT, deployment(), install=INSTALL).findings
    for unseen in (ActionRehearsal((replace(POD.access[0], allowed=False),)), Absent("no answer")):
        with pytest.raises(Absent, match="warns of new pods: would violate PodSecurity"):
            actions.restart(rehearsal, unseen, ACCOUNT, deployment(), install=INSTALL)


@pytest.mark.parametrize(
    ("changes", "code", "step"),
    [
        ({"paused": True}, "paused-deployment", "kubectl -n monitoring rollout resume deployment"),
        ({"deleted": ago(hours=1)}, "deployment-deleted", "kubectl -n monitoring get deployment"),
    ],
)
def test_a_deployment_that_takes_the_patch_and_restarts_no_pod_fails(changes, code, step):
    (finding,) = actions.restart(
        ActionRehearsal((MAY,), (RAN,)), POD, ACCOUNT, deployment(**changes), install=INSTALL
    ).findings
    assert finding.code == code
    assert finding.next.startswith(step)


@pytest.mark.parametrize(
    "rehearsal", [ActionRehearsal(()), ActionRehearsal((MAY,)), ActionRehearsal((), (RAN,))]
)
def test_what_was_not_rehearsed_is_not_judged(rehearsal: ActionRehearsal):
    with pytest.raises(Absent, match="Restart not rehearsed"):
        actions.restart(rehearsal, POD, ACCOUNT, deployment(), install=INSTALL)


def test_triage_names_each_right_that_is_missing():
    log = AccessAnswer("the acting identity", "get", "", "pods", "", "monitoring", True, "log")
    judgement = actions.triage(
        ActionRehearsal((log, replace(log, resource="events", subresource="", verb="list"))),
        install=INSTALL,
    )
    assert (judgement.findings, judgement.observed) == ((), "2 of 2 rights")
    judgement = actions.triage(ActionRehearsal((replace(log, allowed=False), log)), install=INSTALL)
    assert [(one.code, one.next) for one in judgement.findings] == [
        ("triage-forbidden", granting("get", "pods", subresource="log", namespace="monitoring"))
    ]
    with pytest.raises(Absent):
        actions.triage(ActionRehearsal(()), install=INSTALL)
