"""What does a report tell beside this run's results: from the ledger, the baseline, the waivers?

It goes into run.json, so that ``upkeep render`` draws the same report without the ledger.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import pytest

from reports.decisions import DECISIONS, audit, without_entry
from reports.memory import MEMORY, Ledger
from upkeep.adapters.folders import ledger as files
from upkeep.adapters.folders.recorded import short
from upkeep.domain.decisions.comparison import FindingIdentity, first_seen, identities
from upkeep.errors import BadInput
from upkeep.model import Result, rfc3339
from upkeep.records.ledger import KeptRun
from upkeep.session import settings


def remembered(config: pytest.Config, results: Sequence[Result]) -> dict[str, Any]:
    """Return the facts for run.json; ``ledger`` is ``None`` where none was given."""
    decisions, memory = config.stash.get(DECISIONS, None), config.stash.get(MEMORY, None)
    judged = [one.control.id for one in results if one.outcome != "not-run"]
    return {
        "baseline": decisions.baseline if decisions is not None else "",
        "waiver_faults": [
            *without_entry(config),
            *(fault.message for fault in audit(config, judged)),
        ],
        "ledger": _of_ledger(config, memory, results) if memory is not None else None,
    }


def _of_ledger(config: pytest.Config, memory: Ledger, results: Sequence[Result]) -> dict[str, Any]:
    folder = settings(config).ledger
    assert folder is not None
    faults = [f"{fault.file}: {fault.message}" for fault in memory.faults]
    wanted = [one for result in results for one in identities(short(result))]
    try:
        history = (
            (run.header.started, files.results(folder, run)) for run in reversed(memory.kept)
        )
        since = first_seen(history, wanted)
        cadences = [
            {
                "target": one.target,
                "cadence": one.cadence,
                "standing": one.standing.value,
                "last": rfc3339(one.last) if one.last else None,
                "said": _said(config, memory.kept, one.target, one.cadence),
            }
            for one in memory.standings
        ]
    except BadInput as error:  # told by the gate as well: the ledger is damaged
        return {"faults": [*faults, str(error)], "cadences": [], "findings": []}
    found = [_finding(one) | {"first_seen": rfc3339(at)} for one, at in since.items()]
    unusable = [memory.unusable] if memory.unusable else []
    return {"faults": faults + unusable, "cadences": cadences, "findings": found}


def _finding(one: FindingIdentity) -> dict[str, str]:
    return {"target": one.target, "control": one.control, "code": one.code, "owner": one.owner}


def _said(
    config: pytest.Config, kept: Iterable[KeptRun], target: str, cadence: str
) -> dict[str, int]:
    """Return the outcomes of the newest complete run of a cadence; empty without one before this."""
    folder = settings(config).ledger
    whole = [run for run in kept if cadence in run.header.complete.get(target, ())]
    if not whole or folder is None:
        return {}
    outcomes = [
        one.outcome
        for one in files.results(folder, whole[-1])
        if one.target == target and cadence in one.cadence
    ]
    return {name: outcomes.count(name) for name in dict.fromkeys(outcomes)}
