"""The collector's log: zap's JSON lines, with the lines that fool a parser.

These are ``[GIN-debug]`` lines (one with WARNING), blank lines, and info lines that mention errors. An
access line has a path as ``message``. "Slack message sent successfully" has ``timestamp`` twice.
"""

import json
import zlib
from datetime import datetime, timedelta
from functools import lru_cache

from upkeep.demo.state import CANARY

Line = tuple[datetime, str]

# At least this many lines in every log, however young the container is.
FEWEST_LINES = 120


def iso(instant: datetime) -> str:
    """A time as zap writes it: milliseconds and Z."""
    return instant.strftime("%Y-%m-%dT%H:%M:%S.") + f"{instant.microsecond // 1000:03d}Z"


def entry(
    instant: datetime,
    level: str,
    message: str,
    caller: str = "collector/main.go:88",
    **fields: object,
) -> Line:
    """A JSON line with zap's keys first."""
    head = {"level": level, "timestamp": iso(instant), "caller": caller, "message": message}
    return instant, json.dumps(head | fields, separators=(",", ":"))


def plain(instant: datetime, text: str) -> list[Line]:
    """Text that is not JSON, a line each; the runtime stamps each of them."""
    return [(instant, line) for line in text.split("\n")]


def start(layout: str, instant: datetime) -> list[Line]:
    """What the process prints before it serves."""
    health = "/health" if layout == "guide" else "/livez"
    text = (
        '[GIN-debug] [WARNING] Running in "debug" mode. Switch to "release" mode in production.\n'
        " - using env:\texport GIN_MODE=release\n\n"
        f"[GIN-debug] GET    {health}                   --> main.health (3 handlers)\n"
        "[GIN-debug] GET    /metrics                  --> main.metrics (3 handlers)\n"
        "[GIN-debug] POST   /api/alerts               --> main.alerts (3 handlers)\n"
    )
    loaded = entry(
        instant, "info", "Configuration loaded, 0 errors", "config/loader.go:57", destinations=2
    )
    return [loaded, *plain(instant, text), entry(instant, "info", "Starting server on :8080")]


def alert(instant: datetime, number: int) -> list[Line]:
    """The lines of one alert that was received and sent."""
    sent = f'{{"level":"info","timestamp":"{iso(instant)}","caller":"slack/sender.go:141",'
    sent += '"message":"Slack message sent successfully",'
    sent += (
        f'"destination":"oncall","channel":"C0{number:05d}","timestamp":"1700000000.{number:06d}"}}'
    )
    return [
        entry(
            instant,
            "info",
            "Alert accepted, error budget untouched",
            "alert/handler.go:64",
            alert_name="TargetDown",
        ),
        (instant, sent),
        access(instant, 1_200_000 + 7919 * number % 900_000),
    ]


def access(instant: datetime, nanoseconds: int) -> Line:
    """The access line of a POST of alerts."""
    return entry(
        instant, "info", "/api/alerts", "ginzap/ginzap.go:57", status=200, method="POST", path="/api/alerts",
        query="", ip="10.244.3.9", latency=nanoseconds, time=iso(instant),
    )  # fmt: skip


def scrape(instant: datetime) -> list[Line]:
    """The access line of a scrape."""
    fields = {
        "status": 200,
        "method": "GET",
        "path": "/metrics",
        "latency": 913_000,
        "time": iso(instant),
    }
    return [entry(instant, "info", "/metrics", "ginzap/ginzap.go:57", **fields)]


def life(
    layout: str, started: datetime, until: datetime, *, seed: str, silent: datetime | None = None
) -> list[Line]:
    """A clean log of a whole life: the start, then an alert every twenty minutes, or more often in a short life.

    From ``silent`` on no alert comes, only scrapes.
    """
    return list(_life(layout, started, until, seed, silent))


@lru_cache(maxsize=16)  # many scenarios share the lives of most of their pods
def _life(
    layout: str, started: datetime, until: datetime, seed: str, silent: datetime | None
) -> tuple[Line, ...]:
    lines = start(layout, started)
    step = min(
        timedelta(minutes=20), (until - started) / (FEWEST_LINES if silent else FEWEST_LINES // 3)
    )
    offset = timedelta(milliseconds=zlib.crc32(seed.encode()) % 1000)
    instant, number = started + step / 2 + offset, 0
    while instant < until:
        lines += alert(instant, number) if silent is None or instant < silent else scrape(instant)
        instant, number = instant + step, number + 1
    return tuple(lines)


def send_failure(instant: datetime) -> Line:
    """An error line whose ``error`` field holds the webhook URL, as Go's HTTP client words it."""
    error = f'Post "https://hooks.slack.example/services/T0/B0/{CANARY}": dial tcp 203.0.113.7:443: i/o timeout'
    return entry(
        instant,
        "error",
        "Failed to send issue",
        "dispatcher/dispatcher.go:112",
        destination="oncall",
        team="default",
        error=error,
    )


def error(instant: datetime, message: str, number: int) -> Line:
    """An error line with a number of its own in it, so that no two are the same."""
    return entry(
        instant,
        "error",
        message,
        "slack/channels.go:77",
        error=f"request {number:08x}-77aa took {number + 3}.5s: try again",
    )


def recovered_panic(instant: datetime) -> list[Line]:
    """A panic inside the handler: gin recovers, and writes the request's whole head into the log."""
    request = f"POST /api/alerts HTTP/1.1\r\nHost: cano-collector:8080\r\nAuthorization: Bearer {CANARY}-am\r\n\r\n"
    stack = "goroutine 734 [running]:\nruntime/debug.Stack()\n\t/usr/local/go/src/runtime/debug/stack.go:26 +0x5e\n"
    return [
        entry(
            instant,
            "error",
            "[Recovery from panic]",
            "ginzap/ginzap.go:165",
            time=iso(instant),
            error="invalid endsAt",
            request=request,
            stack=stack,
        )
    ]


def crash(instant: datetime) -> list[Line]:
    """A panic that ends the process: several plain lines."""
    return plain(
        instant,
        "panic: runtime error: invalid memory address or nil pointer dereference\n"
        "[signal SIGSEGV: segmentation violation code=0x1 addr=0x18 pc=0x8f3c2a]\n\n"
        f'goroutine 1 [running]:\nmain.connect({{0xc0004a8000, "https://hooks.slack.example/services/T0/B0/{CANARY}"}})\n'
        "\t/app/main.go:214 +0x1d\nmain.main()\n\t/app/main.go:61 +0x3a5\nexit status 2",
    )


@lru_cache(maxsize=65536)  # many scenarios share the lives of most of their pods
def stamp(instant: datetime) -> str:
    """A time as the container runtime writes it before a line: nanoseconds and Z."""
    return f"{instant.replace(tzinfo=None).isoformat(timespec='microseconds')}000Z"


def select(
    lines: list[Line],
    *,
    since: datetime | None,
    tail: int | None,
    limit: int | None,
    timestamps: bool,
) -> bytes:
    """What the kubelet serves of a log: of the tail what is young enough, of that the head up to ``limit`` bytes."""
    chosen = lines[max(0, len(lines) - tail) :] if tail is not None else lines
    if since is not None:
        chosen = [line for line in chosen if line[0] >= since]
    if timestamps:
        written = (f"{stamp(instant)} {text}\n" for instant, text in chosen)
    else:
        written = (f"{text}\n" for _, text in chosen)
    data = "".join(written).encode()
    return data if limit is None else data[:limit]
