"""health-ok."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.fuzzing import examples
from tests.judges.samples import (
    NOW,
    answer,
    condition,
    install,
    no_pods,
    pod,
    unready,
    waiting,
    workload,
)
from upkeep.errors import Absent, Malformed
from upkeep.judges.workload import health
from upkeep.limits import Limits
from upkeep.model import Judgement
from upkeep.records.serving import Unanswered

PAIRS = [(name, path) for name in "ab" for path in ("/livez", "/readyz")]
HEALTHY = tuple(answer(name, path) for name, path in PAIRS)


def ok(answers=HEALTHY, records=None, *, paths=("/livez", "/readyz"), **limits: float) -> Judgement:
    found = workload() if records is None else records
    return health.ok(
        answers, found, install=install(health_paths=paths), limits=Limits(limits), now=NOW
    )


def one_bad(**changes) -> Judgement:
    return ok((*HEALTHY[:3], answer("b", "/readyz", **changes)))


def test_an_ok_answer_of_every_pod_on_every_path_passes():
    judgement = ok()
    assert judgement.findings == ()
    assert (
        judgement.observed
        == "4 of 4 answers from 2 pods are 200 and ok on /livez, /readyz; slowest 0.02 s"
    )
    assert (judgement.limit, judgement.unit) == (1, "s")
    assert judgement.basis == "an HTTP request to each pod on each of its health paths"


def test_one_pod_and_one_path_are_enough_where_there_is_no_more():
    assert ok((answer("a", "/health"),), workload(pod("a")), paths=("/health",)).findings == ()


@pytest.mark.parametrize("status", [204, 404, 500, 503])
def test_another_status_than_200_fails(status):
    judgement = one_bad(status=status, ok=False, body='{"status":"Service Unavailable"}')
    (finding,) = judgement.findings
    assert (finding.object, finding.code) == ("Pod/cano-collector-b", "wrong-status")
    assert (
        finding.message
        == f'Pod cano-collector-b answered {status} on /readyz: {{"status":"Service Unavailable"}}'
    )
    assert (finding.observed, finding.limit, finding.unit) == (status, 200, "HTTP status")
    assert finding.next == (
        "kubectl get --raw /api/v1/namespaces/monitoring/pods/cano-collector-b:8080/proxy/readyz"
    )
    assert judgement.observed.startswith("3 of 4 answers from 2 pods")


def test_a_refused_connection_fails():
    (finding,) = one_bad(status=0, ok=False, body="").findings
    assert finding.code == "connection-refused"
    assert finding.message == (
        "Pod cano-collector-b refused the connection on port 8080 for /readyz: no process listens there."
    )
    assert (finding.observed, finding.limit, finding.unit) == ("refused", 200, "HTTP status")
    assert finding.next == "kubectl -n monitoring logs cano-collector-b -c cano-collector --tail=50"


@pytest.mark.parametrize(
    ("body", "said"),
    [("<html>", ": <html>"), ("", " with an empty body"), ("x" * 200, ": " + "x" * 159 + "…")],
)
def test_a_body_that_does_not_say_ok_fails(body, said):
    (finding,) = one_bad(ok=False, body=body).findings
    assert finding.code == "body-not-ok"
    assert (
        finding.message
        == f"Pod cano-collector-b answered 200 on /readyz; its status is not ok{said}"
    )


@pytest.mark.parametrize("changes", [{"ok": False}, {"status": 503}, {"status": 503, "ok": False}])
def test_only_answers_that_are_200_and_ok_are_counted_as_such(changes):
    assert one_bad(**changes).observed.startswith("3 of 4 answers from 2 pods are 200 and ok")


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(0.999, []), (1.0, []), (1.001, ["slow-answer"]), (math.nan, ["slow-answer"])],
)
def test_an_answer_may_take_as_long_as_the_limit(seconds, expected):
    assert [finding.code for finding in one_bad(seconds=seconds).findings] == expected


def test_a_slow_answer_says_how_slow():
    (finding,) = one_bad(seconds=2.5).findings
    assert finding.message == "Pod cano-collector-b answered on /readyz after 2.5 s (limit 1 s)."
    assert (finding.observed, finding.limit, finding.unit) == (2.5, 1, "s")


def test_the_limit_is_the_users():
    slow = tuple(replace(one, seconds=2.5) for one in HEALTHY)
    assert ok(slow, health_latency=3).findings == ()


def test_a_wrong_and_slow_answer_is_both():
    assert [finding.code for finding in one_bad(status=503, seconds=3).findings] == [
        "wrong-status",
        "slow-answer",
    ]


@pytest.mark.parametrize("number", range(4))
def test_a_missing_answer_is_no_verdict(number):
    name, path = PAIRS[number]
    with pytest.raises(Absent, match=f"No answer of pod cano-collector-{name} on {path}"):
        ok(HEALTHY[:number] + HEALTHY[number + 1 :])


@pytest.mark.parametrize(
    "records", [no_pods(), replace(workload(), pods=()), workload(pod("a", deleted=NOW))]
)
def test_no_pod_to_ask_is_no_verdict(records):
    with pytest.raises(Absent):
        ok(records=records)


def test_no_path_to_ask_is_no_verdict():
    with pytest.raises(Absent, match="No health path is known"):
        ok(paths=())


def test_pods_that_terminate_or_have_finished_are_not_asked():
    gone = pod("c", deleted=NOW), pod("d", phase="Failed")
    judgement = ok((*HEALTHY, answer("c", status=0, ok=False)), workload(pod("a"), pod("b"), *gone))
    assert judgement.findings == ()


def test_a_pod_that_only_needs_time_in_a_rollout_is_not_judged_and_is_said():
    late, rolling = (
        unready("c", status=waiting("ContainerCreating")),
        (condition(reason="ReplicaSetUpdated"),),
    )
    refused = (*HEALTHY, *(answer("c", path, status=0, ok=False) for path in ("/livez", "/readyz")))
    judgement = ok(refused, workload(pod("a"), pod("b"), late, conditions=rolling))
    assert judgement.findings == ()
    assert judgement.observed.startswith("4 of 4 answers from 2 pods are 200 and ok")
    assert judgement.observed.endswith("; 1 pod of a rollout still starting")
    for fails in (workload(pod("a"), pod("b"), late), workload(pod("a"), late, conditions=rolling)):
        assert {finding.code for finding in ok(refused, fails).findings} == {"connection-refused"}


DENIED = Unanswered(
    "cano-collector-b",
    "/readyz",
    "Malformed",
    "403 is not its answer",
    "GET /readyz",
    "--collector=URL",
)


def test_a_path_on_which_another_program_answers_is_not_measured():
    """istio/istio#22316: the mesh refuses the API server's proxy, and the pod is ready."""
    with pytest.raises(Malformed, match="403 is not its answer") as stopped:
        ok((*HEALTHY[:3], DENIED))
    assert (stopped.value.source, stopped.value.next_step) == ("GET /readyz", "--collector=URL")


def test_a_wrong_answer_of_one_pod_is_told_where_that_of_another_is_not_measured():
    judgement = ok((answer("a", "/livez", status=503, ok=False), *HEALTHY[1:3], DENIED))
    assert [finding.code for finding in judgement.findings] == ["wrong-status"]
    assert judgement.observed.endswith("; not measured: 1 answer (403 is not its answer)")


def test_a_pod_that_is_gone_is_not_waited_for():
    assert ok((*HEALTHY, replace(DENIED, pod="cano-collector-gone"))).findings == ()


some_answers = st.builds(
    answer,
    st.sampled_from("ab"),
    st.sampled_from(["/livez", "/readyz"]),
    status=st.sampled_from([0, 200, 200, 503]),
    ok=st.booleans(),
    seconds=st.sampled_from([0.01, 1.0, 1.5]),
)


@settings(max_examples=examples(60), deadline=None)
@given(st.lists(some_answers, max_size=3), some_answers)
def test_one_bad_answer_more_never_makes_a_pass(more, bad):
    answers = (*HEALTHY, *more)
    if not ok(answers):
        assert not ok((*answers, bad))
    assert not ok((*answers, replace(bad, status=503)))


@settings(max_examples=examples(60), deadline=None)
@given(st.lists(some_answers, max_size=3), st.sampled_from(PAIRS))
def test_answers_that_are_withheld_never_make_a_pass(more, pair):
    kept = [
        one
        for one in (*HEALTHY, *more)
        if (one.pod, one.path) != (f"cano-collector-{pair[0]}", pair[1])
    ]
    try:
        assert ok(kept).findings
    except Absent:
        assert not [one for one in kept if (one.status, one.ok) != (200, True) or one.seconds > 1]


@settings(max_examples=examples(60), deadline=None)
@given(st.lists(some_answers, max_size=3), st.data())
def test_the_order_does_not_matter(more, data):
    answers = [*HEALTHY, *more]
    assert ok(answers) == ok(data.draw(st.permutations(answers)), workload(pod("b"), pod("a")))
