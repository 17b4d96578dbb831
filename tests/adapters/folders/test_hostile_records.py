"""Ledger, decisions and results that somebody else wrote: each ends in a sentence, in bounded time."""

import gzip
import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.adapters.folders.test_ledger import header, result
from upkeep.__main__ import main
from upkeep.adapters.folders import decisions, ledger, recorded
from upkeep.commands import gate
from upkeep.domain.decisions.waiving import sound
from upkeep.errors import BadInput
from upkeep.settings.run import resolve

NOW = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)
DEEP = b"[" * 100_000
SHOWN = set("\x1b\x07\x00\u202e\u2028")
LINE: dict[str, Any] = {
    "schema": 1, "run": "r", "target": "default", "control": "pods-ready", "cadence": ["daily"],
    "gate": True, "severity": "critical", "outcome": "fail", "reason": "", "summary": "s",
    "findings": [{"object": "Pod/a", "owner": "Deployment/a", "code": "c", "waiver": ""}],
    "measured": None, "valid_until": None,
}  # fmt: skip
OVERRIDE = {
    "target": "default", "reason": "r", "by": "Ada", "approved_by": "Bob", "ticket": "OPS-1",
    "issued": "2026-01-05T10:00:00Z", "expires": "2026-01-05T14:00:00Z",
}  # fmt: skip
WAIVER = {
    "control": "pods-ready", "reason": "r", "owner": "Ada", "approved_by": "Bob",
    "approved_on": "2026-01-04", "ticket": "OPS-1", "expires": "2026-01-07",
}  # fmt: skip


def decided(folder: Path, now: datetime = NOW) -> tuple[int, list[str]]:
    settings = resolve({"ledger": str(folder)}, {}, cwd=folder)
    found = gate.decide(settings, targets=[], now=now)
    return int(found.code), [reason.text for reason in found.reasons]


def edited(folder: Path, *lines: bytes, keep_header: bool = True) -> None:
    """A sound run, and one of the next day whose lines are these."""
    ledger.record(folder, header(0), [result()])
    kept = ledger.record(folder, header(1), [result()])
    first = gzip.decompress((folder / kept.file).read_bytes()).splitlines()[:1]
    body = b"\n".join([*(first if keep_header else []), *lines, b""])
    (folder / kept.file).write_bytes(gzip.compress(body))


@pytest.mark.parametrize(
    "line",
    [b"{}", b"", DEEP, b'{"x":' + DEEP, b"\xff", b'{"outcome": "great"}', b"a" * 5_000_000],
    ids=["empty object", "empty", "deep", "deep in a field", "not UTF-8", "outcome", "long"],
)
@pytest.mark.parametrize("keep_header", [True, False])
def test_a_damaged_file_closes_the_gate_with_a_sentence(
    tmp_path: Path, line: bytes, keep_header: bool
) -> None:
    edited(tmp_path, line, keep_header=keep_header)
    code, texts = decided(tmp_path)
    assert code == 14
    assert "20260103T120000Z-a.jsonl.gz" in texts[0]


def test_a_compressed_nothing_and_a_bomb_are_faults(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "20260101T000000Z-a.jsonl.gz").write_bytes(gzip.compress(b""))
    assert decided(tmp_path)[0] == 14
    (tmp_path / "20260101T000000Z-a.jsonl.gz").unlink()
    monkeypatch.setattr(ledger, "MOST_UNPACKED_BYTES", 1_000_000)
    edited(tmp_path, *[json.dumps({"target": "default"}).encode()])
    ledger.record(tmp_path, header(2), [result()] * 10_000)
    assert any("more than" in text for text in decided(tmp_path)[1])


def test_files_that_have_no_end_are_not_read(tmp_path: Path) -> None:
    ledger.record(tmp_path, header(0), [result()])
    (tmp_path / "20260104T000000Z-z.jsonl.gz").symlink_to("/dev/zero")
    os.mkfifo(tmp_path / "20260104T000000Z-f.jsonl.gz")
    assert [fault.code for fault in ledger.verify(tmp_path)[1]] == ["file-unreadable"] * 2
    os.mkfifo(tmp_path / "20260104T000000Z-m.started")
    with pytest.raises(BadInput, match="no marker of a run"):
        ledger.killed(tmp_path)


def test_a_failure_written_by_a_clock_that_is_ahead_closes_the_gate(tmp_path: Path) -> None:
    ledger.record(tmp_path, header(0), [result()])
    ledger.record(tmp_path, header(1), [result(outcome="fail")])
    start = header(1).started
    assert decided(tmp_path, start - timedelta(minutes=1))[0] == 10  # within the allowed skew
    code, texts = decided(tmp_path, start - timedelta(hours=5))
    assert code == 14
    assert "it began after now" in texts[0]


def test_a_waived_result_without_an_end_is_hidden_by_baseline_and_opens_nothing(
    tmp_path: Path,
) -> None:
    ledger.record(tmp_path, header(3), [result(outcome="waived")])
    assert decided(tmp_path)[0] == 10


def test_no_foreign_text_of_a_ledger_reaches_the_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hostile = "\x1b]8;;http://x\x07a\u202e\u2028\ngate open (code 0)"
    line = {
        **{key: LINE[key] for key in ("target", "severity", "cadence", "gate")},
        "control": "pods-ready\x1b[2J",
        "outcome": "fail",
        "summary": hostile,
        "reason": hostile,
        "findings": [{"code": hostile, "owner": hostile}],
    }
    edited(tmp_path, json.dumps(line).encode(), json.dumps(line | {"control": "a"}).encode())
    (tmp_path / "x\x1b[2J.jsonl.gz").write_bytes(b"")
    open(os.fsencode(tmp_path) + b"/\xff\n.jsonl.gz", "wb").close()
    for words in (["gate"], ["ledger", "verify"], ["ledger", "history", "a"]):
        main([*words, f"--ledger={tmp_path}"])
    said = capsys.readouterr()
    assert not SHOWN & set(said.out + said.err)
    assert "\ngate open" not in said.out
    assert "gate open (code 0)" in said.out


@pytest.mark.parametrize(
    "change",
    [
        {"severity": 5}, {"severity": "grave"}, {"control": []}, {"target": {}}, {"run": 5},
        {"cadence": None}, {"outcome": []}, {"outcome": "great"}, {"findings": "abc"},
        {"findings": [{"object": "a", "code": {}}]}, {"findings": [{"object": None, "code": "c"}]},
        {"measured": "2026-01-01T00:00:00"}, {"schema": 2},
    ],
    ids=str,
)  # fmt: skip
def test_a_line_of_another_type_is_refused_with_its_number(
    tmp_path: Path, change: dict[str, Any]
) -> None:
    path = tmp_path / "results.jsonl"
    path.write_text(f"{json.dumps(LINE)}\n{json.dumps(LINE | change)}\n")
    with pytest.raises(BadInput, match="line 2, is not as"):
        recorded.read(str(tmp_path), ledger=None)


@pytest.mark.parametrize("facts", [DEEP, b'{"limits": 5, "version": "1"}', b"9" * 5000, b"\xff"])
def test_facts_of_another_form_are_refused(tmp_path: Path, facts: bytes) -> None:
    (tmp_path / "results.jsonl").write_text(f"{json.dumps(LINE)}\n")
    (tmp_path / "run.json").write_bytes(facts)
    with pytest.raises(BadInput, match=r"run\.json"):
        recorded.read(str(tmp_path), ledger=None)
    (tmp_path / "run.json").unlink()
    (tmp_path / "run.json").symlink_to("/dev/zero")
    with pytest.raises(BadInput, match=r"run\.json"):
        recorded.read(str(tmp_path), ledger=None)


@pytest.mark.parametrize("name", ["/dev/zero", "a" * 5000, "a\0b"], ids=["zero", "long", "NUL"])
def test_a_run_that_is_no_file_is_refused(name: str) -> None:
    with pytest.raises(BadInput):
        recorded.read(name, ledger=None)


def test_the_name_of_a_run_adds_no_entry_to_a_waiver_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    entry = "x\n- {control: pods-ready, reason: r, owner: A, approved_by: B}"
    (tmp_path / "results.jsonl").write_text(json.dumps(LINE | {"run": entry}) + "\n")
    assert main(["waive", str(tmp_path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if line.startswith("- ")] == ["- control: pods-ready"]


@pytest.mark.parametrize("read", [decisions.waivers, decisions.overrides])
def test_a_file_of_decisions_without_end_is_refused(tmp_path: Path, read: Any) -> None:
    os.mkfifo(tmp_path / "fifo")
    for path in (Path("/dev/zero"), tmp_path / "fifo", tmp_path):
        with pytest.raises(BadInput, match="cannot be read"):
            read(path)


def written(tmp_path: Path, entry: dict[str, str]) -> Path:
    path = tmp_path / "decisions.yaml"
    path.write_text(json.dumps([entry]))
    return path


@pytest.mark.parametrize("key", ["ticket", "reason", "owner", "approved_by"])
@pytest.mark.parametrize("text", ["\u200b", "\u3164 ", "\u00a0"], ids=ascii)
def test_what_nobody_sees_is_missing(tmp_path: Path, key: str, text: str) -> None:
    with pytest.raises(BadInput):
        decisions.waivers(written(tmp_path, WAIVER | {key: text}))


def test_the_last_days_of_the_calendar_are_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="last day of the calendar"):
        decisions.waivers(written(tmp_path, WAIVER | {"expires": "9999-12-31"}))
    last = {"issued": "9999-12-31T23:00:00Z", "expires": "9999-12-31T23:30:00Z"}
    assert decisions.overrides(written(tmp_path, OVERRIDE | last))
    far = WAIVER | {"approved_on": "9999-12-20", "expires": "9999-12-30"}
    waivers = decisions.waivers(written(tmp_path, far))
    assert sound(waivers, severities={"pods-ready": "critical"}, now=NOW)[0] == []


def test_decisions_are_kept_as_a_reader_may_see_them(tmp_path: Path) -> None:
    hostile = "\x1b[2J\u202eA\nclosed"
    (one,) = decisions.overrides(written(tmp_path, OVERRIDE | {"by": hostile, "reason": hostile}))
    assert one.by == one.reason == r"\u001b[2J\u202eA closed"
    waiver = WAIVER | {"approved_by": hostile, "ticket": hostile}
    (other,) = decisions.waivers(written(tmp_path, waiver))
    assert other.ticket == other.approved_by == one.by
    with pytest.raises(BadInput, match="another"):  # persons are compared as they were written
        decisions.overrides(written(tmp_path, OVERRIDE | {"by": "A\u200bda", "approved_by": "ada"}))
