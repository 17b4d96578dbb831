"""Test which lines are bad, and what is kept of them."""

import pytest

from tests.adapters.formats.log_lines import (
    CANARY,
    NOW,
    NULL_POINTER,
    PANIC,
    ago,
    bad,
    entry,
    stamped,
    survey,
)
from upkeep.adapters.formats import logreading, logtiming

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
        for number in range(logreading.MOST_DESTINATIONS + 7)
    )
    found = survey(stamped(text)).send_failures
    assert len(found) == logreading.MOST_DESTINATIONS + 1
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
    found = logtiming.worked(text.encode())
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
    reading = logreading.read(lines, where="log", since=None, slow_seconds=3)
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


@pytest.mark.parametrize(
    ("line", "level"),
    [
        # Other encoders and loggers, each as its documentation shows it.
        ('{"severity":"ERROR","message":"x"}', "error"), ('{"severity":"CRITICAL","message":"x"}', "fatal"),
        ('{"level":50,"time":1700000000000,"msg":"x"}', "error"), ('{"level":60,"msg":"x"}', "fatal"), ('{"level":"50","msg":"x"}', "error"),
        ('{"time":"2026-01-02T12:00:00Z","level":"ERROR+2","msg":"x"}', "error"), ('{"lvl":"eror","msg":"x"}', "error"),
        ('{"@l":"Error","@m":"x"}', "error"), ('{"log.level":"error","message":"x"}', "error"), ('{"log":{"level":"error"},"message":"x"}', "error"),
        ('{"L":"ERROR","M":"x"}', "error"), ('{"msg":"x","level":"err"}', "error"),
        ("2026-01-02T12:00:00.000Z\tERROR\tslack/sender.go:1\tx\t{}", "error"), ("2026-01-02T12:00:00.000Z\t\x1b[31mERROR\x1b[0m\tx", "error"),
        ("1700000000.123\terror\tx", "error"), ("time=2026-01-02T12:00:00Z level=error msg=x", "error"), ('ts=1 caller=a.go:1 level=error msg="x y"', "error"),
        ('time="2026-01-02T12:00:00Z" level=fatal msg=x', "fatal"), ("E0102 12:00:00.000000       1 a.go:12] x", "error"),
        ("F0102 12:00:00.000000       1 a.go:12] x", "fatal"), ("2026-01-02 12:00:00,123 ERROR [main] x", "error"),
        ("[2026-01-02 12:00:00.123][1][error][main] x", "error"), ("2026/01/02 12:00:00 [error] 7#7: x", "error"), ("[ERROR] x", "error"),
        ("ERROR: x", "error"), ("ERROR | x", "error"), ("CRITICAL:root:x", "fatal"),
    ],
)  # fmt: skip
def test_a_bad_level_is_read_in_the_formats_that_loggers_write(line: str, level: str):
    found = survey(stamped(line))
    assert [(one.count, one.level) for one in found.patterns] == [(1, level)]
    assert found.unread_lines == 0


@pytest.mark.parametrize(
    "line",
    [
        '{"severity":"INFO","message":"an error"}', '{"level":30,"msg":"x"}', '{"msg":"x","level":"notice"}', '{"level":"WARN","msg":"x"}',
        "2026-01-02T12:00:00.000Z\tINFO\ta.go:1\tno error", "time=2026-01-02T12:00:00Z level=info msg=error", "I0102 12:00:00.000000 1 a.go:1] error",
        "W0102 12:00:00.000000 1 a.go:1] error", "[2026-01-02 12:00:00.123][1][info][main] error", "[INFO] error", "INFO: error", "[GIN] 2026/01/02 - 12:00:00 | 500 |",
        '{"L":"INFO","M":"error"}', '{"log":{"level":"info"},"message":"error"}',
    ],
)  # fmt: skip
def test_a_harmless_level_is_read_in_them_too(line: str):
    found = survey(stamped(line))
    assert (found.bad_lines, found.unread_lines) == (0, 0)


@pytest.mark.parametrize(
    "line",
    [
        '{"level":3,"msg":"syslog or slog"}', '{"level":true}', '{"level":null,"msg":"x"}', '{"msg":"x"}', '{"level":"loud"}', "Failed to send issue",
        "error.", "2026-01-02 12:00:00 Failed to send issue", "10.0.0.1 - - [02/Jan/2026:12:00:00 +0000] \"GET / HTTP/1.1\" 500 0", "ERROR", "[1] error.log",
    ],
)  # fmt: skip
def test_a_line_without_a_level_that_is_read_is_told(line: str):
    found = survey(stamped(line))
    assert (found.bad_lines, found.unread_lines) == (0, 1)


def test_the_stack_after_an_error_in_plain_text_is_a_part_of_it():
    text = "2026-01-02T12:00:00.000Z\tERROR\ta.go:1\tx\nmain.main\n\t/app/main.go:61\n2026-01-02T12:00:00.000Z\tINFO\ta.go:1\ty"
    found = survey(stamped(text))
    assert (found.bad_lines, found.unread_lines) == (1, 0)


def test_a_failed_send_is_read_in_plain_text():
    (one,) = survey(
        stamped("2026-01-02T12:00:00.000Z\tWARN\ta.go:1\tFailed to send Slack message")
    ).send_failures
    assert (one.destination, one.count) == ("", 1)


@pytest.mark.parametrize("between", ["", " ", "\r"])
def test_a_second_record_in_a_line_is_no_part_of_the_first(between):
    """Two writers without a lock, or a carriage return, join lines."""
    line = entry("info", "fine") + between + entry("error", "Failed to send")
    found = survey(stamped(line))
    assert found.bad_lines + found.unread_lines == 1
