"""Test how a log is read to its end."""

import tracemalloc
from collections.abc import Iterator
from contextlib import suppress
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.adapters.formats.log_lines import CANARY, NANOS, NOW, PANIC, ago, entry, stamped, survey
from upkeep.adapters.formats import logline, logstream
from upkeep.errors import Malformed, Truncated

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
        (b"<html>canary-7f3a</html>", "log of a/c: line 1 does not begin with the API's time."),
        (stamped("x") + b"\n", "log of a/c: line 2 does not begin with the API's time."),
        (stamped("x") + b"unable to retrieve container logs for containerd://canary-7f3a", "log of a/c: line 2 does not begin with the API's time."),
        (b"2026-02-30T00:00:00Z x\n", "log of a/c: the time of line 1 does not exist."),
        (b"0001-01-01T00:00:00+14:00 x\n", "log of a/c: the time of line 1 does not exist."),
        (b"2026-01-02T12:00:00 no zone\n", "log of a/c: line 1 does not begin with the API's time."),
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


def test_a_last_line_that_is_cut_ends_the_log_early():
    """A body without a length that broke off. A last line without an end may be whole: a program died in it."""
    whole = stamped(entry("info")) + stamped(entry("info", "last"))
    assert survey(whole.rstrip(b"\n")).lines == 2
    with pytest.raises(Truncated, match="line 2 is cut"):
        survey(whole[:-20])


def test_lines_without_a_level_that_is_read_are_counted():
    text = "\n".join(
        [
            entry("info"),
            "[GIN-debug] GET /metrics",
            "",
            PANIC,
            '{"msg":"no level"}',
            "a b c",
            '{"level":7}',
        ]
    )
    assert survey(stamped(text)).unread_lines == 3


def test_the_longest_pause_between_two_lines_is_kept():
    lines = [stamped(entry("info"), ago(minutes=minutes)) for minutes in (90, 30, 29, 1)]
    assert survey(*lines).longest_quiet_seconds == 3600
