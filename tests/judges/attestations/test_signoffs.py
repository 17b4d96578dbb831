"""recovery-rehearsed, documentation-current and the sign-offs of a quarter."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from tests.judges.counting.counter_samples import INSTALL, codes
from tests.judges.samples import NOW
from upkeep.judges.attestations.signoffs import attest_command, confirmed
from upkeep.limits import Limits
from upkeep.model import Judgement
from upkeep.records.attestations import Attestation, AttestationFile, AttestedFile


def entry(*, days: float = 5, **changes) -> Attestation:
    plain = Attestation(
        "recovery-rehearsed",
        "default",
        "",
        True,
        "restored",
        "Ada",
        "Grace",
        NOW - timedelta(days=days),
        31 * 86400,
    )
    return replace(plain, **changes)


def judge(*entries: Attestation, target: str = "", **limits: float) -> Judgement:
    return confirmed(
        "recovery-rehearsed",
        AttestationFile("/etc/upkeep/attestations.yaml", entries),
        target=target,
        now=NOW,
        limits=Limits(limits),
        install=INSTALL,
    )


def test_a_confirmation_that_holds_passes_and_says_until_when():
    judgement = judge(entry(evidence=(AttestedFile("drill.md", "same"),)))
    assert (judgement.findings, judgement.due, judgement.valid_until) == (
        (),
        False,
        NOW + timedelta(days=26),
    )
    assert judgement.observed == "signed off 5 d ago, valid until 2026-01-28 12:00 UTC"
    assert (
        judgement.basis
        == "attestation of 2025-12-28 12:00 UTC by Ada, reviewed by Grace, evidence drill.md"
    )


@pytest.mark.parametrize(
    ("entries", "code", "why"),
    [
        ((), "attestation-missing", "no entry for this target"),
        ((entry(target="staging"),), "attestation-missing", "no entry for this target"),
        ((entry(control="documentation-current"),), "attestation-missing", "no entry for this target"),
        ((entry(object="Secret/x"),), "attestation-missing", "no entry for this target"),
        ((entry(days=31),), "attestation-expired", "it expired at 2026-01-02 12:00 UTC, 0 s ago"),
        ((entry(days=9, valid_for_seconds=7 * 86400.0),), "attestation-expired", "it expired at 2025-12-31 12:00 UTC, 2 d ago"),
        ((entry(days=40, valid_for_seconds=300 * 86400.0),), "attestation-expired", "it expired at 2025-12-24 12:00 UTC, 9 d ago"),
        ((entry(days=-1),), "attestation-invalid", "its time 2026-01-03 12:00 UTC is in the future"),
        ((entry(reviewed_by="ADA"),), "attestation-invalid", "Ada signed and reviewed it; a second person must review"),
        ((entry(evidence=(AttestedFile("a", "differs"), AttestedFile("b", "missing"))),), "attestation-invalid",
         "its evidence is not intact: a changed since, b is missing"),
        ((entry(days=2, reviewed_by="Ada"), entry(days=3)), "attestation-invalid", "Ada signed and reviewed it; a second person must review"),
    ],
)  # fmt: skip
def test_what_does_not_hold_is_due_and_says_why(
    entries: tuple[Attestation, ...], code: str, why: str
):
    judgement = judge(*entries)
    (finding,) = judgement.findings
    assert (finding.code, judgement.due) == (code, True)
    assert (
        finding.message
        == f"No valid sign-off for a rehearsal of recovery in staging: {why} (limit 31 d)."
    )
    assert finding.next == (
        "upkeep attest recovery-rehearsed --by=NAME --reviewed-by=REVIEWER --explanation=TEXT --attestations=/etc/upkeep/attestations.yaml"
    )


def test_the_entry_is_asked_for_where_the_run_reads_it():
    """The file that was named, as a shell takes it; where none was, a word for one."""
    assert attest_command("runbooks-updated", file="/my files/a.yaml", target="prod").endswith(
        " --attestations='/my files/a.yaml'"
    )
    assert attest_command("runbooks-updated", file="").endswith(" --attestations=FILE")


def test_what_is_said_not_to_be_satisfied_is_a_failure():
    judgement = judge(entry(satisfied=False, explanation="the backup held no teams"))
    assert (codes(judgement), judgement.due) == (["attested-not-satisfied"], False)


def test_the_target_is_the_entrys_or_every_one():
    assert not judge(entry(target="prod"), target="prod").findings
    assert not judge(entry(target="*"), target="prod").findings
    assert judge(entry(), target="prod").due


def test_a_longer_limit_does_not_outlast_the_entrys_own_word():
    assert judge(entry(days=40), recovery_age=92 * 86400.0).due
    assert not judge(entry(days=40, valid_for_seconds=92 * 86400.0), recovery_age=92 * 86400.0).due
