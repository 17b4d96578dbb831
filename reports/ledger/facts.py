"""run.json: what does a run say of itself?"""

from typing import Any

import pytest
from msgspec import structs

from reports.ledger.record import Ledger
from upkeep.adapters.wire.text import printable_tree
from upkeep.masking import own
from upkeep.model import CADENCES, Run, rfc3339
from upkeep.results import SCHEMA, counts
from upkeep.session import CONTROL, ended, settings, who


def stopped(ledger: Ledger, exitstatus: int) -> list[str]:
    """Return the errors of the whole run. pytest's codes 0, 1 (checks failed) and 5 (no checks) are none."""
    found = [f"{name} could not be collected" for name in ledger.uncollected]
    codes = {
        pytest.ExitCode.INTERRUPTED: "the run was interrupted",
        pytest.ExitCode.INTERNAL_ERROR: "pytest or a plugin raised an internal error",
    }
    if exitstatus in codes and not (found and exitstatus == pytest.ExitCode.INTERRUPTED):
        found.append(codes[pytest.ExitCode(exitstatus)])
    elif exitstatus not in set(pytest.ExitCode):
        found.append(f"the run ended with code {exitstatus}")
    return found + ledger.failures.sentences


def run_facts(
    config: pytest.Config, ledger: Ledger, run: Run, *, exitstatus: int
) -> dict[str, Any]:
    """Return the content of run.json. The reports add theirs.

    Its strings are printable: users, hosts, contexts and arguments come from outside.
    """
    facts: dict[str, Any] = printable_tree(_facts(config, ledger, run, exitstatus=exitstatus))
    return facts


def _facts(config: pytest.Config, ledger: Ledger, run: Run, *, exitstatus: int) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "run": run.id,
        "version": run.version,
        "started": rfc3339(run.started),
        "ended": rfc3339(ended(config)),
        "who": who(),
        "arguments": list(run.arguments),
        "targets": list(run.targets),
        "cadences": list(run.cadences),
        **_shard(config),
        "requests": run.requests,
        "looked_at": [
            {
                name: own(value) if isinstance(value, str) else value
                for name, value in structs.asdict(place).items()
            }
            for place in run.places
        ],
        "limits": [
            {"name": name, "value": value, "default": default}
            for name, value, default in run.limits
        ],
        "scope": _scope(ledger),
        "counts": counts(ledger.results),
        "stopped": stopped(ledger, exitstatus),
    }


def _shard(config: pytest.Config) -> dict[str, Any]:
    """Return this worker's place among the workers, by which ``upkeep merge`` misses the others."""
    shard = settings(config).shard
    return {} if shard is None else {"shard": structs.asdict(shard)}


def _scope(ledger: Ledger) -> dict[str, int]:
    """Return the number of controls that there are: all, and those of each cadence."""
    every = {item.stash[CONTROL].id: item.stash[CONTROL] for item in ledger.collected if CONTROL in item.stash}  # fmt: skip
    cadences = {
        cadence: sum(cadence in control.cadence for control in every.values())
        for cadence in CADENCES
    }
    return {"all": len(every), **cadences}
