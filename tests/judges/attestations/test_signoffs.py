"""recovery-rehearsed, documentation-current and config-fresh."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.judges.attestations.stored import owner, stored
from tests.judges.counting.counter_samples import INSTALL, codes
from tests.judges.samples import NOW
from upkeep.errors import Absent
from upkeep.judges.attestations.signoffs import attest_command, configuration_fresh, confirmed
from upkeep.limits import Limits
from upkeep.model import Judgement
from upkeep.records.attestations import Attestation, AttestationFile, AttestedFile
from upkeep.records.configuration import StoredObject


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
    assert judgement.observed == "confirmed 5 d ago, until 2026-01-28T12:00:00Z"
    assert (
        judgement.basis
        == "attestation of 2025-12-28T12:00:00Z by Ada, reviewed by Grace, evidence drill.md"
    )


@pytest.mark.parametrize(
    ("entries", "code", "why"),
    [
        ((), "attestation-missing", "nobody has confirmed it"),
        ((entry(target="staging"),), "attestation-missing", "nobody has confirmed it"),
        ((entry(control="documentation-current"),), "attestation-missing", "nobody has confirmed it"),
        ((entry(object="Secret/x"),), "attestation-missing", "nobody has confirmed it"),
        ((entry(days=31),), "attestation-expired", "it ended at 2026-01-02T12:00:00Z, 0 s ago"),
        ((entry(days=9, valid_for_seconds=7 * 86400.0),), "attestation-expired", "it ended at 2025-12-31T12:00:00Z, 2 d ago"),
        ((entry(days=40, valid_for_seconds=300 * 86400.0),), "attestation-expired", "it ended at 2025-12-24T12:00:00Z, 9 d ago"),
        ((entry(days=-1),), "attestation-invalid", "it is of 2026-01-03T12:00:00Z, which has not come yet"),
        ((entry(reviewed_by="ADA"),), "attestation-invalid", "Ada reviewed the own entry: a second person must"),
        ((entry(evidence=(AttestedFile("a", "differs"), AttestedFile("b", "missing"))),), "attestation-invalid",
         "of its evidence a was changed since, b is missing"),
        ((entry(days=2, reviewed_by="Ada"), entry(days=3)), "attestation-invalid", "Ada reviewed the own entry: a second person must"),
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
        == f"That recovery was rehearsed in staging within 31 d is not confirmed: {why}."
    )
    assert finding.next == (
        "upkeep attest recovery-rehearsed --by=NAME --reviewed-by=NAME --explanation=TEXT --attestations=/etc/upkeep/attestations.yaml"
    )


def test_the_entry_is_asked_for_where_the_run_reads_it():
    """The file that was named, as a shell takes it; where none was, a word for one."""
    assert attest_command("runbooks-updated", file="/my files/a.yaml", target="prod").endswith(
        " --attestations='/my files/a.yaml'"
    )
    (finding,) = fresh(OLD).findings
    assert finding.next.endswith(" --attestations=FILE")


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


def fresh(*objects: StoredObject, entries: tuple[Attestation, ...] = ()) -> Judgement:
    return configuration_fresh(
        objects, AttestationFile("", entries), target="", now=NOW, limits=Limits(), install=INSTALL
    )


OLD = stored(owner("teams.yaml", days=60), name="teams", kind="ConfigMap")


def test_one_object_that_changed_lately_is_enough():
    judgement = fresh(OLD, stored(owner("destinations.yaml", days=9), name="destinations"))
    assert (judgement.findings, judgement.observed) == (
        (),
        "Secret/destinations key destinations.yaml changed 9 d ago by helm",
    )
    assert (
        fresh(replace(OLD, created=NOW - timedelta(days=2))).observed
        == "ConfigMap/teams key teams.yaml created 2 d ago"
    )


@pytest.mark.parametrize(
    "one", [OLD, stored(owner("teams.yaml", "other", days=3), name="teams"), stored(name="bare")]
)
def test_old_or_not_provable_it_is_due_until_a_person_confirms_it(one: StoredObject):
    assert (codes(fresh(one)), fresh(one).due) == (["attestation-missing"], True)
    assert not fresh(one, entries=(entry(control="config-fresh"),)).findings
    assert codes(fresh(one, entries=(entry(control="config-fresh", days=31),))) == [
        "attestation-expired"
    ]


def test_no_configuration_object_is_absent():
    with pytest.raises(Absent, match="mounts no configuration object"):
        fresh()
