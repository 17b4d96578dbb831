"""What only a person can confirm: is it confirmed, by whom, and does it still hold?

A missing or expired confirmation is *due*, not a failure; one that says that something is not satisfied is a failure.
Source: the guide's "Test recovery procedure in staging", "Documentation update"; controls.md.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from shlex import quote
from types import MappingProxyType

from upkeep.domain import persons
from upkeep.errors import Absent
from upkeep.judges.attestations.ages import age_of
from upkeep.limits import Limits
from upkeep.model import Finding, Judgement, listed, rfc3339, span
from upkeep.records.attestations import Attestation, AttestationFile
from upkeep.records.configuration import StoredObject
from upkeep.records.workload import Install

# The controls that an attestation can earn or help, and the limit of its age.
LIMIT_OF: Mapping[str, str] = MappingProxyType(
    {
        "recovery-rehearsed": "recovery_age",
        "documentation-current": "documentation_age",
        "config-fresh": "config_age",
        "secrets-rotated": "secret_age",
        "architecture-reviewed": "signoff_age",
        "security-audited": "signoff_age",
        "runbooks-updated": "signoff_age",
        "emergency-procedures-reviewed": "signoff_age",
    }
)
# What is confirmed where the control is about that alone, as a person says it.
WHAT: Mapping[str, str] = MappingProxyType(
    {
        "recovery-rehearsed": "recovery was rehearsed in staging",
        "documentation-current": "runbook, procedures and configuration examples were reviewed",
        "config-fresh": "the configuration is still right",
        "architecture-reviewed": "the architecture was reviewed",
        "security-audited": "the security of the collector was audited",
        "runbooks-updated": "the runbooks were brought up to date",
        "emergency-procedures-reviewed": "the emergency procedures were reviewed",
    }
)
EVERY_TARGET = "*"
# The clock of whoever wrote it may be a little ahead of ours.
MOST_AHEAD = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Standing:
    """How the newest attestation for something stands.

    :ivar attestation: ``None`` where there is none.
    :ivar expires: when it ends, by its own word or by the limit, whichever is sooner.
    :ivar code: ``""`` where it holds; else what is wrong, and ``why`` in words.
    """

    attestation: Attestation | None
    expires: datetime | None = None
    code: str = ""
    why: str = ""

    @property
    def holds(self) -> bool:
        return self.attestation is not None and not self.code


def standing(
    attestations: AttestationFile,
    control: str,
    *,
    target: str,
    now: datetime,
    limits: Limits,
    object_name: str = "",
) -> Standing:
    """The newest attestation of a control on a target: whether it holds, and until when."""
    wanted = (target or "default", EVERY_TARGET)
    mine = [
        one
        for one in attestations.entries
        if (one.control, one.object) == (control, object_name) and one.target in wanted
    ]
    if not mine:
        return Standing(None, code="attestation-missing", why="nobody has confirmed it")
    newest = max(reversed(mine), key=lambda one: one.at)  # of one instant, what was written last
    expires = newest.at + timedelta(
        seconds=min(newest.valid_for_seconds, limits[LIMIT_OF[control]])
    )
    faulty = [one.file for one in newest.evidence if one.state != "same"]
    if newest.at > now + MOST_AHEAD:
        return Standing(
            newest,
            expires,
            "attestation-invalid",
            f"it is of {rfc3339(newest.at)}, which has not come yet",
        )
    if persons.same(newest.by, newest.reviewed_by):
        return Standing(
            newest,
            expires,
            "attestation-invalid",
            f"{newest.by} reviewed the own entry: a second person must",
        )
    if faulty:
        states = {one.file: one.state for one in newest.evidence}
        words = ", ".join(
            f"{name} {'is missing' if states[name] == 'missing' else 'was changed since'}"
            for name in faulty
        )
        return Standing(newest, expires, "attestation-invalid", f"of its evidence {words}")
    if expires <= now:
        return Standing(
            newest,
            expires,
            "attestation-expired",
            f"it ended at {rfc3339(expires)}, {span(now - expires) or '0 s'} ago",
        )
    return Standing(newest, expires)


def attest_command(control: str, *, file: str, object_name: str = "", target: str = "") -> str:
    """The command that confirms it, to be completed with names and words, and with a file where none was named."""
    which = f" --object='{object_name}'" if object_name else ""
    where = f" --target={target}" if target else ""
    return f"upkeep attest {control}{which}{where} --by=NAME --reviewed-by=NAME --explanation=TEXT --attestations={quote(file) if file else 'FILE'}"


def confirmed(
    control: str,
    attestations: AttestationFile,
    *,
    target: str,
    now: datetime,
    limits: Limits,
    install: Install,
) -> Judgement:
    """A control that an attestation alone earns: one of ``WHAT``."""
    name, what = LIMIT_OF[control], WHAT[control]
    found = standing(attestations, control, target=target, now=now, limits=limits)
    entry, basis = found.attestation, "attestations"
    if entry is not None:
        basis = f"attestation of {rfc3339(entry.at)} by {entry.by}, reviewed by {entry.reviewed_by}"
        if entry.evidence:
            basis += f", evidence {listed([one.file for one in entry.evidence])}"
    limit, unit = limits[name], "s old"
    subject = f"Deployment/{install.deployment}"
    command = attest_command(control, file=attestations.file, target=target)
    if found.code:
        message = f"That {what} within {limits.text(name)} is not confirmed: {found.why}."
        observed = (
            "not confirmed" if entry is None else f"confirmed {span(now - entry.at) or '0 s'} ago"
        )
        finding = Finding(subject, found.code, message, observed, limits.text(name), "", command)
        return Judgement(
            (finding,), observed, limit, unit, basis, due=True, valid_until=found.expires
        )
    assert entry is not None
    observed = (
        f"confirmed {span(now - entry.at) or '0 s'} ago, until {rfc3339(found.expires)}"
        if found.expires
        else "confirmed"
    )
    if not entry.satisfied:
        message = f"{entry.by} says that it is not so ({what}): {entry.explanation}"
        finding = Finding(
            subject, "attested-not-satisfied", message, "not satisfied", "satisfied", "", command
        )
        return Judgement((finding,), observed, limit, unit, basis, valid_until=found.expires)
    return Judgement((), observed, limit, unit, basis, valid_until=found.expires)


def configuration_fresh(
    stored: Sequence[StoredObject],
    attestations: AttestationFile,
    *,
    target: str,
    now: datetime,
    limits: Limits,
    install: Install,
) -> Judgement:
    """config-fresh: some of the configuration changed within ``limits["config_age"]``, or a person confirmed it as it is.

    :raises Absent: no configuration object is mounted.
    """
    if not stored:
        raise Absent("the pod template mounts no configuration object", source="pod template")
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
