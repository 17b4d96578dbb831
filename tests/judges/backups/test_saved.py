"""config-backed-up."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from tests.judges.backups.backup_samples import (
    LIVE,
    SECRET,
    backup,
    codes,
    folder,
    saved,
    thing,
    week,
)
from tests.judges.samples import ago, termination, unready, waiting, workload
from upkeep.errors import Forbidden, Unmeasured
from upkeep.model import Judgement
from upkeep.records.backups import BackupFault
from upkeep.records.configuration import ConfigurationObject, FieldOwner
from upkeep.records.workload import Condition, Workload


def test_a_backup_that_equals_what_is_live_passes():
    assert saved(week()) == Judgement(
        (),
        "set 20260102, 2 h 24 min old by its manifest: 2 of 2 objects equal",
        25,
        "h",
        "the newest set in /backups, compared with what is live by keyed digests",
    )


@pytest.mark.parametrize(("hours", "fails"), [(24.9, False), (25, False), (25.1, True)])
def test_a_backup_is_too_old_beyond_its_age(hours: float, fails: bool):
    assert codes(saved(folder(backup(hours / 24)))) == (["backup-set-too-old"] if fails else [])


@pytest.mark.parametrize(
    ("live", "code", "words"),
    [
        ((thing(value="2"), thing(SECRET)), "object-differs", "k (changed)"),
        ((thing(keys={}), thing(SECRET)), "object-differs", "k (only in the backup)"),
        ((thing(keys={"k": "1", "n": "1"}), thing(SECRET)), "object-differs", "n (only live)"),
        ((thing(), thing(SECRET, type="kubernetes.io/tls")), "object-differs", "the Secret's type"),
        (
            (*LIVE, thing(("ConfigMap", "teams"))),
            "object-not-saved",
            "The newest backup, set 20260102, lacks the live ConfigMap/teams.",
        ),
        (
            (thing(missing=True), thing(SECRET)),
            "configuration-object-gone",
            "ConfigMap/cano-collector-config does not exist in the cluster",
        ),
        (
            (thing(namespace="other"), thing(SECRET)),
            "object-not-saved",
            "lacks the live ConfigMap/cano-collector-config",
        ),
    ],
)
def test_what_is_not_as_it_is_live_is_named_without_its_value(live, code: str, words: str):
    (finding,) = saved(week(), live).findings
    assert finding.code == code
    assert words in finding.message


def crashing(**since: float) -> Workload:
    """Both pods' containers have been crashing for so long, the first one a minute longer."""
    status = waiting("CrashLoopBackOff", last_termination=termination())
    unmet = [
        Condition("Ready", "False", changed=ago(**since) - timedelta(minutes=more))
        for more in (1, 0)
    ]
    return workload(
        *(
            unready(name, status=status, conditions=(one,))
            for name, one in zip("ab", unmet, strict=True)
        )
    )


def edited(minutes: float, **changes) -> ConfigurationObject:
    owners = (
        FieldOwner("helm", ago(days=30), ("other",), True),
        FieldOwner("kubectl-edit", ago(minutes=minutes), ("k",), False),
    )
    return thing(value="2", owners=owners, **changes)


def test_a_change_before_a_crash_is_named_with_its_writer_and_the_restore_of_what_was_there():
    (finding,) = saved(week(), (edited(25), thing(SECRET)), crashing(minutes=22)).findings
    assert (finding.object, finding.code) == (
        "ConfigMap/cano-collector-config",
        "changed-before-crash",
    )
    assert (finding.observed, finding.limit, finding.unit) == (1, 0, "differing keys")
    assert finding.message == (
        "ConfigMap/cano-collector-config changed 25 min ago (2026-01-02 11:35 UTC) by kubectl-edit, 2 min before container cano-collector of pod "
        "cano-collector-a began to crash: k (changed). Set 20260102, the newest (2 h 24 min old), holds the earlier content."
    )
    assert finding.next == (
        "kubectl -n monitoring apply --server-side --force-conflicts -f /backups/backup-20260102.yaml && "
        "kubectl -n monitoring rollout restart deployment/cano-collector"
    )


@pytest.mark.parametrize(
    ("live", "seen"),
    [
        (edited(25), workload()),
        (edited(25), crashing(minutes=27)),
        (edited(25), Forbidden("may not list pods")),
        (replace(edited(25), owners=()), crashing(minutes=22)),
        (
            replace(edited(25), owners=(FieldOwner("old", None, ("k",), False),)),
            crashing(minutes=22),
        ),
        (edited(3 * 24 * 60), crashing(minutes=22)),
    ],
)
def test_a_change_that_is_not_known_to_have_come_first_is_only_a_difference(
    live: ConfigurationObject, seen: Workload | Unmeasured
):
    """Nothing crashes; it crashed before; it cannot be seen; nobody is known to have written it, or when; it is older than the backup."""
    (finding,) = saved(week(), (live, thing(SECRET)), seen).findings
    assert (finding.code, finding.next) == (
        "object-differs",
        "upkeep backup --namespace=monitoring --backups=/backups",
    )


def test_who_made_a_difference_is_said_and_that_not_every_change_is_to_be_saved():
    (finding,) = saved(week(), (edited(25), thing(SECRET))).findings
    assert finding.message.endswith(
        "set 20260102: k (changed). Last written 25 min ago (2026-01-02 11:35 UTC) by kubectl-edit. "
        "Back it up if the change is wanted, else restore the backup."
    )


def test_a_backup_of_what_crashes_is_none():
    """The nightly backup came after the change: the newest that holds something else is the one to restore."""
    held, live = thing(value="2"), (edited(60 * 24 * 1.5), thing(SECRET))
    sets = folder(
        backup(0.1, held, thing(SECRET)), backup(1.1, held, thing(SECRET)), backup(2.1), backup(3.1)
    )
    (finding,) = saved(sets, live, crashing(hours=30)).findings
    assert finding.code == "changed-before-crash"
    assert (
        "Set 20251231, the newest before the change (2 d 2 h old), holds the earlier content."
        in finding.message
    )
    assert saved(sets, live).findings == ()


def test_what_cannot_be_restored_is_not_offered():
    kept = thing(server_fields=("metadata.resourceVersion",))
    cut = (BackupFault("backup-20260101.yaml", "file-truncated", "it was cut"),)
    sets = folder(backup(0.1, kept, thing(SECRET)), backup(1.1, faults=cut), backup(2.1))
    (finding,) = saved(sets, (edited(25), thing(SECRET)), crashing(minutes=22)).findings
    assert (
        "-f /backups/backup-20260102.yaml" in finding.next
    )  # the files of a set carry its objects' names here
    assert "Set 20251231" in finding.message
    (only,) = saved(
        folder(backup(0.1, kept, thing(SECRET))), (edited(25), thing(SECRET)), crashing(minutes=22)
    ).findings
    assert only.code == "object-differs"


def test_the_restore_brings_back_every_file_that_differs_and_takes_away_what_was_added():
    files = (
        replace(thing(), file="backup-20260102.yaml"),
        replace(thing(SECRET), file="secrets-20260102.yaml.age"),
    )
    more = {"k": "2", "new.yaml": "3"}
    live = (
        edited(25, keys=more),
        replace(
            thing(SECRET, value="2"),
            owners=(FieldOwner("kubectl", ago(minutes=24), ("k",), False),),
        ),
    )
    first, second = saved(
        folder(backup(0.1, *files), identity="/keys/id.txt"), live, crashing(minutes=20)
    ).findings
    assert first.next == second.next
    assert first.next.split(" && ") == [
        "kubectl -n monitoring apply --server-side --force-conflicts -f /backups/backup-20260102.yaml",
        "age --decrypt -i /keys/id.txt /backups/secrets-20260102.yaml.age | kubectl -n monitoring apply --server-side --force-conflicts -f -",
        'kubectl -n monitoring patch configmap cano-collector-config --type=merge -p \'{"data":{"new.yaml":null}}\'',
        "kubectl -n monitoring rollout restart deployment/cano-collector",
    ]
    assert first.message.count("new.yaml (only live), k (changed)") == 1


def test_what_is_gone_is_brought_back():
    (finding,) = saved(week(), (thing(missing=True), thing(SECRET))).findings
    assert finding.next.startswith(
        "kubectl -n monitoring apply --server-side --force-conflicts -f /backups/backup-20260102.yaml && "
    )
    (finding,) = saved(
        folder(backup(0.1, thing(SECRET))), (thing(missing=True), thing(SECRET))
    ).findings
    assert finding.next == "kubectl -n monitoring get configmaps"


def test_of_a_set_with_a_fault_the_fault_is_said_and_not_what_it_hides():
    broken = backup(
        0.1, thing(), faults=(BackupFault("secrets-20260102.yaml", "file-truncated", "it was cut"),)
    )
    assert codes(saved(folder(broken))) == ["file-truncated"]
