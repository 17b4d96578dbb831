"""restart-rehearsed and triage-possible: the API server's own answers, and nothing that was not asked."""

from dataclasses import replace

import pytest

from tests.judges.samples import deployment, install, template, workload
from upkeep.errors import Absent
from upkeep.judges import rehearsals
from upkeep.limits import Limits
from upkeep.records import AccessAnswer, ActionRehearsal, ContainerResources, DryRun, NodeRoom, Quota, Workload

INSTALL = install()
MAY = AccessAnswer("the acting identity", "patch", "apps", "deployments", "cano-collector", "monitoring", True)
RAN = DryRun("patch", "Deployment/cano-collector", True, 200)


def test_a_restart_that_would_be_accepted_passes():
    judgement = rehearsals.restart(ActionRehearsal((MAY,), (RAN,)), install=INSTALL)
    assert (judgement.findings, judgement.observed) == ((), "a restart would be accepted")


def test_a_missing_right_is_named_with_the_question_to_ask():
    (finding,) = rehearsals.restart(ActionRehearsal((replace(MAY, allowed=False),)), install=INSTALL).findings
    assert (finding.code, finding.observed) == ("restart-forbidden", "forbidden")
    assert finding.message == "The acting identity may not patch deployments.apps in monitoring, so it cannot restart the collector."
    assert finding.next == "kubectl auth can-i patch deployments.apps -n monitoring"


def test_a_refusal_says_what_the_server_said():
    refused = replace(RAN, accepted=False, status=403, reason="Forbidden", message="change freeze")
    (finding,) = rehearsals.restart(ActionRehearsal((MAY,), (refused,)), install=INSTALL).findings
    assert (finding.code, finding.observed, finding.limit) == ("restart-refused", 403, 200)
    assert "(403 Forbidden, change freeze)" in finding.message


@pytest.mark.parametrize("rehearsal", [ActionRehearsal(()), ActionRehearsal((MAY,)), ActionRehearsal((), (RAN,))])
def test_what_was_not_rehearsed_is_not_judged(rehearsal: ActionRehearsal):
    with pytest.raises(Absent, match="a restart was not rehearsed"):
        rehearsals.restart(rehearsal, install=INSTALL)


def test_triage_names_each_right_that_is_missing():
    log = AccessAnswer("the acting identity", "get", "", "pods", "", "monitoring", True, "log")
    judgement = rehearsals.triage(ActionRehearsal((log, replace(log, resource="events", subresource="", verb="list"))), install=INSTALL)
    assert (judgement.findings, judgement.observed) == ((), "2 of 2 rights")
    judgement = rehearsals.triage(ActionRehearsal((replace(log, allowed=False), log)), install=INSTALL)
    assert [(one.code, one.next) for one in judgement.findings] == [
        ("triage-forbidden", "kubectl auth can-i get pods --subresource=log -n monitoring")
    ]
    with pytest.raises(Absent):
        rehearsals.triage(ActionRehearsal(()), install=INSTALL)


GIB = 1024**3
ROOMS = (NodeRoom("a", 10**9, 2 * GIB, 5), NodeRoom("b", 10**9, GIB // 2, 5))


def wants(replicas: int = 2, **said: int) -> Workload:
    has = ContainerResources("c", **({"cpu_request_nanocores": 250_000_000, "memory_request_bytes": GIB, "memory_limit_bytes": GIB} | said))
    (container,) = template().containers
    made = deployment(replicas=replicas, template=template(containers=(replace(container, resources=has),)))
    return replace(workload(), deployment=made)


def scale(
    seen: Workload | None = None,
    quotas: tuple[Quota, ...] = (),
    rooms: tuple[NodeRoom, ...] = ROOMS,
    rehearsal: ActionRehearsal | None = None,
):
    asked = rehearsal or ActionRehearsal((replace(MAY, subresource="scale"),), (RAN, RAN))
    return rehearsals.scale(asked, quotas, rooms, seen or wants(), limits=Limits({}), install=INSTALL)


def test_scaling_that_is_accepted_and_fits_passes():
    judgement = scale()
    assert (judgement.findings, judgement.observed) == ((), "2 dry runs; 1 further pod up to 3 replicas, room for 2 on 2 nodes")


@pytest.mark.parametrize(
    ("replicas", "hard", "used", "found"),
    [
        (2, {"requests.memory": 4 * GIB * 1000}, {"requests.memory": 3 * GIB * 1000}, []),
        (2, {"requests.memory": 4 * GIB * 1000}, {"requests.memory": 3 * GIB * 1000 + 1}, [("1024Mi", "1024Mi")]),
        (1, {"requests.memory": 4 * GIB * 1000}, {"requests.memory": 3 * GIB * 1000}, [("1024Mi", "2048Mi")]),
        (2, {"requests.cpu": 1000}, {"requests.cpu": 900}, [("100m", "250m")]),
        (2, {"pods": 2000}, {"pods": 2000}, [("0", "1")]),
        (2, {"limits.cpu": 0}, {}, []),
        (2, {"persistentvolumeclaims": 0}, {}, []),
        (3, {"pods": 3000}, {"pods": 3000}, []),
    ],
)
def test_a_quota_must_leave_what_the_further_pods_take(replicas, hard, used, found):
    judgement = scale(wants(replicas), (Quota("q", hard, used),))
    assert [(one.observed, one.limit) for one in judgement.findings] == found
    assert {one.code for one in judgement.findings} <= {"quota-too-small"}


@pytest.mark.parametrize(
    ("rooms", "fit"),
    [
        ((), 0),
        ((NodeRoom("a", 10**9, GIB - 1, 5),), 0),
        ((NodeRoom("a", 249_999_999, 9 * GIB, 5),), 0),
        ((NodeRoom("a", 10**9, 9 * GIB, 0),), 0),
        ((NodeRoom("a", -1, -1, 5), NodeRoom("b", 10**9, 9 * GIB, 5)), 4),
    ],
)
def test_nodes_must_have_room_by_requests(rooms, fit):
    judgement = scale(rooms=rooms)
    assert [(one.code, one.observed, one.limit) for one in judgement.findings] == ([] if fit else [("nodes-full", 0, 1)])


def test_scaling_that_is_forbidden_refused_or_not_rehearsed():
    denied = ActionRehearsal((replace(MAY, subresource="scale", allowed=False),))
    (finding,) = scale(rehearsal=denied).findings
    assert (finding.code, finding.next) == (
        "scale-forbidden",
        "kubectl auth can-i patch deployments.apps --subresource=scale -n monitoring",
    )
    refused = ActionRehearsal((MAY,), (replace(RAN, accepted=False, status=422, reason="Invalid", message="no"), RAN))
    assert [one.code for one in scale(rehearsal=refused).findings] == ["scale-refused"]
    with pytest.raises(Absent, match="scaling was not rehearsed"):
        scale(rehearsal=ActionRehearsal((MAY,)))
