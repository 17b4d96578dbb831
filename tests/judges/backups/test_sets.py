"""backups-complete, and what all judges of backups have in common."""

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzzing import examples
from tests.judges.backups.backup_samples import (
    CONFIG,
    SECRET,
    backup,
    codes,
    complete,
    folder,
    rehearsal,
    restorable,
    saved,
    thing,
    week,
)
from tests.judges.samples import ago
from upkeep.errors import Absent
from upkeep.model import Judgement
from upkeep.records.backups import BackupFault
from upkeep.records.configuration import ConfigurationReference


@pytest.mark.parametrize("judge", [saved, complete, restorable])
def test_no_backup_fails(judge):
    (finding,) = judge(folder()).findings
    assert (finding.code, finding.object) == ("no-backup", "Folder/backups")


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
        "The backup of 2025-12-31 is missing."
    ]
    assert not complete(those, created=ago(days=2)).findings
    assert len(complete(those).findings) == 5


def test_a_set_of_one_kind_alone_is_not_whole():
    (finding,) = complete(
        folder(*(backup(number + 0.1) for number in range(1, 8)), backup(0.1, thing()))
    ).findings
    assert (finding.code, finding.object) == ("no-secrets-in-set", "BackupSet/20260102")
    assert "The collector needs cano-collector-secrets." in finding.message
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
