"""backup-restores."""

import pytest
from msgspec.structs import replace

from tests.judges.backups.backup_samples import (
    LIVE,
    NO_ACCESS,
    SECRET,
    backup,
    codes,
    folder,
    rehearsal,
    restorable,
    thing,
    week,
)
from upkeep.errors import Absent, Forbidden


def test_a_set_whose_every_object_is_accepted_both_ways_passes():
    judgement = restorable(week())
    assert (judgement.findings, judgement.observed) == (
        (),
        "set 20260102: 2 objects; 4 of 4 dry runs accepted",
    )


def test_a_gone_object_has_nothing_to_patch():
    newest = backup(0.1)
    assert not restorable(folder(newest), rehearsal(newest, patch=(404, "NotFound", ""))).findings


def test_a_refusal_is_told_with_the_servers_words():
    newest = backup(0.1)
    judgement = restorable(
        folder(newest), rehearsal(newest, create=(422, "Invalid", "data: too long"))
    )
    assert codes(judgement) == ["restore-refused"] * 2
    assert judgement.findings[0].message == (
        "The API server would refuse to restore ConfigMap/cano-collector-config as a new object (422 Invalid: data: too long)."
    )
    assert (
        judgement.findings[0].next
        == "kubectl apply --dry-run=server -f /backups/backup-20260102.yaml"
    )


def test_an_identity_that_may_not_write_cannot_restore():
    newest = backup(0.1)
    assert (
        codes(restorable(folder(newest), replace(rehearsal(newest, may=False), dry_runs=())))
        == ["may-not-restore"] * 2
    )


@pytest.mark.parametrize(
    ("objects", "code"),
    [
        (
            (
                thing(server_fields=("metadata.resourceVersion", "metadata.creationTimestamp")),
                thing(SECRET),
            ),
            "server-field-kept",
        ),
        ((thing(server_fields=("metadata.uid",)), thing(SECRET)), "server-field-kept"),
        ((*LIVE, thing(("ConfigMap", "kube-root-ca.crt"))), "foreign-object"),
        ((thing(namespace="other"), thing(SECRET)), "foreign-object"),
    ],
)
def test_what_would_stop_a_restore_is_found_in_the_files_alone(objects, code: str):
    """The way to rehearse matters only where nothing is wrong with the files."""
    for tried in (NO_ACCESS, rehearsal(backup(0.1, *objects))):
        assert codes(restorable(folder(backup(0.1, *objects)), tried)) == [code]


@pytest.mark.parametrize(
    ("tried", "kind"),
    [
        (NO_ACCESS, Forbidden),
        (replace(rehearsal(backup(0.1)), stamp="20260101"), Absent),
        (replace(rehearsal(backup(0.1)), dry_runs=()), Absent),
        (replace(rehearsal(backup(0.1)), dry_runs=rehearsal(backup(0.1)).dry_runs[1:]), Absent),
    ],
)
def test_what_was_not_rehearsed_is_no_pass(tried, kind):
    with pytest.raises(kind):
        restorable(folder(backup(0.1)), tried)
