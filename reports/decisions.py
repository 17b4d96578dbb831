"""Waivers and overrides: read before the run, held against its findings, and audited at its end.

A control is measured and judged all the same. It is *waived* where a waiver covers every finding;
what could not be measured is never waived.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from upkeep.adapters.folders import decisions as files
from upkeep.adapters.folders import recorded
from upkeep.domain.decisions.comparison import FindingIdentity, identities
from upkeep.domain.decisions.ownership import owner_of
from upkeep.domain.decisions.waiving import WaiverFault, covering, sound, unused
from upkeep.errors import BadInput
from upkeep.model import Finding
from upkeep.records.decisions import Override, Waiver
from upkeep.session import CONTROL, SWEEPS, clock_of, settings, target_of


@dataclass
class Decisions:
    """The decisions that a run is held against.

    :ivar read: the waivers of the file; ``waivers`` those of them that count now.
    :ivar baseline: the run of --baseline; ``known`` are its findings.
    :ivar faults: what is wrong with waivers; ``unreadable`` why a file could not be used;
        ``empty`` which file holds no entry.
    """

    read: Sequence[Waiver] = ()
    waivers: Sequence[Waiver] = ()
    overrides: Sequence[Override] = ()
    faults: list[WaiverFault] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)
    empty: list[str] = field(default_factory=list)
    used: set[Waiver] = field(default_factory=set)
    baseline: str = ""
    known: frozenset[FindingIdentity] = frozenset()

    @property
    def invalid(self) -> list[str]:
        """The sentences that keep the gate shut: what a gated control might depend on."""
        return [*self.unreadable, *(fault.message for fault in self.faults if fault.ends)]


DECISIONS = pytest.StashKey[Decisions]()


def pytest_configure(config: pytest.Config) -> None:
    """Reads the files. Without --gate one that cannot be used is a usage error; with it, code 14."""
    chosen, found = settings(config), Decisions()
    try:
        if chosen.waivers is not None:
            found.read = files.waivers(chosen.waivers)
            if not found.read:
                found.empty.append(f"--waivers={chosen.waivers}: no entry, so no finding is waived")
        if chosen.override is not None:
            found.overrides = files.overrides(chosen.override)
            if not found.overrides:
                found.empty.append(f"--override={chosen.override}: no entry, so no gate is opened")
    except BadInput as error:
        if not chosen.gate:
            raise pytest.UsageError(str(error)) from None
        found.unreadable.append(str(error))
    if chosen.baseline is not None:
        if chosen.gate:
            raise pytest.UsageError(
                "--gate does not take --baseline: a known finding opens no gate; waive it instead"
            )
        _read_baseline(chosen.baseline, chosen.ledger, found)
    config.stash[DECISIONS] = found


def _read_baseline(name: str, ledger: Path | None, found: Decisions) -> None:
    try:
        run = recorded.read(name, ledger=ledger)
    except BadInput as error:
        raise pytest.UsageError(f"--baseline: {error}") from None  # it names the run itself
    found.baseline = run.name
    found.known = frozenset(one for result in run.results for one in identities(result))


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Holds the waivers against every control that there is, not just the chosen ones."""
    found = config.stash[DECISIONS]
    if found.read:
        severities = {
            item.stash[CONTROL].id: item.stash[CONTROL].severity
            for item in config.stash[_EVERY]
            if CONTROL in item.stash
        }
        now = clock_of(config).now()
        found.waivers, found.faults = sound(found.read, severities=severities, now=now)


_EVERY = pytest.StashKey[list[pytest.Item]]()


class _Every:
    """Keeps the items before any is deselected."""

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(
        self, config: pytest.Config, items: list[pytest.Item]
    ) -> None:
        config.stash[_EVERY] = list(items)


@pytest.hookimpl(tryfirst=True)
def pytest_plugin_registered(plugin: Any, manager: pytest.PytestPluginManager) -> None:
    if getattr(plugin, "__name__", "") == __name__ and not manager.has_plugin("upkeep-every-item"):
        manager.register(_Every(), "upkeep-every-item")


def identified(item: pytest.Item, findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """Return the findings with the owner of their object: what keeps its name over a rollout."""
    sweep = item.config.stash.get(SWEEPS, {}).get(target_of(item))
    install = sweep.known("install") if sweep is not None else None
    deployment = getattr(install, "deployment", "")
    jobs = sweep.known("backup_jobs") if sweep is not None else None
    cron_jobs = {one.uid: one.name for one in getattr(jobs, "cron_jobs", ())}
    made_by = {
        one.name: cron_jobs[one.owner_uid]
        for one in getattr(jobs, "jobs", ())
        if one.owner_uid in cron_jobs
    }
    return tuple(
        finding
        if finding.owner
        else replace(finding, owner=owner_of(finding.object, deployment=deployment, jobs=made_by))
        for finding in findings
    )


def held_against(item: pytest.Item, findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """Return the findings, each with the ticket of the waiver that covers it."""
    found = item.config.stash.get(DECISIONS, None)
    if found is None or not (found.waivers or found.known):
        return tuple(findings)
    told = []
    for finding in findings:
        waiver = covering(
            found.waivers,
            control=item.stash[CONTROL].id,
            target=target_of(item),
            owner=finding.owner,
            code=finding.code,
        )
        if waiver is not None:
            found.used.add(waiver)
        ticket = waiver.ticket if waiver is not None else ""
        identity = FindingIdentity(
            target_of(item), item.stash[CONTROL].id, finding.code, finding.owner
        )
        if not ticket and identity in found.known:
            ticket = f"baseline {found.baseline}"
        told.append(replace(finding, waiver=ticket))
    return tuple(told)


def waived_by(item: pytest.Item, findings: Sequence[Finding]) -> str:
    """Return who accepted the findings and until when; empty where one is not covered."""
    if not findings or not all(finding.waiver for finding in findings):
        return ""
    found = item.config.stash[DECISIONS]
    tickets = {finding.waiver for finding in findings}
    if (hidden := f"baseline {found.baseline}") in tickets:
        return f"not new since {hidden}, and hidden by --baseline"
    used = [w for w in found.used if w.ticket in tickets and w.control == item.stash[CONTROL].id]
    first = min(used, key=lambda waiver: waiver.expires)
    return (
        f"waived until {first.expires:%Y-%m-%d %H:%M} UTC by {first.approved_by} "
        f"({first.ticket}: {first.reason})"
    )


def waived_until(item: pytest.Item, findings: Sequence[Finding]) -> datetime | None:
    """Return when the first of the waivers that cover the findings ends."""
    found = item.config.stash[DECISIONS]
    tickets = {finding.waiver for finding in findings}
    if f"baseline {found.baseline}" in tickets:
        return None  # a finding that --baseline hides rests on no waiver, and upkeep gate closes
    control = item.stash[CONTROL].id
    ends = [w.expires for w in found.used if w.ticket in tickets and w.control == control]
    return min(ends, default=None)


def without_entry(config: pytest.Config) -> list[str]:
    """Return a sentence for each file of decisions that was given and holds none."""
    found = config.stash.get(DECISIONS, None)
    return found.empty if found is not None else []


def audit(config: pytest.Config, judged: Sequence[str]) -> list[WaiverFault]:
    """Return everything that is wrong with the waivers, unused ones of judged controls included."""
    found = config.stash.get(DECISIONS, None)
    if found is None:
        return []
    return [*found.faults, *unused(found.waivers, found.used, judged=judged)]
