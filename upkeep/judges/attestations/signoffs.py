"""Sign-offs: is a control that only a person can confirm confirmed, by whom, and until when?

A missing or expired sign-off is *due*, not a failure. A sign-off that says *not satisfied* is a failure.
Source: docs/guide.rst, "Test recovery procedure in staging", "Documentation update".
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from types import MappingProxyType

from msgspec import Struct

from upkeep.domain.decisions import persons
from upkeep.limits import Limits
from upkeep.model import Finding, Judgement, listed, span, utc
from upkeep.records.attestations import Attestation, AttestationFile
from upkeep.records.workload import Install
from upkeep.shell import Command, shell

# The limit of a sign-off's age, for each control that one can satisfy or help.
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
# The subject of the sign-off, where it alone satisfies the control.
WHAT: Mapping[str, str] = MappingProxyType(
    {
        "recovery-rehearsed": "a rehearsal of recovery in staging",
        "documentation-current": "a review of runbook, procedures and configuration examples",
        "config-fresh": "a review of the unchanged configuration",
        "architecture-reviewed": "a review of the architecture",
        "security-audited": "an audit of the collector's security",
        "runbooks-updated": "an update of the runbooks",
        "emergency-procedures-reviewed": "a review of the emergency procedures",
    }
)
EVERY_TARGET = "*"
# The clock of the machine that wrote an entry may be ahead of ours.
MOST_AHEAD = timedelta(minutes=5)


class Standing(Struct, frozen=True):
    """The newest sign-off of a control, and whether it is valid.

    :ivar attestation: ``None`` where there is none.
    :ivar expires: its end, by its own ``valid_for`` or by the limit, whichever is sooner.
    :ivar code: ``""`` where it is valid; else the finding's code, and ``why`` in words.
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
    """Return the newest sign-off of a control on a target, and whether it is valid."""
    wanted = (target or "default", EVERY_TARGET)
    mine = [
        one
        for one in attestations.entries
        if (one.control, one.object) == (control, object_name) and one.target in wanted
    ]
    if not mine:
        return Standing(None, code="attestation-missing", why="no entry for this target")
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
            f"its time {utc(newest.at)} is in the future",
        )
    if persons.same(newest.by, newest.reviewed_by):
        return Standing(
            newest,
            expires,
            "attestation-invalid",
            f"{newest.by} signed and reviewed it; a second person must review",
        )
    if faulty:
        states = {one.file: one.state for one in newest.evidence}
        words = ", ".join(
            f"{name} {'is missing' if states[name] == 'missing' else 'changed since'}"
            for name in faulty
        )
        return Standing(
            newest, expires, "attestation-invalid", f"its evidence is not intact: {words}"
        )
    if expires <= now:
        return Standing(
            newest,
            expires,
            "attestation-expired",
            f"it expired at {utc(expires)}, {span(now - expires) or '0 s'} ago",
        )
    return Standing(newest, expires)


def attest_command(control: str, *, file: str, object_name: str = "", target: str = "") -> Command:
    """Return the command that adds a sign-off, with capitals for what the user fills in."""
    which = shell(" --object={}", object_name) if object_name else Command()
    where = shell(" --target={}", target) if target else Command()
    return shell(
        "upkeep attest {}{}{} --by=NAME --reviewed-by=REVIEWER --explanation=TEXT --attestations={}",
        control,
        which,
        where,
        file or "FILE",
    )


def confirmed(
    control: str,
    attestations: AttestationFile,
    *,
    target: str,
    now: datetime,
    limits: Limits,
    install: Install,
) -> Judgement:
    """Judge a control of ``WHAT``: its newest sign-off is valid and says *satisfied*."""
    name, what = LIMIT_OF[control], WHAT[control]
    found = standing(attestations, control, target=target, now=now, limits=limits)
    entry, basis = found.attestation, "attestations"
    if entry is not None:
        basis = f"attestation of {utc(entry.at)} by {entry.by}, reviewed by {entry.reviewed_by}"
        if entry.evidence:
            basis += f", evidence {listed([one.file for one in entry.evidence])}"
    limit, unit = limits[name], "s old"
    subject = f"Deployment/{install.deployment}"
    command = attest_command(control, file=attestations.file, target=target)
    if found.code:
        message = f"No valid sign-off for {what}: {found.why} (limit {limits.text(name)})."
        observed = (
            "no sign-off" if entry is None else f"signed off {span(now - entry.at) or '0 s'} ago"
        )
        finding = Finding(subject, found.code, message, observed, limits.text(name), "", command)
        return Judgement(
            (finding,), observed, limit, unit, basis, due=True, valid_until=found.expires
        )
    assert entry is not None
    observed = (
        f"signed off {span(now - entry.at) or '0 s'} ago, valid until {utc(found.expires)}"
        if found.expires
        else "signed off"
    )
    if not entry.satisfied:
        message = f"The sign-off for {what} by {entry.by} says not satisfied: {entry.explanation}"
        finding = Finding(
            subject, "attested-not-satisfied", message, "not satisfied", "satisfied", "", command
        )
        return Judgement((finding,), observed, limit, unit, basis, valid_until=found.expires)
    return Judgement((), observed, limit, unit, basis, valid_until=found.expires)
