"""Did the configuration change lately, or did a person confirm it unchanged?

Source: docs/guide.rst, the alert CanoCollectorConfigOld, whose metric no program exposes.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from upkeep.errors import Absent
from upkeep.judges.attestations.ages import age_of
from upkeep.judges.attestations.signoffs import confirmed
from upkeep.limits import Limits
from upkeep.model import Judgement
from upkeep.records.attestations import AttestationFile
from upkeep.records.configuration import StoredObject
from upkeep.records.workload import Install


def configuration_fresh(
    stored: Sequence[StoredObject],
    attestations: AttestationFile,
    *,
    target: str,
    now: datetime,
    limits: Limits,
    install: Install,
) -> Judgement:
    """Judge config-fresh: a configuration key changed within ``limits["config_age"]``, or a sign-off covers it.

    :raises Absent: the pod template mounts no configuration object.
    """
    if not stored:
        raise Absent("The pod template mounts no configuration object.", source="pod template")
    limit, unit = limits["config_age"], "s old"
    ages = [
        (one, key, age_of(one, key, now=now, limit_seconds=limit))
        for one in stored
        for key in one.keys or ("",)
    ]
    fresh = [entry for entry in ages if entry[2].proven == "fresh"]
    if fresh:
        one, key, age = min(fresh, key=lambda entry: (entry[2].seconds, entry[0].name))
        which = f"{one.kind}/{one.name}" + (f" key {key}" if key else "")
        return Judgement((), f"{which} {age.why}", limit, unit, "creation and managedFields")
    found = confirmed(
        "config-fresh", attestations, target=target, now=now, limits=limits, install=install
    )
    why = "; ".join(
        f"{one.kind}/{one.name}" + (f" key {key}" if key else "") + f": {age.why}"
        for one, key, age in ages[:3]
    )
    return replace(found, basis=f"{found.basis}; {why}")
