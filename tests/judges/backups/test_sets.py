"""config-backed-up, backups-complete and backup-restores."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzzing import examples
from tests.judges.samples import NOW, ago, install, termination, unready, waiting, workload
from upkeep.errors import Absent, Forbidden, Unmeasured
from upkeep.judges.backups import restores, sets
from upkeep.limits import Limits
from upkeep.model import Judgement
from upkeep.records.access import AccessAnswer, DryRun, RestoreRehearsal
from upkeep.records.backups import BackupFault, BackupFile, BackupFolder, BackupSet
from upkeep.records.configuration import ConfigurationObject, ConfigurationReference, FieldOwner
from upkeep.records.workload import Condition, Workload

INSTALL = install()
LONG_AGO = ago(days=90)
CONFIG, SECRET = ("ConfigMap", "cano-collector-config"), ("Secret", "cano-collector-secrets")
REFERENCES = (ConfigurationReference(*CONFIG), ConfigurationReference(*SECRET))
NO_ACCESS = Forbidden("--acting-context may nothing")


def thing(
    which: tuple[str, str] = CONFIG, *, namespace: str = "monitoring", value: str = "1", **changes
) -> ConfigurationObject:
    kind, name = which
    plain = ConfigurationObject(
        kind,
        namespace,
        name,
        {"k": value},
        "Opaque" if kind == "Secret" else "",
        100,
        "backup-20260102.yaml",
    )
    return replace(plain, **changes)


LIVE = (thing(), thing(SECRET))


def backup(
    days: float = 0.1,
    *objects: ConfigurationObject,
    faults: tuple[BackupFault, ...] = (),
    mode: int = 0o600,
) -> BackupSet:
    taken = ago(days=days)
    stamp = f"{taken:%Y%m%d}"
    files = tuple(BackupFile(f"{part}-{stamp}.yaml", mode, taken) for part in ("backup", "secrets"))
    return BackupSet(
        stamp, taken.date().isoformat(), taken, "manifest", files, objects or LIVE, faults
    )


def folder(*sets: BackupSet, **changes) -> BackupFolder:
    return replace(
        BackupFolder(
            "/backups", False, tuple(sorted(sets, key=lambda one: one.stamp, reverse=True))
        ),
        **changes,
    )


def week(**changes) -> BackupFolder:
    return folder(*(backup(number + 0.1) for number in range(8)), **changes)


def saved(
    those: BackupFolder, live=LIVE, seen: Workload | Unmeasured | None = None, **limits: float
) -> Judgement:
    """Judged with pods that are well, unless others were ``seen``."""
    return sets.configuration_saved(
        those, live, seen or workload(), install=INSTALL, now=NOW, limits=Limits(limits)
    )


def complete(
    those: BackupFolder, references=REFERENCES, created=LONG_AGO, **limits: float
) -> Judgement:
    return sets.complete(
        those, references, created=created, install=INSTALL, now=NOW, limits=Limits(limits)
    )


def rehearsal(
    newest: BackupSet, *, may: bool = True, **refused: tuple[int, str, str]
) -> RestoreRehearsal:
    """Both ways of restoring each object of a set; ``refused`` are (status, reason, message) by action."""
    access = tuple(
        AccessAnswer("the acting identity", verb, "", "secrets", "", "monitoring", may)
        for verb in ("patch", "create")
    )
    runs = [
        DryRun(
            action,
            f"{one.kind}/{one.name}",
            action not in refused,
            *(refused.get(action) or (200,)),
        )
        for one in newest.objects
        for action in ("patch", "create")
    ]
    return RestoreRehearsal(newest.stamp, access, tuple(runs))


def restorable(
    those: BackupFolder, tried: RestoreRehearsal | Unmeasured | None = None, references=REFERENCES
) -> Judgement:
    if tried is None:
        tried = rehearsal(those.sets[0]) if those.sets else Absent("there is no backup")
    return restores.restorable(those, references, tried, install=INSTALL)


def codes(judgement: Judgement) -> list[str]:
    return [finding.code for finding in judgement.findings]


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
            "ConfigMap/teams is live and not in the newest backup, 20260102",
        ),
        (
            (thing(missing=True), thing(SECRET)),
            "configuration-object-gone",
            "ConfigMap/cano-collector-config is gone from the cluster",
        ),
        (
            (thing(namespace="other"), thing(SECRET)),
            "object-not-saved",
            "ConfigMap/cano-collector-config is live",
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
        "ConfigMap/cano-collector-config was changed 25 min ago (2026-01-02T11:35:00Z) by kubectl-edit, 2 min before container cano-collector of pod "
        "cano-collector-a began to crash: k (changed). Backup 20260102, the newest (2 h 24 min old), holds what was there."
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
        "holds: k (changed); last written 25 min ago (2026-01-02T11:35:00Z) by kubectl-edit. "
        "Save it if that was meant; if it was not, restore the backup."
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
        "Backup 20251231, the newest of before the change (2 d 2 h old), holds what was there."
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
    assert "Backup 20251231" in finding.message
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


@pytest.mark.parametrize("judge", [saved, complete, restorable])
def test_no_backup_fails(judge):
    (finding,) = judge(folder()).findings
    assert (finding.code, finding.object) == ("no-backup", "Folder//backups")


@pytest.mark.parametrize(
    "judge",
    [
        lambda: saved(week(), ()),
        lambda: complete(week(), ()),
        lambda: restorable(week(), references=()),
    ],
)
def test_a_pod_template_that_names_nothing_is_absent(judge):
    with pytest.raises(Absent, match="names no ConfigMap or Secret"):
        judge()


def test_a_set_for_each_day_passes():
    assert complete(week()) == Judgement(
        (), "7 of 7 days before today; 8 sets", 7, "days", "the sets in /backups since 2025-12-26"
    )


def test_each_missing_day_is_named_but_neither_today_nor_one_before_the_install():
    those = folder(backup(1.1), backup(3.1))
    assert [finding.message for finding in complete(those, created=ago(days=4)).findings] == [
        "There is no backup of 2025-12-31."
    ]
    assert not complete(those, created=ago(days=2)).findings
    assert len(complete(those).findings) == 5


def test_a_set_of_one_kind_alone_is_not_whole():
    (finding,) = complete(
        folder(*(backup(number + 0.1) for number in range(1, 8)), backup(0.1, thing()))
    ).findings
    assert (finding.code, finding.object) == ("no-secrets-in-set", "BackupSet/20260102")
    assert "the collector needs cano-collector-secrets" in finding.message
    assert not complete(
        folder(*(backup(number + 0.1, thing()) for number in range(8))),
        (ConfigurationReference(*CONFIG),),
    ).findings


@pytest.mark.parametrize(("size", "fails"), [(101, False), (100, False), (99, True)])
def test_a_set_that_lost_more_than_half_shrank(size: int, fails: bool):
    small = backup(0.1, thing(data_bytes=size), thing(SECRET, data_bytes=0))
    assert codes(complete(folder(*(backup(number + 0.1) for number in range(1, 8)), small))) == (
        ["backup-shrunk"] if fails else []
    )


@pytest.mark.parametrize(
    ("open_to_others", "mode", "fails"),
    [(True, 0o600, False), (True, 0o644, True), (False, 0o644, False)],
)
def test_files_that_everybody_may_read_fail_where_the_folder_lets_them_in(
    open_to_others: bool, mode: int, fails: bool
):
    those = folder(
        *(backup(number + 0.1) for number in range(1, 8)),
        backup(0.1, mode=mode),
        open_to_others=open_to_others,
    )
    assert codes(complete(those)) == (["readable-by-others"] if fails else [])


def test_a_fault_of_an_older_set_is_said():
    broken = backup(
        3.1, thing(), faults=(BackupFault("secrets-20251230.yaml", "file-empty", "it is empty"),)
    )
    assert codes(
        complete(folder(*(backup(number + 0.1) for number in (0, 1, 2, 4, 5, 6, 7)), broken))
    ) == ["file-empty"]
    assert not saved(folder(backup(0.1), broken)).findings


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
        "The API server would refuse to restore ConfigMap/cano-collector-config where it is gone (422 Invalid: data: too long)."
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


STEPS = st.sampled_from(["differs", "gone", "kept", "foreign", "cut", "open", "refused"])


@settings(max_examples=examples(80), deadline=None)
@given(bad=st.sets(STEPS), more=STEPS)
def test_a_further_fault_never_turns_a_failure_into_a_pass(bad: set[str], more: str):
    def ranks(those: set[str]) -> list[int]:
        objects = [
            thing(
                value="2" if "differs" in those else "1",
                server_fields=("metadata.uid",) if "kept" in those else (),
            )
        ]
        objects += [] if "gone" in those else [thing(SECRET)]
        objects += [thing(("ConfigMap", "other"))] if "foreign" in those else []
        faults = (
            (BackupFault("backup-20260102.yaml", "file-truncated", "cut"),)
            if "cut" in those
            else ()
        )
        newest = backup(0.1, *objects, faults=faults, mode=0o644 if "open" in those else 0o600)
        found = folder(
            newest, *(backup(number + 0.1) for number in range(1, 8)), open_to_others=True
        )
        tried = rehearsal(
            newest, **({"patch": (409, "Conflict", "")} if "refused" in those else {})
        )
        return [
            2 if one.findings else 0
            for one in (saved(found), complete(found), restorable(found, tried))
        ]

    assert all(
        after >= before for before, after in zip(ranks(bad), ranks(bad | {more}), strict=True)
    )


@settings(max_examples=examples(30), deadline=None)
@given(st.integers(0, 100))
def test_an_older_backup_never_turns_a_failure_into_a_pass(hours: int):
    young, old = folder(backup(hours / 24)), folder(backup((hours + 5) / 24))
    assert bool(saved(old).findings) >= bool(saved(young).findings)
    assert timedelta(hours=hours) > timedelta(hours=25) or not saved(young).findings
