"""Counters of a healthy collector, one builder for each; a test changes what it is about.

Pod ``a`` has run for three days and is read at ``NOW``. ``counters(received=4, errors=1)`` are the samples of a process;
what ``snapshot`` does not know itself it hands on to it.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from tests.fuzzing import examples as times
from tests.judges.samples import NOW, ago, install
from upkeep.errors import Unmeasured
from upkeep.limits import Limits
from upkeep.model import Judgement
from upkeep.records.counters import CounterHistory, Sample, Snapshot
from upkeep.records.workload import Install

DAY = 86400
LIMITS = Limits()
INSTALL: Install = install()


def counters(
    *,
    received: int = 0,
    processed: int | None = None,
    errors: int = 0,
    no_team: int = 0,
    no_destinations: int = 0,
    lost: int = 0,
    sent: dict[str, int] | None = None,
    failed: dict[str, int] | None = None,
    refused: int = 0,
) -> tuple[Sample, ...]:
    """The samples of a process, under the names of 0.0.24; zero is absent, as it is there. ``processed`` is what balances the books."""
    if processed is None:
        processed = max(0, received - errors - no_team - no_destinations - lost)
    rows = [
        ("alertmanager_alerts_total", {"receiver": "cano", "status": "firing"}, received),
        ("cano_alerts_processed_total", {"alert_name": "Down", "source": "processed"}, processed),
        (
            "cano_alerts_processed_total",
            {"alert_name": "Down", "source": "no_team_resolved"},
            no_team,
        ),
        (
            "cano_alerts_processed_total",
            {"alert_name": "Down", "source": "no_destinations"},
            no_destinations,
        ),
        (
            "cano_alerts_errors_total",
            {"alert_name": "Down", "error_type": "conversion_failed"},
            errors,
        ),
        (
            "http_requests_total",
            {"method": "POST", "path": "/api/alerts", "status": "OK"},
            received,
        ),
        (
            "http_requests_total",
            {"method": "POST", "path": "/api/alerts", "status": "Bad Request"},
            refused,
        ),
        *(
            (
                "cano_destination_messages_sent_total",
                {"destination_name": name, "status": "success"},
                n,
            )
            for name, n in (sent or {}).items()
        ),
        *(
            (
                "cano_destination_errors_total",
                {"destination_name": name, "error_type": "send_failed"},
                n,
            )
            for name, n in (failed or {}).items()
        ),
    ]
    return tuple(Sample(name, labels, float(value)) for name, labels, value in rows if value)


def snapshot(
    pod: str = "a",
    *,
    taken: datetime = NOW,
    started: datetime | None = None,
    source: str = "metrics",
    **counts: Any,
) -> Snapshot:
    """A process's counters at an instant."""
    return Snapshot(pod, taken, started or ago(days=3), counters(**counts), source)


def earlier(
    pod: str = "a",
    *,
    hours: float = 24,
    source: str = "prometheus",
    started: datetime | None = None,
    **counts: Any,
) -> Snapshot:
    """The same process some hours ago."""
    return snapshot(
        pod, taken=NOW - timedelta(hours=hours), source=source, started=started, **counts
    )


def history(
    *latest: Snapshot, before: tuple[Snapshot, ...] = (), settled: tuple[Snapshot, ...] = ()
) -> CounterHistory:
    return CounterHistory(latest, before, settled)


def pod_of(findings: Any) -> list[str]:
    """Which objects the findings are about."""
    return [finding.object for finding in findings]


def codes(judgement: Judgement) -> list[str]:
    """Which kinds of fault were found."""
    return [finding.code for finding in judgement.findings]


# For the properties


def examples(number: int) -> settings:
    """So many examples, however slow the machine: a deadline would measure its load."""
    return settings(
        max_examples=times(number), deadline=None, suppress_health_check=[HealthCheck.too_slow]
    )


@st.composite
def lives(
    draw: st.DrawFn, pod: str = "a"
) -> tuple[Snapshot, tuple[Snapshot, ...], tuple[Snapshot, ...]]:
    """A process's latest snapshot, its earlier ones, eight hours apart, and a settled one."""
    started = draw(st.sampled_from([ago(days=3), ago(hours=7)]))
    counts = dict.fromkeys(("received", "errors", "no_team", "lost"), 0)
    moments = []
    for hours in (56, 48, 40, 32, 24, 16, 8, 0):
        for name in ("errors", "no_team", "lost"):
            more = draw(st.sampled_from([0, 0, 0, 1, 2]))
            counts[name] += more
            counts["received"] += more
        counts["received"] += draw(st.sampled_from([0, 3, 60]))
        if started < ago(hours=hours):
            moments.append(
                snapshot(
                    pod,
                    taken=ago(hours=hours),
                    started=started,
                    source="export" if hours else "metrics",
                    **counts,
                )
            )
        else:
            counts = dict.fromkeys(("received", "errors", "no_team", "lost"), 0)
    settled = snapshot(pod, taken=NOW + timedelta(seconds=5), started=started, **counts)
    kept = tuple(moment for moment in moments[:-1] if draw(st.booleans()))
    return moments[-1], kept, (settled,)


def outcome(judge: Callable[[CounterHistory], Judgement], those: CounterHistory) -> str:
    """``pass``, ``fail``, or the reason why it cannot be told."""
    try:
        return "pass" if judge(those) else "fail"
    except Unmeasured as error:
        return error.reason


def worse(taken: Snapshot, name: str) -> Snapshot:
    """The same with one bad event more at the end, and the alert that it befell."""
    metric, labels = {
        "no_team": (
            "cano_alerts_processed_total",
            {"alert_name": "New", "source": "no_team_resolved"},
        ),
        "errors": (
            "cano_alerts_errors_total",
            {"alert_name": "New", "error_type": "conversion_failed"},
        ),
        "lost": ("", {}),
    }[name]
    more = (
        Sample("alertmanager_alerts_total", {"status": "new"}, 1.0),
        *([Sample(metric, labels, 1.0)] if metric else []),
    )
    return Snapshot(
        taken.pod, taken.taken, taken.process_start, (*taken.samples, *more), taken.source
    )
