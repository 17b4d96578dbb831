"""What the basis, too-early and the log command say of counters."""

from msgspec.structs import replace

from tests.judges.counting.counter_samples import (
    INSTALL,
    LIMITS,
    earlier,
    history,
    snapshot,
)
from tests.judges.counting.test_counters import found
from tests.judges.samples import NOW, ago
from upkeep.judges.counting.counters import basis, log_command, too_early
from upkeep.model import rfc3339
from upkeep.records.counters import CounterHistory


def say(those: CounterHistory) -> str:
    return basis(found(those), those, now=NOW, limits=LIMITS, proof="none since then, so none in")


def test_the_basis_says_the_window_and_where_its_start_came_from():
    closed = history(snapshot(received=9), before=(earlier(received=4),))
    assert say(replace(closed, sources=("Prometheus: 1 earlier moments", "no --exports"))) == (
        "1 d, earlier sample from Prometheus; Prometheus: 1 earlier moments; no --exports"
    )
    assert say(history(snapshot(started=ago(hours=3)))) == "since the process start 3 h ago"
    assert (
        say(history(snapshot()))
        == "since the process start (3 d ago); none since then, so none in 1 d"
    )
    both = history(
        snapshot(),
        snapshot("b", started=ago(hours=3)),
        before=(earlier(hours=25, source="export"), earlier("c", hours=2)),
    )
    assert say(both) == (
        "since the process start (3 d ago); none since then, so none in 1 d (c); "
        "1 d 1 h, earlier sample from a saved exposition (a); since the process start 3 h ago (b); "
        "1 process ended since, counted up to the last sample"
    )


def test_too_early_says_when_there_will_be_enough_and_the_option_that_helps():
    parts = found(
        history(
            snapshot(),
            snapshot("b", started=ago(hours=3)),
            before=(earlier(hours=20, source="export"),),
        )
    )
    error = too_early(parts, what="3 messages failed", limits=LIMITS)
    assert error.message == (
        "3 messages failed since 2025-12-30 12:00 UTC, perhaps before the last 1 d. No sample of pod a from 1 d ago separates them. "
        "Retry after 2026-01-02 16:00 UTC, or use --prometheus=URL."
    )
    assert error.next_step == "--prometheus=URL, or --exports=DIR"


def test_the_log_command_knows_whether_there_is_a_log():
    running, restarted, gone = (
        history(snapshot(started=ago(hours=2))),
        history(snapshot(started=ago(hours=2)), before=(earlier(hours=3),)),
        history(snapshot(), before=(earlier("b", hours=3),)),
    )
    since = "--since-time=" + rfc3339(ago(hours=2))
    for those, index, command in (
        (
            running,
            0,
            f"kubectl -n monitoring logs a -c cano-collector {since} | grep -F '[Recovery from panic]'",
        ),
        (
            restarted,
            0,
            "kubectl -n monitoring logs a -c cano-collector --previous --since-time=2025-12-30T12:00:00Z | grep -F '[Recovery from panic]'",
        ),
        (gone, 1, "kubectl -n monitoring get events --field-selector=involvedObject.name=b"),
    ):
        parts = found(those)
        assert (
            log_command(parts[index], parts, install=INSTALL, pattern="[Recovery from panic]")
            == command
        )
