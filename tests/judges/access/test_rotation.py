"""secrets-rotated and secrets-rotatable."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from tests.judges.access.secret_samples import FRESH, OLD, inventory, reference
from tests.judges.attestations.stored import owner, stored
from tests.judges.counting.counter_samples import INSTALL, codes
from tests.judges.samples import NOW, access
from upkeep.errors import Absent, Forbidden
from upkeep.judges.access import secrets
from upkeep.limits import Limits
from upkeep.model import Judgement
from upkeep.records.access import ActionRehearsal, DryRun
from upkeep.records.attestations import Attestation, AttestationFile
from upkeep.records.configuration import StoredObject


def attestation(
    subject: str = "Secret/slack key key", *, days: float = 5, **changes
) -> Attestation:
    plain = Attestation(
        "secrets-rotated",
        "default",
        subject,
        True,
        "rotated",
        "Ada",
        "Grace",
        NOW - timedelta(days=days),
        90 * 86400,
    )
    return replace(plain, **changes)


def rotated(
    *found: StoredObject,
    keys: tuple[str, ...] = (),
    attested: tuple[Attestation, ...] = (),
    **limits: float,
) -> Judgement:
    references = tuple(reference(one.name, *keys) for one in found)
    file = AttestationFile("/etc/a.yaml", attested)
    return secrets.rotated(
        inventory(*references, found=found),
        file,
        target="",
        now=NOW,
        limits=Limits(limits),
        install=INSTALL,
    )


def test_a_key_that_changed_by_itself_lately_passes():
    judgement = rotated(FRESH)
    assert (judgement.findings, judgement.observed, judgement.limit) == (
        (),
        "1 of 1 key changed within 90 d",
        90 * 86400,
    )


def test_a_key_that_is_proven_old_fails_with_the_patch_that_would_prove_the_next_rotation():
    (finding,) = rotated(OLD).findings
    assert (finding.object, finding.code, finding.observed, finding.limit) == (
        "Secret/slack key key",
        "secret-old",
        120 * 86400,
        90 * 86400,
    )
    assert (
        finding.message
        == "Secret/slack key key is too old: unchanged for 120 d by the managedFields entry of helm (limit 90 d). FILE is a patch whose stringData holds key alone."
    )
    assert finding.next == "kubectl -n monitoring patch secret slack --patch-file=FILE"


def test_what_an_operator_writes_is_rotated_there():
    (finding,) = rotated(stored(owner("key"), controlled_by=("ExternalSecret/slack",))).findings
    assert finding.message.endswith("Rotate it at its source: ExternalSecret/slack.")
    assert finding.next == "kubectl -n monitoring describe secret slack"


def test_what_cannot_be_proven_is_could_not_measure_with_the_way_to_prove_it():
    with pytest.raises(
        Absent,
        match=r"The last rotation of Secret/slack key a cannot be proven: helm changed this key, or b, 6 d ago \(likewise 1 more key\)",
    ) as caught:
        rotated(stored(owner("a", "b", days=6)))
    assert caught.value.next_step.startswith(
        "upkeep attest secrets-rotated --object='Secret/slack key a' --by=NAME"
    )
    assert caught.value.next_step.endswith(" --attestations=/etc/a.yaml")


def test_a_failure_that_is_known_is_told_also_where_another_cannot_be_proven():
    judgement = rotated(OLD, stored(name="dsn"))
    assert codes(judgement) == ["secret-old"]
    assert judgement.observed == "0 of 2 keys changed within 90 d, 1 of unproven age"
    assert isinstance(judgement.unmeasured, Absent)
    assert judgement.unmeasured.next_step.startswith("upkeep attest secrets-rotated")


def test_only_the_keys_that_are_taken_are_judged():
    one = stored(owner("key", days=6), owner("legacy", days=120))
    assert not rotated(one, keys=("key",)).findings
    assert codes(rotated(one)) == ["secret-old"]


@pytest.mark.parametrize(
    ("entry", "proof"),
    [
        (attestation(), True),
        (attestation("Secret/slack"), True),
        (attestation("Secret/other"), False),
        (attestation(days=91), False),
        (attestation(valid_for_seconds=86400.0), False),
        (attestation(reviewed_by="ADA"), False),
        (attestation(satisfied=False), False),
        (attestation(target="staging"), False),
        (attestation(target="*"), True),
        (attestation(days=-1), False),
        (attestation(control="recovery-rehearsed"), False),
    ],
)
def test_an_attestation_is_proof_where_it_holds(entry: Attestation, proof: bool):
    assert bool(rotated(OLD, attested=(entry,)).findings) is not proof


def test_no_secret_is_nothing_to_rotate():
    assert rotated().observed == "no Secret is referenced"


def rehearsal(
    *runs: DryRun, allowed: bool = True, names: tuple[str, ...] = ("slack",)
) -> ActionRehearsal:
    return ActionRehearsal(
        tuple(
            access(verb="patch", resource="secrets", name=name, allowed=allowed) for name in names
        ),
        runs,
    )


ACCEPTED = DryRun("patch", "Secret/slack", True, 200)


def rotatable(tried: ActionRehearsal | Exception, *found: StoredObject) -> Judgement:
    return secrets.rotatable(
        inventory(*(reference(one.name) for one in found), found=found), tried, install=INSTALL
    )


def test_an_accepted_rotation_passes():
    judgement = rotatable(rehearsal(ACCEPTED), OLD)
    assert (judgement.findings, judgement.observed) == (
        (),
        "the dry run accepts a rotation of 1 of 1 Secret",
    )


def test_who_may_not_patch_cannot_rotate():
    (finding,) = rotatable(rehearsal(allowed=False), OLD).findings
    assert (finding.code, finding.observed, finding.limit) == (
        "rotation-forbidden",
        "forbidden",
        "allowed",
    )


@pytest.mark.parametrize(
    ("run", "code"),
    [
        (
            DryRun(
                "patch",
                "Secret/slack",
                False,
                422,
                "Invalid",
                "data: Forbidden: field is immutable when `immutable` is set",
            ),
            "secret-immutable",
        ),
        (
            DryRun("patch", "Secret/slack", False, 403, "Forbidden", "admission webhook denied it"),
            "rotation-refused",
        ),
        (
            DryRun("patch", "Secret/slack", False, 403, "Forbidden", "immutable by policy"),
            "rotation-refused",
        ),
    ],
)
def test_a_refused_rotation_fails_and_an_immutable_one_by_its_name(run: DryRun, code: str):
    assert codes(rotatable(rehearsal(run), OLD)) == [code]


def test_what_an_operator_writes_needs_no_rehearsal():
    foreign = stored(owner("key"), controlled_by=("ExternalSecret/slack",))
    judgement = rotatable(Absent("no identity was named"), foreign)
    assert judgement.observed == "ExternalSecret/slack writes Secret/slack, so rotate it there"
    with pytest.raises(Forbidden):
        rotatable(Forbidden("no"), foreign, replace(OLD, name="own"))


ESO = "externalsecrets.external-secrets.io/cano-slack"


def test_who_owns_the_data_writes_it_also_without_an_owner_reference():
    merged = stored(owner("key", manager=ESO, others=True))
    judgement = rotatable(Absent("no identity was named"), merged)
    assert judgement.observed == f"{ESO} writes Secret/slack, so rotate it there"


def test_keys_that_people_write_beside_an_operators_are_rehearsed():
    merged = stored(owner("key", manager=ESO), owner("own", manager="kubectl-patch"))
    judgement = rotatable(rehearsal(ACCEPTED), merged)
    assert judgement.observed == (
        f"the dry run accepts a rotation of 1 of 1 Secret; {ESO} writes Secret/slack key key, so rotate it there"
    )
    with pytest.raises(Forbidden):
        rotatable(Forbidden("no"), merged)


def test_an_operators_key_that_the_collector_does_not_take_does_not_matter():
    merged = stored(owner("key", manager="kubectl"), owner("other", manager=ESO))
    needed = inventory(reference("slack", "key"), found=(merged,))
    judgement = secrets.rotatable(needed, rehearsal(ACCEPTED), install=INSTALL)
    assert judgement.observed == "the dry run accepts a rotation of 1 of 1 Secret"


def test_stripped_managed_fields_leave_the_writers_unknown_and_that_is_said():
    bare = replace(OLD, owners=())
    assert rotatable(rehearsal(ACCEPTED), bare).observed.endswith(
        "; no managedFields, so its writers are unknown: slack"
    )


def test_a_copy_that_a_controller_made_lately_proves_no_rotation():
    """A new cluster gets every Secret anew, with the values of the vault."""
    copy = stored(owner("key", manager="vault-secrets-operator", days=20), days=20)
    with pytest.raises(Absent, match="vault-secrets-operator copied the value"):
        rotated(copy)
    assert not rotated(copy, attested=(attestation(),)).findings


def test_one_that_was_not_rehearsed_is_never_accepted():
    with pytest.raises(Absent, match="No dry run of a rotation of Secret/b"):
        rotatable(rehearsal(ACCEPTED), OLD, replace(OLD, name="b"))
    with pytest.raises(Absent, match="No dry run of a rotation of Secret/slack"):
        rotatable(rehearsal(), OLD)
