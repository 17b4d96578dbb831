"""The ledger's files: written whole, read in part, and what was done to them since."""

import gzip
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from pathlib import Path

import pytest

from upkeep.adapters.folders import ledger
from upkeep.errors import BadInput
from upkeep.records.ledger import SCHEMA, KeptFinding, KeptResult, KeptRun, RunHeader, StartedRun

NOON = datetime(2026, 1, 2, 12, 0, tzinfo=UTC)


def header(number: int, *, parents: dict[str, str] | None = None, suffix: str = "a") -> RunHeader:
    started = NOON + timedelta(days=number)
    return RunHeader(
        schema=SCHEMA,
        run=f"{started:%Y%m%dT%H%M%SZ}-{suffix}",
        started=started,
        ended=started + timedelta(seconds=5),
        version="0.1.0",
        targets=("default",),
        cadences=("daily",),
        complete={"default": ("daily",)},
        parents=parents or {},
    )


def result(control: str = "pods-ready", outcome: str = "pass") -> KeptResult:
    findings = (KeptFinding("not-ready", "Deployment/a", "Pod/a-1"),) if outcome == "fail" else ()
    return KeptResult(
        target="default",
        control=control,
        outcome=outcome,
        severity="critical",
        cadence=("daily",),
        gate=True,
        findings=findings,
        measured=NOON,
    )


def filled(folder: Path, number: int = 4) -> list[KeptRun]:
    folder.mkdir(exist_ok=True)
    kept: list[KeptRun] = []
    for day in range(number):
        parents = ledger.newest(kept)
        kept.append(ledger.record(folder, header(day, parents=parents), [result()]))
    return kept


def codes(folder: Path, *expect: str) -> list[tuple[str, str]]:
    return [(fault.code, fault.file) for fault in ledger.verify(folder, expect=expect)[1]]


def test_what_is_recorded_is_read_back(tmp_path: Path) -> None:
    written = ledger.record(tmp_path, header(0), [result(), result("health-ok", "fail")])
    kept, faults = ledger.runs(tmp_path)
    assert (kept, faults) == ([written], [])
    assert list(ledger.results(tmp_path, written)) == [result(), result("health-ok", "fail")]


def test_no_folder_and_an_empty_one_hold_no_run(tmp_path: Path) -> None:
    assert ledger.runs(tmp_path / "none") == ([], [])
    assert ledger.verify(tmp_path) == ([], [])


def test_a_sound_ledger_has_no_fault_and_one_newest(tmp_path: Path) -> None:
    kept = filled(tmp_path)
    assert codes(tmp_path) == []
    assert ledger.newest(kept) == {kept[-1].file: kept[-1].digest}


def test_an_edited_file_is_found(tmp_path: Path) -> None:
    kept = filled(tmp_path)
    path = tmp_path / kept[1].file
    text = gzip.decompress(path.read_bytes()).replace(b'"pass"', b'"fail"')
    path.write_bytes(gzip.compress(text, mtime=0))
    assert codes(tmp_path) == [("file-altered", kept[1].file)]


def test_a_file_removed_in_the_middle_is_found(tmp_path: Path) -> None:
    kept = filled(tmp_path)
    (tmp_path / kept[2].file).unlink()
    assert codes(tmp_path) == [("file-removed", kept[2].file)]


def test_the_removal_of_the_newest_is_found_by_its_digest_alone(tmp_path: Path) -> None:
    kept = filled(tmp_path)
    assert codes(tmp_path, kept[-1].digest[:16]) == []
    (tmp_path / kept[-1].file).unlink()
    assert codes(tmp_path) == []
    assert codes(tmp_path, kept[-1].digest) == [("newest-removed", "")]


@pytest.mark.parametrize(
    "damage",
    [
        lambda body: body[:-20],
        lambda body: body[:15],
        lambda body: b"",
        lambda body: b"not gzip at all",
        lambda body: body + b"more",
        lambda body: gzip.compress(b'{"schema": 1}\n'),
        lambda body: gzip.compress(b"[" * 100_000 + b"\n"),
        lambda body: gzip.compress(gzip.decompress(body) + b'{"target": 7}\n'),
        lambda body: gzip.compress(gzip.decompress(body)[:-3]),
    ],
)
def test_a_damaged_file_is_unreadable_and_hides_no_other(tmp_path: Path, damage) -> None:
    kept = filled(tmp_path)
    path = tmp_path / kept[-1].file
    path.write_bytes(damage(path.read_bytes()))
    assert ("file-unreadable", kept[-1].file) in codes(tmp_path)
    assert len(ledger.runs(tmp_path)[0]) >= 3


def test_a_newer_schema_is_refused_with_its_number(tmp_path: Path) -> None:
    body = b'{"schema":2,"run":"20260102T120000Z-a","started":"2026-01-02T12:00:00Z",'
    body += b'"ended":"2026-01-02T12:00:00Z","version":"9"}\n'
    (tmp_path / "20260102T120000Z-a.jsonl.gz").write_bytes(gzip.compress(body))
    ((fault,), kept) = ledger.runs(tmp_path)[1], ledger.runs(tmp_path)[0]
    assert kept == []
    assert fault.message == "written by a newer upkeep (schema 2; this reads 1)"


def test_a_run_is_recorded_once(tmp_path: Path) -> None:
    ledger.record(tmp_path, header(0), [])
    before = (tmp_path / "20260102T120000Z-a.jsonl.gz").read_bytes()
    with pytest.raises(BadInput, match="recorded already"):
        ledger.record(tmp_path, header(0), [result()])
    assert (tmp_path / "20260102T120000Z-a.jsonl.gz").read_bytes() == before


def test_the_marker_of_a_run_stays_until_it_is_recorded(tmp_path: Path) -> None:
    started = StartedRun(run=header(0).run, started=NOON, targets=("default",))
    ledger.begin(tmp_path / "made", started)
    assert ledger.killed(tmp_path / "made") == [started]
    ledger.record(tmp_path / "made", header(0), [])
    assert ledger.killed(tmp_path / "made") == []
    assert [path.name for path in (tmp_path / "made").iterdir()] == [f"{started.run}.jsonl.gz"]


def _write(folder: str, number: int) -> None:
    for each in range(10):
        kept, _ = ledger.runs(Path(folder))
        parents = ledger.newest(kept)
        ledger.record(Path(folder), header(each, parents=parents, suffix=f"w{number}"), [result()])


def test_writers_side_by_side_lose_nothing(tmp_path: Path) -> None:
    with get_context("spawn").Pool(4) as pool:
        pool.starmap(_write, [(str(tmp_path), number) for number in range(4)])
    assert len(ledger.runs(tmp_path)[0]) == 40
    assert codes(tmp_path) == []


def test_pruning_records_what_it_removed(tmp_path: Path) -> None:
    kept = filled(tmp_path, 5)
    head = header(200, suffix="x-pruned")
    removed = ledger.prune(tmp_path, before=NOON + timedelta(days=2), header=head)
    assert [run.file for run in removed] == [kept[0].file, kept[1].file]
    assert codes(tmp_path, kept[0].digest) == []
    assert ledger.runs(tmp_path)[0][-1].header.removed == {run.file: run.digest for run in kept[:2]}


def test_a_faulty_ledger_is_not_pruned(tmp_path: Path) -> None:
    kept = filled(tmp_path)
    (tmp_path / kept[1].file).unlink()
    with pytest.raises(BadInput, match="nothing was removed"):
        ledger.prune(tmp_path, before=NOON + timedelta(days=9), header=header(200))
    assert len(ledger.runs(tmp_path)[0]) == 3
