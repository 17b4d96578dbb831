"""``--pushgateway=URL`` and ``--textfile=FILE``: the run's outcomes as Prometheus metrics.

Groups on the Pushgateway: outcomes under job, target, cadence by PUT, which replaces the group; the
guide's two times under job, target by POST, so that a run that did not measure them keeps them.
Only a cadence that was run whole is published: otherwise the last whole run would be erased.
``upkeep backup`` publishes the guide's two alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, wait
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from msgspec import Struct

from reports.ledger.record import LEDGER
from reports.memory import MEMORY, tried
from reports.writing import failures_of
from upkeep import deadline
from upkeep.adapters.wire.text import one_line
from upkeep.domain.decisions.overdue import complete_cadences
from upkeep.files import write_whole
from upkeep.masking import mask
from upkeep.model import Outcome, Result
from upkeep.session import (
    RUN,
    SWEEPS,
    VERDICT,
    begin_run,
    ended,
    narrowed_by,
    settings,
)
from upkeep.sweep import Sweep
from upkeep.verdict import Code, Verdict

if TYPE_CHECKING:
    from prometheus_client import Metric
    from prometheus_client.samples import Sample

    from upkeep.settings.run import RunSettings

JOB = "cano-upkeep"
PUSH_DEADLINE_SECONDS = 10
GUIDE = ("cano_backup_last_success_timestamp", "cano_config_last_modified_timestamp")
_SAID = pytest.StashKey[list[str]]()


class Published(Struct, frozen=True):
    """What one target has to tell for one cadence; ``cadence`` is empty for the guide's two."""

    target: str
    cadence: str
    registry: Any


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """After the ledger, whose digest is among the metrics."""
    config = session.config
    chosen = settings(config)
    if LEDGER not in config.stash or RUN not in config.stash:
        return
    if chosen.pushgateway is None and chosen.textfile is None:
        return
    groups = list(published(config))
    none = [] if groups else ["no metric published: no cadence was run whole"]
    failed = publish(chosen, groups)
    failures_of(config).undelivered += failed
    config.stash[_SAID] = [*none, *failed]


def publish(chosen: RunSettings, groups: Sequence[Published]) -> list[str]:
    """Push and write the groups, as the settings say. Return a sentence for each failure."""
    said = []
    if chosen.pushgateway is not None:
        said += _tried("--pushgateway", partial(push, chosen.pushgateway, groups))
    if chosen.textfile is not None:
        said += _tried("--textfile", partial(write, chosen.textfile, groups))
    return said


def _tried(option: str, send: Callable[[], None]) -> list[str]:
    try:
        send()
    except OSError as error:
        said = error.strerror or str(error)
        return [f"metrics not published: {option}: {one_line(mask(said))}"]
    return []


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    for line in config.stash.get(_SAID, []):
        terminalreporter.write_line(line, red=True)


def published(config: pytest.Config) -> Iterator[Published]:
    """Yield what the run has to tell, a registry for each target and cadence."""
    results = config.stash[LEDGER].results
    asked = () if narrowed_by(config) else begin_run(config).cadences
    verdict, memory = config.stash.get(VERDICT, None), config.stash.get(MEMORY, None)
    recorded = memory.recorded if memory is not None else None
    limits = settings(config).limits
    for target, cadences in complete_cadences(tried(config, results), asked=asked).items():
        for cadence in cadences:
            mine = [r for r in results if r.target == target and cadence in r.control.cadence]
            period = "emergency" if cadence == "emergency" else f"{cadence}_period"
            age = limits[period] + limits[f"{cadence}_grace"] if period != "emergency" else None
            registry = outcome_registry(
                mine, ended=ended(config), maximum_age_seconds=age, verdict=verdict,
                target=target, digest=recorded.digest if recorded is not None else "",
            )  # fmt: skip
            yield Published(target, cadence, registry)
        sweep = config.stash.get(SWEEPS, {}).get(target)
        found = guide_times(sweep) if sweep is not None else {}
        if found:
            yield Published(target, "", guide_registry(found))


def outcome_registry(
    results: Sequence[Result],
    *,
    ended: datetime,
    maximum_age_seconds: float | None,
    verdict: Verdict | None,
    target: str,
    digest: str,
) -> Any:
    """Return the metrics of one target and cadence; both are labels of the group, not of a series."""
    from prometheus_client import CollectorRegistry, Gauge

    registry = CollectorRegistry()
    outcome = Gauge(
        "cano_upkeep_control_outcome",
        "1 for the outcome of the control, 0 for the others",
        ["control", "severity", "outcome"],
        registry=registry,
    )
    for result in results:
        for one in Outcome:
            outcome.labels(result.control.id, result.control.severity, one.value).set(
                result.outcome is one
            )
    Gauge(
        "cano_upkeep_last_run_timestamp_seconds",
        "When the last complete run of the cadence ended",
        registry=registry,
    ).set(ended.timestamp())
    if maximum_age_seconds is not None:
        Gauge(
            "cano_upkeep_cadence_max_age_seconds",
            "Age of the last run from which the cadence is overdue",
            registry=registry,
        ).set(maximum_age_seconds)
    if verdict is not None:
        Gauge("cano_upkeep_gate_open", "1 where the gate is open", registry=registry).set(
            verdict.targets.get(target, verdict.code) is Code.OPEN
        )
        Gauge(
            "cano_upkeep_override_active", "1 where an override opened the gate", registry=registry
        ).set(target in verdict.overridden)
    if digest:
        Gauge(
            "cano_upkeep_ledger_head_info",
            "SHA-256 of the run's file in the ledger",
            ["digest"],
            registry=registry,
        ).labels(digest).set(1)
    return registry


def guide_times(sweep: Sweep) -> dict[str, datetime]:
    """Return the guide's two times, as far as this run measured them."""
    found = {}
    jobs, folder = sweep.known("backup_jobs"), sweep.known("backup_folder")
    successes = [one.last_success for one in getattr(jobs, "cron_jobs", ()) if one.last_success]
    successes += [one.taken for one in getattr(folder, "sets", ()) if not one.faults]
    if successes:
        found[GUIDE[0]] = max(successes)
    stored = sweep.known("configuration_metadata") or ()
    written = [owner.changed for one in stored for owner in one.owners if owner.changed]
    if written:
        found[GUIDE[1]] = max(written)
    return found


def guide_registry(found: dict[str, datetime]) -> Any:
    """Return the guide's two times, as far as they are known."""
    from prometheus_client import CollectorRegistry, Gauge

    registry = CollectorRegistry()
    for name, instant in found.items():
        Gauge(name, "Named by the maintenance guide", registry=registry).set(instant.timestamp())
    return registry


def push(url: str, groups: Sequence[Published]) -> None:
    """Send each group: outcomes by PUT, the guide's two by POST.

    :raises OSError: the Pushgateway cannot be reached, or refuses.
    """
    # The timeout is one of each read. A thread can be left behind: a Pushgateway that sends a byte
    # a second holds no exit.
    sent: Future[None] = Future()
    deadline.start(lambda: deadline.settle(sent, lambda: _send(url, groups)), name="upkeep-push")
    wait([sent], PUSH_DEADLINE_SECONDS)
    if not sent.done():
        raise OSError(f"the Pushgateway did not take them within {PUSH_DEADLINE_SECONDS} s")
    if error := sent.exception():
        raise OSError(str(error) if isinstance(error, OSError) else type(error).__name__) from None


def _send(url: str, groups: Sequence[Published]) -> None:
    from prometheus_client import push_to_gateway, pushadd_to_gateway

    from upkeep.adapters.wire.pushing import handler

    for group in groups:
        key = {"target": group.target} | ({"cadence": group.cadence} if group.cadence else {})
        send = push_to_gateway if group.cadence else pushadd_to_gateway
        send(
            url, JOB, group.registry, grouping_key=key, timeout=PUSH_DEADLINE_SECONDS,
            handler=handler,
        )  # fmt: skip


def write(template: str, groups: Sequence[Published]) -> None:
    """Write the groups for node_exporter's textfile collector, each file whole.

    ``{target}`` and ``{cadence}`` in the name give a file for each; the guide's two are then in
    one of their own, with ``guide`` for the cadence. As on the Pushgateway, a run without one of
    the guide's two keeps the earlier one, and the guide's two alone replace no outcome.

    :raises OSError: a file cannot be written.
    """
    files: dict[str, list[Published]] = {}
    for group in groups:
        name = template.replace("{target}", group.target)
        files.setdefault(name.replace("{cadence}", group.cadence or "guide"), []).append(group)
    for name, those in files.items():
        path = Path(name)
        kept = _earlier(path, all_of_it=not any(group.cadence for group in those))
        write_whole(path, exposition(those, kept), mode=0o644)


def _earlier(path: Path, *, all_of_it: bool) -> list[Metric]:
    """Return the guide's two of a file that is there, or all its families; none of an unreadable one."""
    from prometheus_client.parser import text_string_to_metric_families

    try:
        text = path.read_text(encoding="utf-8")
        found = list(text_string_to_metric_families(text))
    except (OSError, ValueError):
        return []
    return [family for family in found if all_of_it or family.name in GUIDE]


def exposition(groups: Sequence[Published], kept: Sequence[Metric] = ()) -> bytes:
    """Return the groups in the text format, with target and cadence as labels of every series.

    :param kept: earlier families; a series of the groups replaces the one of the same labels.
    """
    from prometheus_client import CollectorRegistry, generate_latest
    from prometheus_client.core import Metric

    families: dict[str, Metric] = {}
    series: dict[tuple[str, frozenset[tuple[str, str]]], Sample] = {}

    def add(family: Metric, labels: dict[str, str]) -> None:
        families.setdefault(family.name, Metric(family.name, family.documentation, family.type))
        for sample in family.samples:
            whole = {**labels, **sample.labels}
            series[family.name, frozenset(whole.items())] = sample._replace(labels=whole)

    for earlier in kept:
        add(earlier, {})
    for group in groups:
        labels = {"target": group.target} | ({"cadence": group.cadence} if group.cadence else {})
        for family in group.registry.collect():
            add(family, labels)
    for (name, _), sample in series.items():
        families[name].samples.append(sample)

    class Whole:
        def collect(self) -> Iterator[Metric]:
            return iter(families.values())

    registry = CollectorRegistry()
    registry.register(Whole())
    return bytes(generate_latest(registry))
