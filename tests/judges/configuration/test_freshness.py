"""config-fresh."""

from datetime import timedelta

import pytest

from tests.judges.attestations.stored import owner, stored
from tests.judges.counting.counter_samples import INSTALL, codes
from tests.judges.samples import NOW
from upkeep.errors import Absent
from upkeep.judges.configuration.freshness import configuration_fresh
from upkeep.limits import Limits
from upkeep.model import Judgement
from upkeep.records.attestations import Attestation, AttestationFile
from upkeep.records.configuration import StoredObject


def signoff(*, days: float = 5) -> Attestation:
    at = NOW - timedelta(days=days)
    return Attestation(
        "config-fresh", "default", "", True, "compared", "Ada", "Grace", at, 31 * 86400
    )


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
    young = stored(owner("teams.yaml", days=2), days=2, name="teams", kind="ConfigMap")
    assert fresh(young).observed == "ConfigMap/teams key teams.yaml created 2 d ago"


def test_a_restore_is_no_change_of_the_configuration():
    """An object that velero made anew keeps the entries of its backup."""
    restored = stored(owner("teams.yaml", days=60), days=2, name="teams", kind="ConfigMap")
    assert fresh(restored).due


@pytest.mark.parametrize(
    "one", [OLD, stored(owner("teams.yaml", "other", days=3), name="teams"), stored(name="bare")]
)
def test_old_or_not_provable_it_is_due_until_a_person_confirms_it(one: StoredObject):
    assert (codes(fresh(one)), fresh(one).due) == (["attestation-missing"], True)
    assert not fresh(one, entries=(signoff(),)).findings
    assert codes(fresh(one, entries=(signoff(days=31),))) == ["attestation-expired"]


def test_no_configuration_object_is_absent():
    with pytest.raises(Absent, match="mounts no configuration object"):
        fresh()
