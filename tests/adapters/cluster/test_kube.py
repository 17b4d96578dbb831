"""The API server's answers, each taken for what it is: asked of a real HTTP server whose answers are scripted."""

import functools
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.adapters.scripted import JSON, SECRET, Reply, Server, kube
from upkeep.errors import (
    Absent,
    Forbidden,
    Malformed,
    TimedOut,
    Truncated,
    Unauthenticated,
    Unavailable,
    Unmeasured,
    Unreachable,
)
from upkeep.meter import Meter


def page(*names: str, token: str = "") -> Reply:
    items = [{"metadata": {"name": name, "labels": {"app": "x", "of": name}}} for name in names]
    return (
        200,
        JSON,
        json.dumps(
            {"kind": "PodList", "apiVersion": "v1", "metadata": {"continue": token}, "items": items}
        ).encode(),
    )


def status(code: int, message: str, **headers: str) -> Reply:
    return (
        code,
        JSON | headers,
        json.dumps(
            {"kind": "Status", "apiVersion": "v1", "code": code, "message": message}
        ).encode(),
    )


def names(items: list[dict[str, Any]]) -> list[str]:
    return [item["metadata"]["name"] for item in items]


def test_a_list_is_read_page_by_page(server: Server) -> None:
    server.on("/pods", page("a", "b", token="t1"), page("c"))
    assert names(kube(server.url).items("/pods", {"labelSelector": "app=x"})) == ["a", "b", "c"]
    assert [query for _, _, query in server.asked] == [
        {"labelSelector": ["app=x"], "limit": ["500"]},
        {"labelSelector": ["app=x"], "limit": ["500"], "continue": ["t1"]},
    ]


@pytest.mark.parametrize("selector", ["app=y", "app=x,of=b", "missing=x"])
def test_an_object_without_the_labels_that_were_asked_for_is_no_answer(
    server: Server, selector: str
) -> None:
    """A failed release whose label was changed was left out, and the one before it passed."""
    server.on("/pods", page("a"))
    with pytest.raises(Malformed, match="Pod/a lacks the labels that were asked for"):
        kube(server.url).items("/pods", {"labelSelector": selector})


def test_usage_without_any_label_is_what_was_asked_for(server: Server) -> None:
    """kubernetes-sigs/metrics-server#604: it selects by the labels of the pods."""
    for labels, fits in (({}, True), ({"app": "x"}, True), ({"app": "y"}, False)):
        item = {"metadata": {"name": "a", "labels": labels}}
        body = {"kind": "PodMetricsList", "metadata": {}, "items": [item]}
        server.on("/usage", (200, JSON, json.dumps(body).encode()))
        ask = functools.partial(kube(server.url).items, "/usage", {"labelSelector": "app=x"})
        if fits:
            assert names(ask()) == ["a"]
        else:
            with pytest.raises(Malformed, match="lacks the labels"):
                ask()


@pytest.mark.parametrize("selector", ["app=x,of=a", "app in (x,z)", "app!=y", "app==x", "app"])
def test_other_selectors_are_left_to_the_server(server: Server, selector: str) -> None:
    server.on("/pods", page("a"))
    assert names(kube(server.url).items("/pods", {"labelSelector": selector})) == ["a"]


def test_a_list_that_expires_on_the_way_is_begun_anew(server: Server) -> None:
    server.on(
        "/pods", page("a", token="t1"), status(410, "expired"), page("a", token="t2"), page("b")
    )
    assert names(kube(server.url).items("/pods")) == ["a", "b"]


def test_a_list_that_always_expires_is_unavailable(server: Server) -> None:
    server.on("/pods", *[page("a", token="t"), status(410, "expired")] * 3)
    with pytest.raises(
        Unavailable,
        match=r"expired \(410 Gone\) or changed its version three times while it was read\.$",
    ):
        kube(server.url).items("/pods")
    assert len(server.asked) == 6


def test_a_list_is_reduced_page_by_page(server: Server) -> None:
    """What has been seen of a page is let go before the next one is asked for."""
    server.on("/pods", page("a", "b", token="t1"), page("c"))
    asked: list[int] = []

    def reduce(items: Iterator[dict[str, Any]]) -> int:
        return sum(1 for _ in items if asked.append(len(server.asked)) is None)

    assert kube(server.url).reduced("/pods", reduce) == 3
    assert asked == [1, 1, 2]


def test_a_list_that_expires_is_reduced_anew_and_nothing_counts_twice(server: Server) -> None:
    server.on(
        "/pods", page("a", token="t1"), status(410, "expired"), page("a", token="t2"), page("b")
    )
    assert kube(server.url).reduced(
        "/pods", lambda items: [item["metadata"]["name"] for item in items]
    ) == ["a", "b"]


@pytest.mark.parametrize("items", [b"null", b"[]"])
def test_an_empty_list_is_empty(server: Server, items: bytes) -> None:
    server.on("/pods", (200, JSON, b'{"kind":"PodList","metadata":{},"items":%s}' % items))
    assert kube(server.url).items("/pods") == []


@pytest.mark.parametrize("code", [429, 500, 503])
def test_what_is_refused_for_now_is_asked_again_and_only_the_last_request_is_timed(
    server: Server, code: int
) -> None:
    server.on("/x", status(code, "not now", **{"Retry-After": "5"}), (200, JSON, b"{}"))
    answer = kube(server.url).fetch("GET", "/x")
    assert (answer.status, answer.body, len(server.asked)) == (200, b"{}", 2)
    assert answer.seconds < 5


@pytest.mark.parametrize("code", [429, 500, 503])
def test_what_is_refused_to_the_deadline_is_unavailable(server: Server, code: int) -> None:
    server.on("/x", status(code, "not now", **{"Retry-After": "4"}))
    with pytest.raises(Unavailable, match=rf"answered {code} until the deadline of 10 s: not now$"):
        kube(server.url).get("/x")
    assert len(server.asked) == 3


@pytest.mark.parametrize(
    ("reply", "kind", "words"),
    [
        (status(401, "Unauthorized"), Unauthenticated, "the token has expired or was never valid"),
        (status(403, 'pods is forbidden: User "x" cannot list'), Forbidden, "pods is forbidden"),
        (status(404, 'pods "x" not found'), Absent, 'pods "x" not found'),
        (status(302, "over there"), Malformed, f"answered 302 with {JSON['Content-Type']}, not"),
        *(
            (
                (code, {"Content-Type": "text/html"}, b"<html>"),
                Malformed,
                rf"^http://127\.0\.0\.1:\d+ answered {code} with text/html.* the API server\?$",
            )
            for code in (200, 302, 400, 403, 404)
        ),
        ((404, JSON, b'{"error":"no"}'), Malformed, "answered 404 with application/json"),
        (
            (404, {"Content-Type": "text/plain; charset=utf-8"}, b"404 page not found\n"),
            Absent,
            r"^http://127\.0\.0\.1:\d+ does not serve this API \(404\)$",
        ),
        ((200, JSON, b'{"kind":'), Malformed, r"the answer is not JSON \(8 bytes\)"),
        ((200, JSON, b"[]"), Malformed, "the answer is no JSON object"),
        ((200, JSON | {"Content-Length": "100"}, b'{"kind"'), Truncated, "broke off in the middle"),
    ],
)
def test_every_other_answer_is_an_error_of_its_own_kind(
    server: Server, reply: Reply, kind: type[Unmeasured], words: str
) -> None:
    server.on("/x", reply)
    with pytest.raises(Unmeasured, match=words) as caught:
        kube(server.url).get("/x")
    assert type(caught.value) is kind
    assert len(server.asked) == 1
    assert SECRET not in repr(caught.value) + str(caught.value.__cause__)


@pytest.mark.parametrize(
    "body",
    [
        b'{"kind":"Pod","metadata":{}}',
        b'{"kind":"PodList","items":[]}',
        b'{"kind":"PodList","metadata":{},"items":[1]}',
        b'{"kind":"PodList","metadata":{},"items":[{}]}',
        b'{"kind":"PodList","metadata":{},"items":[{"metadata":{"name":[]}}]}',
    ],
)
def test_a_list_that_is_none_is_malformed(server: Server, body: bytes) -> None:
    server.on("/pods", (200, JSON, body))
    with pytest.raises(Malformed):
        kube(server.url).items("/pods")


def test_nobody_there_is_unreachable_and_not_a_timeout(server: Server) -> None:
    server.close()
    with pytest.raises(
        Unreachable, match=r"cannot be reached: connection refused: .+ port is closed$"
    ) as caught:
        kube(server.url).get("/x")
    assert type(caught.value) is Unreachable


def test_nobody_answers_is_a_timeout(server: Server) -> None:
    server.on("/x", 2.0)
    with pytest.raises(TimedOut, match=r"no answer from http://127\.0\.0\.1:\d+ within 0\.3 s$"):
        kube(server.url, deadline=0.3).get("/x")


def test_what_a_pod_says_is_its_own_and_a_refused_connection_is_told_apart(server: Server) -> None:
    ask: Callable[[str], Any] = kube(server.url).proxied
    server.on("/own", (503, {"Content-Type": "text/plain"}, b"ill"))
    assert (ask("/own").status, ask("/own").body) == (503, b"ill")
    server.on(
        "/refused",
        status(
            503,
            "error trying to reach service: dial tcp 10.0.0.1:8080: connect: connection refused",
        ),
    )
    assert ask("/refused").status == 0
    for lost in (
        "i/o timeout",
        "dial tcp 10.0.0.1:8080: connect: no route to host",
        "dial tcp 127.0.0.1:8131: connect: connection refused",
        # A mesh with strict mTLS closes what is not encrypted (istio/istio#37431).
        "EOF",
        "read tcp 10.0.0.2:41234->10.0.0.1:8080: read: connection reset by peer",
    ):
        server.on("/lost", status(503, f"error trying to reach service: {lost}"))
        with pytest.raises(Unreachable, match="the API server could not reach it"):
            ask("/lost")
    server.on("/forbidden", status(403, "pods/proxy is forbidden"))
    with pytest.raises(Forbidden):
        ask("/forbidden")


@pytest.mark.parametrize(("namespace", "option"), [("", ""), ("kubecano", " --namespace=kubecano")])
def test_the_role_that_ends_a_403_is_made_for_the_collectors_namespace(
    server: Server, namespace: str, option: str
) -> None:
    server.on("/x", status(403, "pods is forbidden"))
    with pytest.raises(Forbidden) as told:
        kube(server.url, namespace=namespace).get("/x")
    assert told.value.next_step == f"upkeep rbac{option} | kubectl apply -f -"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("DELETE", "/x"),
        ("PATCH", "/x"),
        ("POST", "/api/v1/namespaces"),
        ("PUT", "/apis/authorization.k8s.io/x"),
    ],
)
def test_nothing_is_written(server: Server, method: str, path: str) -> None:
    """The access reviews are the only requests that are no GET."""
    with pytest.raises(ValueError, match="nothing is written to the cluster"):
        kube(server.url).fetch(method, path)
    assert server.asked == []


def test_requests_are_counted_with_what_was_asked_again(server: Server) -> None:
    meter = Meter()
    server.on("/x", status(429, "not now", **{"Retry-After": "1"}), (200, JSON, b"{}"))
    kube(server.url, meter=meter).get("/x")
    assert meter.requests == 2


@pytest.mark.parametrize(
    ("date", "expected"),
    [
        ("Fri, 02 Jan 2026 00:04:59 GMT", ""),
        ("Thu, 01 Jan 2026 23:55:01 GMT", ""),
        ("Fri, 02 Jan 2026 00:05:01 GMT", "This machine's clock is 5 min behind that of"),
        ("Wed, 31 Dec 2025 00:00:00 GMT", "This machine's clock is 2 d ahead of that of"),
        ("no date", ""),
        ("", ""),
    ],
)
def test_where_the_clocks_differ_no_age_can_be_told(
    server: Server, date: str, expected: str
) -> None:
    """Restarts of an hour ago would lie outside of the window, and a backup of last month would be of tomorrow."""
    server.date = date
    server.on("/pods", page("a"))
    if not expected:
        assert names(kube(server.url).items("/pods")) == ["a"]
        return
    with pytest.raises(Malformed, match=expected) as caught:
        kube(server.url).items("/pods")
    assert caught.value.next_step.startswith("timedatectl")


def test_the_clock_of_a_program_behind_the_api_server_is_its_own(server: Server) -> None:
    server.date = "Wed, 31 Dec 2025 00:00:00 GMT"
    path = "/api/v1/namespaces/a/services/b:80/proxy/metrics"
    server.on(path, (200, JSON, b"{}"))
    with pytest.raises(Malformed, match="2 d ahead of that of the program asked") as caught:
        kube(server.url).get(path)
    assert (
        caught.value.next_step
        == "timedatectl; set the clock that is wrong, here or on the node of the program"
    )


@pytest.mark.parametrize(
    ("age", "accepted"), [("172800", True), ("172300", False), ("soon", False), ("", False)]
)
def test_an_answer_from_a_cache_is_dated_when_it_was_made(
    server: Server, age: str, accepted: bool
) -> None:
    server.date = "Wed, 31 Dec 2025 00:00:00 GMT"
    server.on("/pods", (200, JSON | {"Age": age}, page("a")[2]))
    if accepted:
        assert names(kube(server.url).items("/pods")) == ["a"]
        return
    with pytest.raises(Malformed, match=r"(2 d|8 min) ahead of"):
        kube(server.url).items("/pods")


@pytest.mark.parametrize("asked", ["0", "soon", "Fri, 02 Jan 2026 00:00:00 GMT"])
def test_leave_to_ask_at_once_is_no_leave_to_ask_without_a_pause(
    server: Server, asked: str
) -> None:
    """The pause doubles from a quarter of a second, so that a deadline of 10 s is over after six requests and not after thousands."""
    server.on("/x", status(429, "not now", **{"Retry-After": asked}))
    with pytest.raises(Unavailable):
        kube(server.url).get("/x")
    assert len(server.asked) == 6


def test_a_list_that_says_that_more_remains_is_not_whole(server: Server) -> None:
    body = json.dumps(
        {
            "kind": "PodList",
            "metadata": {"remainingItemCount": 3},
            "items": [{"metadata": {"name": "a"}}],
        }
    ).encode()
    server.on("/pods", (200, JSON, body))
    with pytest.raises(Truncated, match="says that 3 objects remain"):
        kube(server.url).items("/pods")


def test_a_list_that_goes_round_in_a_circle_ends(server: Server) -> None:
    server.on("/pods", page("a", token="t1"), page("b", token="t2"), page("c", token="t2"))
    with pytest.raises(Malformed, match="it has no end"):
        kube(server.url).items("/pods")
    assert len(server.asked) == 3
