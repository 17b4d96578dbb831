"""Logs as surveys."""

import json
import re
import tracemalloc
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzzing import examples
from upkeep.adapters.formats import logline, logstream
from upkeep.adapters.formats.logstream import Instance
from upkeep.errors import Absent, Malformed, Truncated
from upkeep.records.logs import LogSurvey
from upkeep.records.workload import ContainerStatus, Termination

NOW = datetime(2026, 1, 2, 12, 0, tzinfo=UTC)
CANARY = "canary-7f3a"


def ago(**span: float) -> datetime:
    return NOW - timedelta(**span)


def stamped(text: str, instant: datetime = NOW) -> bytes:
    return b"".join(
        f"{instant:%Y-%m-%dT%H:%M:%S}.123456789Z {line}\n".encode() for line in text.split("\n")
    )


def entry(level: str, message: str = "Failed to send issue", **fields: object) -> str:
    head = {
        "level": level,
        "timestamp": "2026-01-02T12:00:00.000Z",
        "caller": "a.go:1",
        "message": message,
    }
    return json.dumps(head | fields, separators=(",", ":"))


def survey(*blocks: bytes, since: datetime | None = None) -> LogSurvey:
    return logstream.survey(
        blocks,
        pod="a",
        container="c",
        previous=False,
        covered_from=NOW,
        covered_until=NOW,
        since=since,
    )


def bad(text: str) -> list[tuple[int, str, str]]:
    return [(found.count, found.level, found.pattern) for found in survey(stamped(text)).patterns]


PANIC = """panic: runtime error: invalid memory address or nil pointer dereference
[signal SIGSEGV: segmentation violation code=0x1 addr=0x18 pc=0x8f3c2a]

goroutine 1 [running]:
main.connect({0xc0004a8000, "https://hooks.slack.example/services/T0/B0/canary-7f3a"})
\t/app/main.go:214 +0x1d
created by main.main in goroutine 1
\t/app/main.go:61 +0x3a5

goroutine 7 gp=0xc000 m=0 mp=0x1 [select]:
main.main()
exit status 2"""
NULL_POINTER = "panic: runtime error: invalid memory address or nil pointer dereference"


# --- which lines are bad ---


@pytest.mark.parametrize("level", ["error", "fatal", "panic", "dpanic", "ERROR"])
def test_a_line_of_error_level_or_above_is_bad(level):
    assert bad(entry(level)) == [(1, level.lower(), "Failed to send issue")]


@pytest.mark.parametrize(
    "text",
    [
        entry("info", "error, fatal and panic are words"),
        entry("warn", "Alert received but no team resolved - alert not processed", error="x"),
        entry("info", "/api/alerts", status=500),
        '{"level":"info","level":"error","message":"the first of a key counts"}',
        '{"level":"info","field":{"level":"error"}}',
        '{"level":"info","message":"{\\"level\\":\\"error\\"}"}',
        '{"level":7,"message":"x"}',
        '{"level":"info","message":"cut',
        '{"level":"perror"}',
        "[GIN-debug] [WARNING] Running in debug mode. panic: no",
        "",
        "   ",
        " - using env:\texport GIN_MODE=release",
        "do not panic: this is fine",
        "2026/01/02 12:00:00 http: TLS handshake error",
        "error",
    ],
)
def test_other_lines_are_not_bad(text):
    found = survey(stamped(text))
    assert (found.lines, found.bad_lines, found.patterns) == (1, 0, ())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"level":"error","message":"cut in the mid', [(1, "error", "cut in the mid: (not JSON)")]),
        ('{"ctx":{"level":"info"},"level" : "fatal","message":"x"', [(1, "fatal", "x: (not JSON)")]),
        ('{"level":"\\u0065rror","message":"escaped"}', [(1, "error", "escaped")]),
        ('{"level":"\\u0065rror","message":"escaped', [(1, "unknown", "escaped: (not JSON)")]),
        ('{"level":"error","level":"info"}', [(1, "error", "(no message)")]),
        ('  {"level": "error", "msg": "x", "error": {"a": 1}}', [(1, "error", "x")]),
        ('{"level":"error","a":' + "[" * 9000, [(1, "error", "{<name>:<name>,<name>:" + "[" * 177 + "…")]),
        (entry("error", "[Recovery from panic]", error="invalid endsAt"), [(1, "error", "[Recovery from panic]: invalid endsAt")]),
        ("2026/01/02 12:00:00 http: panic serving 10.0.0.1:80: x", [(1, "panic", "<time> http: panic serving <address>: x")]),
        ("\x1b[31m[Recovery] 2026/01/02 - 12:00:00 panic recovered:", [(1, "panic", "[Recovery] <time> panic recovered:")]),
        ("fatal error: all goroutines are asleep", [(1, "fatal", "fatal error: all goroutines are asleep")]),
    ],
)  # fmt: skip
def test_bad_lines_in_every_shape(text, expected):
    assert bad(text) == expected


def test_a_line_cut_before_its_level_is_bad():
    (found,) = survey(stamped('{"a":"' + "x" * 20_000 + '","level":"info"}')).patterns
    assert (found.count, found.level) == (1, "unknown")


def test_a_panic_of_many_lines_is_one_event():
    assert bad(PANIC) == [(1, "panic", NULL_POINTER)]


def test_a_message_that_could_not_be_sent_is_told_by_destination_also_when_it_is_only_a_warning():
    text = "\n".join(
        [
            entry("error", "Failed to send issue", destination="oncall"),
            entry(
                "error",
                "Failed to send Slack message",
                destination="oncall",
                error=f"https://hooks.slack.example/{CANARY}",
            ),
            entry("warn", "Failed to get destination", destination="audit"),
            entry("error", "Failed to dispatch issues"),
            entry("warn", "Failed to parse a label", destination="audit"),
            entry("info", "Failed to send issue is what an error would say", destination="audit"),
        ]
    )
    found = survey(stamped(text))
    assert [(one.destination, one.count) for one in found.send_failures] == [
        ("oncall", 2),
        ("", 1),
        ("audit", 1),
    ]
    assert found.bad_lines == 3
    assert CANARY not in repr(found)


def test_more_destinations_than_the_table_holds_are_counted_without_a_name():
    text = "\n".join(
        entry("error", destination=f"d{number}")
        for number in range(logstream.MOST_DESTINATIONS + 7)
    )
    found = survey(stamped(text)).send_failures
    assert len(found) == logstream.MOST_DESTINATIONS + 1
    assert {one.destination: one.count for one in found}[""] == 7


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (entry("info", "/api/alerts", path="/api/alerts", latency=1_500_000_000), ("request", 1.5)),
        (entry("info", "/api/alerts", latency=912, path="/api/alerts"), ("request", 912e-9)),
        (entry("info", "/metrics", path="/metrics", latency=9_000_000_000), None),
        (entry("info", "Alert accepted at /api/alerts", latency=5), None),
        (
            entry(
                "debug",
                "Observed alert processing duration for alert: X, workflows: 0, duration: 1.2s",
            ),
            ("alert", 1.2),
        ),
        (
            entry(
                "debug",
                "Observed alert processing duration for alert: X, workflows: 1, duration: 1m2.5s",
            ),
            ("alert", 62.5),
        ),
        (
            entry(
                "debug",
                "Observed alert processing duration for alert: a, duration: 9s, workflows: 1, duration: 15.5µs",
            ),
            ("alert", 9.0),
        ),
        (
            entry("debug", "Observed alert processing duration for alert: X, duration: unknown"),
            None,
        ),
        (entry("info", "/api/alerts", path="/api/alerts", latency=0), ("request", 0.0)),
        ('{"path":"/api/alerts","latency":' + "9" * 5000 + "}", None),
    ],
)
def test_how_long_the_collector_worked(text, expected):
    found = logline.worked(text.encode())
    assert (
        found == expected if expected is None else (found[0], pytest.approx(found[1])) == expected
    )


def test_slow_work_is_counted_and_the_slowest_is_kept():
    lines = [
        stamped(
            entry("info", "/api/alerts", path="/api/alerts", latency=number * 1_000_000_000),
            ago(seconds=number),
        )
        for number in range(10)
    ]
    reading = logstream._read(lines, where="log", since=None, slow_seconds=3)
    found = reading.survey("a", "c", previous=False, covered_from=NOW, covered_until=NOW)
    assert (found.timed_lines, found.slow_lines) == (10, 6)
    assert [work.seconds for work in found.slowest] == [9, 8, 7, 6, 5]
    assert found.slowest[0].at == ago(seconds=9).replace(microsecond=123456)


def test_two_panics_are_two_and_the_line_between_is_read():
    text = f"{PANIC}\n{entry('info')}\n{PANIC}\npanic: another\ngoroutine 1 [running]:\n[GIN-debug] GET\n{entry('error')}"
    assert bad(text) == [
        (2, "panic", NULL_POINTER),
        (1, "error", "Failed to send issue"),
        (1, "panic", "panic: another"),
    ]


@pytest.mark.parametrize("first", ["goroutine 12 [running]:", "\t/app/main.go:214 +0x1d"])
def test_the_rest_of_a_panic_whose_beginning_is_gone_is_bad(first):
    assert survey(stamped(f"{first}\nmain.main()\n\t/app/main.go:61")).bad_lines == 1


def test_the_key_that_stands_twice_keeps_its_first_value():
    line = '{"level":"info","timestamp":"2026-01-02T12:00:00.000Z","message":"Slack message sent successfully","timestamp":"1700000000.000100"}'
    assert bad(line) == []
    assert bad(
        line.replace('"info"', '"error"').replace(
            '"message":', '"destination":"a","destination":"b","message":'
        )
    ) == [(1, "error", "Slack message sent successfully")]


# --- what is kept of them ---


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("alert 42 of 7.5", "alert <n> of <n>"),
        ("team \"a b\" and 'c', can't", "team <name> and <name>, can't"),
        ("id 123e4567-e89b-12d3-a456-426614174000", "id <id>"),
        ("at 2026-01-02T15:04:05.123Z, 2026/01/02 15:04:05", "at <time>, <time>"),
        (
            "dial 203.0.113.7:443, [2001:db8::1]:80, 0xc000123",
            "dial <address>, <address>, <address>",
        ),
        ("took 1.2s, 1m30s, 15ms", "took <duration>, <duration>, <duration>"),
        ("pod cano-collector-7d9f8b6c5d-x2x9z", "pod <id>"),
        ("dial tcp4 http2", "dial tcp<n> http<n>"),
        ("no digits at all", "no digits at all"),
    ],
)
def test_what_differs_between_like_lines_is_folded(text, folded):
    assert logline.fold(text) == folded


def test_like_lines_are_one_pattern_most_frequent_first():
    lines = [
        stamped(entry("error", f"attempt {n} failed after {n}ms"), ago(minutes=n))
        for n in (3, 9, 1)
    ]
    found = survey(stamped(entry("error", "other"), ago(minutes=20)), *lines)
    assert [(p.count, p.pattern, p.first, p.last, p.example) for p in found.patterns] == [
        (
            3,
            "attempt <n> failed after <duration>",
            ago(minutes=9) + NANOS,
            ago(minutes=1) + NANOS,
            "attempt 3 failed after 3ms",
        ),
        (1, "other", ago(minutes=20) + NANOS, ago(minutes=20) + NANOS, "other"),
    ]


NANOS = timedelta(microseconds=123456)


def test_an_example_is_for_people_and_holds_no_secret():
    line = entry(
        "error", destination="oncall", error=f'Post "https://hooks.slack.example/services/T0/{CANARY}": EOF', request=f"Authorization: {CANARY}",
        slack_token=f"a {CANARY}", count=3, ok=True, nested={"x": CANARY}, stack="long",
    )  # fmt: skip
    (found,) = survey(stamped(line)).patterns
    assert found.pattern == "Failed to send issue: Post <name>: EOF"
    assert found.example == (
        'Failed to send issue: Post "https://hooks.slack.example/…": EOF '
        "(destination=oncall, slack_token=‹masked›, count=3, ok=true, nested=…)"
    )


def test_a_request_head_in_a_line_that_does_not_parse_is_masked_too():
    found = survey(
        stamped(
            '{"level":"error","request":"POST / HTTP/1.1\\r\\nAuthorization: Bearer '
            + CANARY
            + "\\r\\n"
        )
    )
    assert found.bad_lines == 1
    assert CANARY not in repr(found)


def test_an_example_is_one_short_printable_line():
    (found,) = survey(
        stamped(entry("error", "a\n\tb \x1b[31mc \x07\ud800 \u202e" + "é" * 400))
    ).patterns
    assert (
        len(found.example),
        found.example[:12],
        found.example[-1],
        found.example.isprintable(),
    ) == (300, "a b c éééééé", "…", True)


def test_the_tail_holds_the_last_ten_lines_masked():
    found = survey(stamped("\n".join(f"line {n} token=x" for n in range(12))))
    assert found.tail == tuple(f"line {n} token=‹masked›" for n in range(2, 12))


def test_the_table_of_patterns_ends_and_counting_does_not():
    words = ["".join(chr(97 + int(digit)) for digit in str(number)) for number in range(1500)]
    found = survey(*(stamped(entry("error", f"x {word}")) for word in words))
    assert (found.bad_lines, len(found.patterns), sum(p.count for p in found.patterns)) == (
        1500,
        1000,
        1000,
    )


# --- streams ---


def test_lines_before_the_window_do_not_count_but_begin_a_panic():
    early, late = (
        stamped(PANIC.split("goroutine")[0] + entry("info"), ago(hours=25)),
        stamped(entry("error"), ago(hours=1)),
    )
    found = survey(early, late, since=ago(hours=24))
    assert (found.lines, found.bad_lines) == (1, 1)
    whole = survey(
        stamped("panic: x", ago(hours=25)),
        stamped("goroutine 1 [running]:", ago(hours=1)),
        since=ago(hours=24),
    )
    assert (whole.lines, whole.bad_lines) == (1, 0)


def test_an_empty_stream_has_no_line():
    assert (survey().lines, survey(b"").lines) == (0, 0)


def test_a_last_line_without_an_end_is_a_line():
    assert survey(stamped(entry("error")).rstrip(b"\n")).bad_lines == 1


def test_an_over_long_line_is_counted_as_cut_and_the_next_one_is_read():
    long = entry("error", "x" * 50_000)
    found = survey(stamped(f"{long}\n{entry('error')}"))
    assert (found.lines, found.cut_lines, found.bad_lines) == (2, 1, 2)


@pytest.mark.parametrize("extra", [0, 1])
def test_a_line_of_exactly_the_cap_is_whole(extra):
    line = stamped("x")
    assert survey(line[:-2] + b"x" * (16384 - len(line) + 2 + extra) + b"\n").cut_lines == extra


@pytest.mark.parametrize(
    ("blocks", "message"),
    [
        (b"<html>canary-7f3a</html>", "log of a/c: line 1 does not begin with the API's time"),
        (stamped("x") + b"\n", "log of a/c: line 2 does not begin with the API's time"),
        (stamped("x") + b"unable to retrieve container logs for containerd://canary-7f3a", "log of a/c: line 2 does not begin with the API's time"),
        (b"2026-02-30T00:00:00Z x\n", "log of a/c: the time of line 1 does not exist"),
        (b"0001-01-01T00:00:00+14:00 x\n", "log of a/c: the time of line 1 does not exist"),
        (b"2026-01-02T12:00:00 no zone\n", "log of a/c: line 1 does not begin with the API's time"),
    ],
)  # fmt: skip
def test_what_is_no_log_is_malformed_and_its_text_is_not_shown(blocks, message):
    with pytest.raises(Malformed) as raised:
        survey(blocks)
    assert str(raised.value) == message


def test_times_in_a_zone_are_read():
    (found,) = survey(f"2026-01-02T14:00:00+02:00 {entry('error')}\n".encode()).patterns
    assert found.first == NOW


def test_a_stream_that_breaks_is_not_a_survey():
    def broken() -> Iterator[bytes]:
        yield stamped(entry("info"))
        raise Truncated("the answer broke off")

    with pytest.raises(Truncated):
        logstream.survey(
            broken(), pod="a", container="c", previous=False, covered_from=NOW, covered_until=NOW
        )


STREAM = stamped(
    f"{entry('info')}\n{PANIC}\n{entry('error', 'é' * 30)}\n\n[GIN-debug] x\n{entry('error', 'x' * 17_000)}\n{PANIC}\nend"
)


@settings(deadline=None)
@given(st.lists(st.integers(0, len(STREAM)), max_size=12))
def test_any_split_into_blocks_gives_the_same_survey(cuts):
    edges = [0, *sorted(cuts), len(STREAM)]
    assert survey(*(STREAM[a:b] for a, b in pairwise(edges))) == survey(STREAM)


def test_a_byte_at_a_time_gives_the_same_survey():
    assert survey(*(STREAM[n : n + 1] for n in range(len(STREAM)))) == survey(STREAM)
    assert (survey(STREAM).lines, survey(STREAM).bad_lines, survey(STREAM).cut_lines) == (30, 4, 1)


pieces = st.sampled_from(
    (
        b'{"level":"error"',
        b'"level":"',
        b"panic: ",
        b"\n",
        b'"',
        b"}",
        b"\\u",
        b"goroutine 1 [",
        b"\t/a.go:1",
        b"2026-01-02T12:00:00Z ",
    )
)


@settings(deadline=None)
@given(st.lists(st.one_of(pieces, st.binary(max_size=6)), max_size=12).map(b"".join), st.booleans())
def test_any_bytes_are_a_survey_or_a_typed_error(data, stamp):
    if stamp:
        data = b"".join(b"2026-01-02T12:00:00Z " + line + b"\n" for line in data.split(b"\n"))
    if stamp:
        found = survey(data)
        assert found.lines == data.count(b"\n")
        repr(found).encode()
    else:
        with suppress(Malformed):
            survey(data)
    assert logstream.tail([data], 3) == logstream.tail([data[:5], data[5:]], 3)


def test_twenty_megabytes_take_less_than_four():
    def blocks() -> Iterator[bytes]:
        info = stamped(entry("info", "/metrics", path="/metrics")) * 300
        for number in range(400):
            words = "".join(chr(97 + int(digit)) for digit in str(number))
            yield info + b"".join(
                stamped(entry("error", f"{words} {letter * 90}", error=words * 40))
                for letter in "abcdefgh"
            )
        yield b"2026-01-02T12:00:00Z "
        yield from [b"x" * 65536] * 60

    tracemalloc.start()
    found = logstream.survey(
        blocks(), pod="a", container="c", previous=False, covered_from=NOW, covered_until=NOW
    )
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (found.lines, found.bad_lines, len(found.patterns), found.cut_lines) == (
        123_201,
        3200,
        1000,
        1,
    )
    assert peak < 4 * 1024 * 1024


# --- coverage ---


@pytest.mark.parametrize(
    ("first", "started", "expected"),
    [
        (ago(hours=30), ago(days=9), ago(hours=24)),  # the file reaches back beyond the window
        (ago(hours=24), ago(days=9), ago(hours=24)),  # just so
        (ago(hours=5), ago(days=9), ago(hours=5)),  # rotated
        (
            ago(hours=3) + timedelta(seconds=60),
            ago(hours=3),
            ago(hours=3),
        ),  # whole: the first line comes soon after the start
        (
            ago(hours=3) + timedelta(seconds=61),
            ago(hours=3),
            ago(hours=3) + timedelta(seconds=61),
        ),  # not soon enough
        (
            ago(hours=24) + timedelta(seconds=30),
            ago(hours=24) - timedelta(seconds=10),
            ago(hours=24),
        ),  # whole, started before the window
        (ago(hours=3), None, ago(hours=3)),  # nobody knows when it started
        (ago(hours=25), None, ago(hours=24)),
        (None, ago(seconds=60), ago(seconds=60)),  # too young to have logged
    ],
)
def test_what_is_covered(first, started, expected):
    assert (
        logstream.covered_from(
            first, started=started, window_start=ago(hours=24), now=NOW, where="log"
        )
        == expected
    )


@pytest.mark.parametrize("started", [ago(seconds=61), ago(days=9), None])
def test_an_empty_log_of_a_container_that_had_time_is_absent(started):
    with pytest.raises(
        Absent, match=r"^log of a/c is empty, and the collector always logs at its start"
    ):
        logstream.covered_from(
            None, started=started, window_start=ago(hours=24), now=NOW, where="log of a/c"
        )


def test_the_time_of_the_first_line():
    head = stamped(entry("info"), ago(hours=7)) + b"2026-01-02T"
    assert logstream.first_time([head[:3], head[3:]], where="log") == ago(hours=7) + NANOS
    assert logstream.first_time([], where="log") is None
    with pytest.raises(Malformed):
        logstream.first_time([b"2026-01-02T"], where="log")


def test_the_tail_of_a_log_with_and_without_times():
    assert logstream.tail([b"a\n\nBearer canary\n", b" \nlast"], 2) == ("Bearer ‹masked›", "last")
    assert logstream.tail([stamped("a\nb\n\nc")], 2) == ("b", "c")
    assert logstream.tail([], 2) == ()


# --- what to ask ---


def running(**changes: object) -> ContainerStatus:
    return ContainerStatus(
        **(
            {"name": "c", "ready": True, "restarts": 0, "state": "running", "started": ago(days=9)}
            | changes
        )
    )


def ended(**span: float) -> Termination:
    return Termination("Error", 1, finished=ago(**span), started=ago(days=10))


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (running(), [Instance(False, ago(days=9), None, running=True)]),
        (
            running(last_termination=ended(hours=3)),
            [
                Instance(False, ago(days=9), None, running=True),
                Instance(True, ago(days=10), ago(hours=3), running=False),
            ],
        ),
        (
            running(last_termination=ended(days=2)),
            [Instance(False, ago(days=9), None, running=True)],
        ),
        (running(state="waiting", started=None), []),
        (running(state="", started=None), []),
        (
            running(state="waiting", started=None, last_termination=ended(hours=3)),
            [Instance(True, ago(days=10), ago(hours=3), running=False)],
        ),
        (
            running(state="terminated", terminated=ended(hours=3)),
            [Instance(False, ago(days=10), ago(hours=3), running=False)],
        ),
        (running(state="terminated", terminated=ended(days=2)), []),
    ],
)
def test_which_lives_of_a_container_are_read(status, expected):
    assert list(logstream.instances(status, since=ago(days=1))) == expected


class Kubelet:
    """Serves a log as the kubelet does: of the tail what is young enough, of that the first bytes."""

    def __init__(self, *lines: tuple[datetime, str]) -> None:
        self.lines = lines
        self.asked: list[dict[str, str]] = []

    @contextmanager
    def ask(self, query: Mapping[str, str]) -> Iterator[Iterable[bytes]]:
        self.asked.append(dict(query))
        chosen = self.lines[-int(query.get("tailLines", len(self.lines))) :] if self.lines else ()
        since = ago(seconds=int(query.get("sinceSeconds", 10**9)))
        body = b"".join(stamped(text, instant) for instant, text in chosen if instant >= since)
        yield [body[: int(query.get("limitBytes", len(body)))]]

    def measure(
        self,
        *,
        previous: bool = False,
        started: datetime | None = None,
        ended: datetime | None = None,
    ) -> LogSurvey:
        instance = Instance(previous, started or ago(days=9), ended, running=not previous)
        return logstream.measure(
            self.ask,
            pod="a",
            container="c",
            instance=instance,
            window_start=ago(days=1),
            now=NOW,
            least_lines=5,
        )


def test_few_lines_in_the_window_the_last_ones_are_read_instead_and_tell_what_is_covered():
    kubelet = Kubelet(
        *((ago(hours=hours), entry("error")) for hours in (60, 50, 40, 30, 20, 10, 1))
    )
    found = kubelet.measure()
    assert (found.lines, found.bad_lines, found.covered_from, found.covered_until) == (
        5,
        5,
        ago(days=1),
        NOW,
    )
    assert kubelet.asked == [
        {"container": "c", "timestamps": "true", "sinceSeconds": "86460"},
        {"container": "c", "timestamps": "true", "tailLines": "5"},
    ]


def test_many_lines_in_the_window_the_head_tells_what_is_covered():
    hours = [*range(30, 0, -1)]
    kubelet = Kubelet(
        *((ago(hours=hour), entry("error" if hour > 24 else "info")) for hour in hours)
    )
    found = kubelet.measure()
    assert (found.lines, found.bad_lines, found.covered_from) == (24, 0, ago(days=1))
    assert [query.keys() - {"container", "timestamps"} for query in kubelet.asked] == [
        {"sinceSeconds"},
        {"limitBytes"},
    ]
    rotated = Kubelet(*((ago(hours=hour), entry("info")) for hour in range(20, 0, -1)))
    assert rotated.measure().covered_from == ago(hours=20) + NANOS


def test_a_container_that_started_in_the_window_needs_no_look_at_its_head():
    kubelet = Kubelet(*((ago(hours=hour), entry("info")) for hour in range(20, 0, -1)))
    assert kubelet.measure(started=ago(hours=20)).covered_from == ago(hours=20)
    assert len(kubelet.asked) == 1


def test_the_life_before_a_restart_is_covered_to_its_end():
    kubelet = Kubelet(*((ago(hours=hour), entry("info")) for hour in range(30, 10, -1)))
    found = kubelet.measure(previous=True, ended=ago(hours=10))
    assert (found.previous, found.lines, found.covered_from, found.covered_until) == (
        True,
        14,
        ago(days=1),
        ago(hours=10),
    )
    assert [query["previous"] for query in kubelet.asked] == ["true", "true"]


def test_a_life_whose_end_nobody_knows_is_covered_to_its_last_line():
    kubelet = Kubelet(*((ago(hours=hour), entry("info")) for hour in range(30, 10, -1)))
    assert kubelet.measure(previous=True).covered_until == ago(hours=11) + NANOS


def test_an_empty_log_of_an_old_container_is_absent():
    with pytest.raises(Absent, match=re.escape("log of a/c is empty")):
        Kubelet().measure()


def test_a_life_of_a_second_that_said_nothing_is_covered():
    found = Kubelet().measure(previous=True, started=ago(seconds=3601), ended=ago(hours=1))
    assert (found.lines, found.covered_from, found.covered_until) == (
        0,
        ago(seconds=3601),
        ago(hours=1),
    )


@settings(max_examples=examples(60), deadline=None)
@given(st.lists(st.tuples(st.integers(1, 40), st.booleans()), max_size=12))
def test_no_bad_line_of_the_window_is_lost_or_counted_twice(lines):
    log = [
        (ago(hours=hour), entry("error" if is_bad else "info"))
        for hour, is_bad in sorted(lines, reverse=True)
    ]
    in_window = [is_bad for hour, is_bad in lines if hour <= 24]
    if not log:
        return
    found = Kubelet(*log).measure()
    last = [is_bad for _, is_bad in sorted(lines, reverse=True)[-5:]]
    assert found.bad_lines == (
        sum(in_window) if len(in_window) >= 5 else sum("error" in text for _, text in log[-5:])
    )
    assert found.lines == max(len(in_window), len(last))
