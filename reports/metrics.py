"""``--pushgateway=URL`` and ``--textfile=FILE``: the run's outcomes as Prometheus metrics.

Groups on the Pushgateway: outcomes under job, target, cadence by PUT, which replaces the group; the
guide's two times under job, target by POST, so that a run that did not measure them keeps them.
Only a cadence that was run whole is published: otherwise the last whole run would be erased.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from reports.ledger import LEDGER
from reports.memory import MEMORY, tried
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

JOB = "cano-upkeep"
PUSH_DEADLINE_SECONDS = 10
_SAID = pytest.StashKey[list[str]]()


@dataclass(frozen=True, slots=True)
class Published:
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
    config.stash[_SAID] = said = []
    groups = list(published(config))
    if not groups:
        said.append("no metric published: no cadence was run whole")
    try:
        if chosen.pushgateway is not None:
            push(chosen.pushgateway, groups)
        if chosen.textfile is not None:
            write(chosen.textfile, groups)
    except OSError as error:
        said.append(f"metrics not published: {one_line(mask(str(error)))}")


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
            yield Published(target, "", _guide_registry(found))


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
        found["cano_backup_last_success_timestamp"] = max(successes)
    stored = sweep.known("configuration_metadata") or ()
    written = [owner.changed for one in stored for owner in one.owners if owner.changed]
    if written:
        found["cano_config_last_modified_timestamp"] = max(written)
    return found


def _guide_registry(found: dict[str, datetime]) -> Any:
    from prometheus_client import CollectorRegistry, Gauge

    registry = CollectorRegistry()
    for name, instant in found.items():
        Gauge(name, "Named by the maintenance guide", registry=registry).set(instant.timestamp())
    return registry


def push(url: str, groups: Sequence[Published]) -> None:
    """Send each group: outcomes by PUT, the guide's two by POST.

    :raises OSError: the Pushgateway cannot be reached, or refuses.
    """
    failed: list[Exception] = []
    # The library's timeout is one of each read, and no urllib call has a deadline of its own. A
    # daemon thread can be left behind: a Pushgateway that sends a byte a second holds no exit.
    sending = threading.Thread(target=_send, args=(url, groups, failed), daemon=True)
    sending.start()
    sending.join(PUSH_DEADLINE_SECONDS)
    if sending.is_alive():
        raise OSError(f"the Pushgateway did not take them within {PUSH_DEADLINE_SECONDS} s")
    for error in failed:
        why = str(error) if isinstance(error, OSError) else type(error).__name__
        raise OSError(why) from None


def _send(url: str, groups: Sequence[Published], failed: list[Exception]) -> None:
    from http.client import HTTPException

    from prometheus_client import push_to_gateway, pushadd_to_gateway

    try:
        for group in groups:
            key = {"target": group.target}
            key |= {"cadence": group.cadence} if group.cadence else {}
            send = push_to_gateway if group.cadence else pushadd_to_gateway
            send(url, JOB, group.registry, grouping_key=key, timeout=PUSH_DEADLINE_SECONDS)
    except (OSError, ValueError, HTTPException) as error:
        failed.append(error)


def write(template: str, groups: Sequence[Published]) -> None:
    """Write the groups for node_exporter's textfile collector, each file whole.

    ``{target}`` and ``{cadence}`` in the name give a file for each; the guide's two are then in
    one of their own, with ``guide`` for the cadence.

    :raises OSError: a file cannot be written.
    """
    files: dict[str, list[Published]] = {}
    for group in groups:
        name = template.replace("{target}", group.target)
        files.setdefault(name.replace("{cadence}", group.cadence or "guide"), []).append(group)
    for name, those in files.items():
        write_whole(Path(name), exposition(those), mode=0o644)


def exposition(groups: Sequence[Published]) -> bytes:
    """Return the groups in the text format, with target and cadence as labels of every series."""
    from prometheus_client import CollectorRegistry, generate_latest
    from prometheus_client.core import Metric

    families: dict[str, Metric] = {}
    for group in groups:
        labels = {"target": group.target} | ({"cadence": group.cadence} if group.cadence else {})
        for family in group.registry.collect():
            whole = families.setdefault(
                family.name, Metric(family.name, family.documentation, family.type)
            )
            for sample in family.samples:
                whole.add_sample(sample.name, {**labels, **sample.labels}, sample.value)

    class Whole:
        def collect(self) -> Iterator[Metric]:
            return iter(families.values())

    registry = CollectorRegistry()
    registry.register(Whole())
    return bytes(generate_latest(registry))
