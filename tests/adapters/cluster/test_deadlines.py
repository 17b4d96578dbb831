"""One deadline for all requests and reads: slow servers, endless lists, and threads that stay behind."""

import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from tests import ROOT
from tests.adapters.scripted import JSON, Server, kube
from tests.judges.samples import pod
from upkeep import deadline
from upkeep.adapters.cluster import kube as adapter
from upkeep.adapters.cluster.identity.connection import Configuration
from upkeep.adapters.cluster.kube import Kube
from upkeep.adapters.http import collector
from upkeep.adapters.http.collector import DirectHttp
from upkeep.adapters.http.web import UrlApi
from upkeep.clock import Clock
from upkeep.deadline import concurrently
from upkeep.errors import Malformed, TimedOut, Unmeasured
from upkeep.meter import Meter
from upkeep.settings.access import HttpAccess
from upkeep.sweep import Measurement, Sweep

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
SLOW = {
    "a body of a known length": HEAD + b"Content-Length: 100000\r\n\r\n",
    "a body in chunks": HEAD + b"Transfer-Encoding: chunked\r\n\r\n5000\r\n",
    "a chunk's length": HEAD + b"Transfer-Encoding: chunked\r\n\r\n",
    "headers": HEAD + b"X-Slow: ",
    "a status line": b"",
}


@pytest.fixture(params=SLOW)
def slow(request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of a server that begins, and then sends a byte each twentieth of a second."""
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            threading.Thread(target=drip, args=(connection,), daemon=True).start()

    def drip(connection: socket.socket) -> None:
        with connection:
            connection.recv(65536)
            try:
                connection.sendall(SLOW[request.param])
                for _ in range(200):
                    connection.sendall(b"0")
                    time.sleep(0.05)
            except OSError:
                return

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        # Wakes the thread that accepts: one that sleeps on would keep the port.
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()


def client(url: str, *, seconds: float) -> Kube:
    return Kube(Configuration(url), clock=Clock(), meter=Meter(), deadline_seconds=seconds)


def web(url: str, *, seconds: float) -> UrlApi:
    return UrlApi(
        HttpAccess(url), option="--prometheus", clock=Clock(), meter=Meter(),
        deadline_seconds=seconds,
    )  # fmt: skip


POD = pod("a")


def direct(url: str, *, seconds: float) -> DirectHttp:
    return DirectHttp(url, pods=1, clock=Clock(), meter=Meter(), deadline_seconds=seconds)


ASK: dict[str, Callable[[str, float], object]] = {
    "the API server": lambda url, seconds: client(url, seconds=seconds).get("/api"),
    "a URL of the user's": lambda url, seconds: web(url, seconds=seconds).get(
        "/api", {}, type=dict
    ),
    "--collector=URL": lambda url, seconds: direct(url, seconds=seconds).get(POD, "/metrics"),
}


@pytest.mark.parametrize("ask", ASK)
def test_a_byte_now_and_then_is_no_way_around_the_deadline(ask: str, slow: str) -> None:
    began = time.monotonic()
    with pytest.raises(TimedOut):
        ASK[ask](slow, 0.4)
    assert time.monotonic() - began < 3


@pytest.mark.parametrize("ask", ASK)
def test_the_deadline_of_all_requests_ends_one_that_has_more_time(ask: str, slow: str) -> None:
    began = time.monotonic()
    with deadline.ending(Clock().monotonic() + 0.3), pytest.raises(TimedOut):
        ASK[ask](slow, 60)
    assert time.monotonic() - began < 3


def test_nothing_is_sent_after_the_deadline(server: Server) -> None:
    with deadline.ending(0.0), pytest.raises(TimedOut, match="not sent"):
        kube(server.url).get("/api")
    assert server.asked == []


def test_an_answer_at_the_collectors_url_is_bounded(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collector, "MOST_BYTES", 1000)
    server.on("/metrics", (200, {}, b"x" * 1001))
    with pytest.raises(Malformed, match=r"/metrics: an answer of more than 1000 bytes\.$"):
        direct(server.url, seconds=9).get(POD, "/metrics")


def page(token: str, items: int) -> tuple[int, dict[str, str], bytes]:
    named = [{"metadata": {"name": f"pod-{number}"}} for number in range(items)]
    body = {"kind": "PodList", "metadata": {"continue": token}, "items": named}
    return 200, JSON, json.dumps(body).encode()


@pytest.mark.parametrize("items", [0, 2])
def test_a_list_without_a_last_page_ends(
    items: int, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adapter, "MOST_ITEMS", 10)
    monkeypatch.setattr(adapter, "MOST_PAGES", 20)
    server.on("/pods", *[page(f"t{number}", items) for number in range(40)])
    with pytest.raises(Malformed, match=r"more than 10 objects, or no last page|came twice"):
        kube(server.url).items("/pods")
    assert len(server.asked) <= 20


def test_what_runs_side_by_side_is_not_waited_for_after_the_deadline() -> None:
    over, began = threading.Event(), time.monotonic()
    try:
        with deadline.ending(Clock().monotonic() + 0.3), pytest.raises(TimedOut):
            concurrently(lambda _: over.wait(30), [1, 2, 3])
    finally:
        over.set()
    assert time.monotonic() - began < 3


def test_the_first_exception_by_order_is_raised() -> None:
    def fail(number: int) -> int:
        if number:
            raise Unmeasured(str(number))
        return number

    with pytest.raises(Unmeasured, match=r"^1$"):
        concurrently(fail, [0, 1, 2])
    assert concurrently(lambda number: number * 2, [1, 2, 3]) == [2, 4, 6]


def test_a_sweep_ends_with_its_deadline_and_can_be_stopped() -> None:
    over = threading.Event()
    measurements = {
        "quick": Measurement("quick", lambda: 1, ()),
        "hanging": Measurement("hanging", lambda: over.wait(30), ()),
        "behind": Measurement("behind", lambda hanging: hanging, ("hanging",)),
    }
    try:
        late = Sweep(measurements, {}, clock=Clock(), deadline_seconds=0.3)
        late.take(["quick", "behind"])
        assert late.of("quick") == 1
        with pytest.raises(TimedOut, match=r"behind was not measured within 0.3 s"):
            late.of("behind")
        stopped = Sweep(measurements, {}, clock=Clock(), deadline_seconds=60)
        threading.Timer(0.3, stopped.stop).start()
        stopped.take(["quick", "behind"])
        assert (stopped.complete(["quick"]), stopped.complete(["behind"])) == (True, False)
    finally:
        over.set()


def test_no_thread_of_a_measurement_keeps_the_process_from_ending() -> None:
    program = (
        "import threading\n"
        "from upkeep.clock import Clock\n"
        "from upkeep.deadline import concurrently\nfrom upkeep.sweep import Measurement, Sweep\n"
        "never = threading.Event()\n"
        "hang = Measurement('x', lambda: concurrently(lambda _: never.wait(), [1, 2]), ())\n"
        "Sweep({'x': hang}, {}, clock=Clock(), deadline_seconds=0.2).take(['x'])\n"
        "print('ended')"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, timeout=60, capture_output=True, check=False
    )
    assert (ran.returncode, ran.stdout) == (0, b"ended\n")


@pytest.mark.parametrize(("idle", "together"), [(1.0, True), (0.0, False)])
def test_more_run_at_a_time_where_those_that_run_wait(
    idle: float, together: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A share below ``IDLE`` is idle: below 1 any process is, and none is below 0."""
    monkeypatch.setattr("upkeep.deadline.IDLE", idle)
    monkeypatch.setattr("upkeep.deadline.LOOK_SECONDS", 0.01)
    met = threading.Barrier(6)

    def meet(_: int) -> bool:
        try:
            met.wait(30 if together else 0.3)
        except threading.BrokenBarrierError:
            return False
        return True

    assert all(concurrently(meet, range(6), most=2, most_waiting=6)) is together


@pytest.mark.parametrize("ask", ASK)
def test_a_name_server_that_never_answers_keeps_no_deadline_waiting(
    ask: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    over, began = threading.Event(), time.monotonic()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: over.wait(30) or [])
    try:
        with pytest.raises(TimedOut):
            ASK[ask]("http://name.example", 0.4)
    finally:
        over.set()
    assert time.monotonic() - began < 3
