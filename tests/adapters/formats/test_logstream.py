"""Test what is asked for, and how much of a window a log covers."""

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.adapters.formats.log_lines import NANOS, NOW, ago, entry, stamped
from tests.fuzzing import examples
from upkeep.adapters.formats import logstream
from upkeep.adapters.formats.logstream import Instance
from upkeep.errors import Absent, Malformed, Truncated
from upkeep.records.logs import LogSurvey
from upkeep.records.workload import ContainerStatus, Termination

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
        Absent, match=r"^The log of a/c is empty, but the collector always logs at its start"
    ):
        logstream.covered_from(
            None, started=started, window_start=ago(hours=24), now=NOW, where="log of a/c"
        )
    # That of another container is empty.
    assert logstream.covered_from(
        None, started=started, window_start=ago(hours=24), now=NOW, where="log", speaks=False
    ) == max(started or ago(hours=24), ago(hours=24))


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
        speaks: bool = True,
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
            speaks=speaks,
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
        {"container": "c", "timestamps": "true", "tailLines": "1"},
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
        {"tailLines"},
        {"sinceSeconds"},
        {"limitBytes"},
    ]
    rotated = Kubelet(*((ago(hours=hour), entry("info")) for hour in range(20, 0, -1)))
    assert rotated.measure().covered_from == ago(hours=20) + NANOS


def test_a_container_that_started_in_the_window_needs_no_look_at_its_head():
    kubelet = Kubelet(*((ago(hours=hour), entry("info")) for hour in range(20, 0, -1)))
    assert kubelet.measure(started=ago(hours=20)).covered_from == ago(hours=20)
    assert len(kubelet.asked) == 2


def test_the_life_before_a_restart_is_covered_to_its_end():
    kubelet = Kubelet(*((ago(hours=hour), entry("info")) for hour in range(30, 10, -1)))
    found = kubelet.measure(previous=True, ended=ago(hours=10))
    assert (found.previous, found.lines, found.covered_from, found.covered_until) == (
        True,
        14,
        ago(days=1),
        ago(hours=10),
    )
    assert [query["previous"] for query in kubelet.asked] == ["true"] * 3


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


class Forgetful(Kubelet):
    """A kubelet whose long answers end early, at the end of a line, without a word."""

    def __init__(self, *lines: tuple[datetime, str], kept: int) -> None:
        super().__init__(*lines)
        self.kept = kept

    @contextmanager
    def ask(self, query: Mapping[str, str]) -> Iterator[Iterable[bytes]]:
        with super().ask(query) as blocks:
            body = b"".join(blocks)
            lines = body.splitlines(keepends=True)
            yield [b"".join(lines[: self.kept])]


def test_a_body_that_ends_early_is_not_whole_and_its_lines_count():
    lines = [(ago(hours=hour), entry("error")) for hour in range(20, 0, -1)]
    found = Forgetful(*lines, kept=12).measure(started=ago(hours=20))
    assert found.stopped is not None
    assert isinstance(found.stopped.error(), Truncated)
    assert (found.lines, found.bad_lines) == (12, 12)
    assert "its line of 2026-01-02 11:00 UTC" in found.stopped.message
    assert Forgetful(*lines, kept=20).measure(started=ago(hours=20)).stopped is None
    empty = Forgetful(*lines[-3:], kept=1).measure(speaks=False)
    assert empty.stopped is not None


def test_the_silent_log_of_another_container_is_covered():
    found = Kubelet().measure(speaks=False)
    assert (found.lines, found.covered_from, found.covered_until) == (0, ago(days=1), NOW)


@pytest.mark.parametrize(
    ("last_minutes", "step", "silent"),
    [
        (180, 10, True),
        (29, 10, False),
        (31, 10, True),
        (9, 1, False),
        (11, 1, True),
        (180, 90, False),
    ],
)
def test_a_silence_far_longer_than_any_pause_before_is_told(
    last_minutes: int, step: int, silent: bool
):
    """The newest three hours of a log were missing, and all that was there was clean."""
    lines = [
        (ago(minutes=last_minutes + step * number), entry("info")) for number in range(30, -1, -1)
    ]
    kubelet = Kubelet(*lines)
    started = lines[0][0]
    assert (kubelet.measure(started=started).silent_since is not None) is silent
    assert kubelet.measure(started=started, speaks=False).silent_since is None


def test_a_log_that_begins_before_its_container_is_of_another_one() -> None:
    """The lines count all the same, and a pass is refused."""
    log = Kubelet((ago(days=8), "{}"), (ago(hours=1), "{}"))
    survey = log.measure(started=ago(days=2))
    assert survey.stopped is not None
    assert "it is not this container's" in str(survey.stopped.error())
    assert log.measure(started=ago(days=8)).stopped is None
