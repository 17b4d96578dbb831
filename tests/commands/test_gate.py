"""``upkeep gate`` on a ledger that is missing, unreadable or empty: closed, and which of them it is."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from upkeep.__main__ import main


@pytest.mark.parametrize(
    ("name", "code", "words"),
    [
        ("missing", 14, "there is no such folder"),
        ("file", 14, "cannot be read (Not a directory)"),
        ("empty", 12, "holds no run (next: upkeep run -m gate --gate --ledger="),
        ("other", 12, "holds no run (next: upkeep run -m gate --gate --ledger="),
        ("damaged", 14, "file-unreadable|not a gzip file, or damaged"),
    ],
)
def test_a_ledger_without_a_sound_run_closes_the_gate(
    name: str,
    code: int,
    words: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "file").write_text("no folder")
    for folder in ("empty", "other", "damaged"):
        (tmp_path / folder).mkdir()
    (tmp_path / "other" / "README.md").write_text("a git branch has other files, too")
    (tmp_path / "damaged" / "20260102T030405Z-abc.jsonl.gz").write_text("no gzip")
    assert main(["gate", f"--ledger={tmp_path / name}"]) == code
    said = capsys.readouterr().out
    assert f"(code {code}; from {tmp_path / name})" in said
    assert any(one in said for one in words.split("|"))
    assert not (tmp_path / "missing").exists()


@pytest.mark.parametrize(("name", "code"), [("missing", 14), ("file", 14), ("empty", 4)])
def test_a_target_of_a_ledger_that_is_not_read_is_not_the_mistake(
    name: str, code: int, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("no folder")
    (tmp_path / "empty").mkdir()
    assert main(["gate", f"--ledger={tmp_path / name}", "--target=eu"]) == code


@pytest.mark.parametrize("name", ["missing", "damaged"])
def test_an_override_opens_no_gate_of_a_target_without_a_run(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    now = datetime.now(UTC)
    if name == "damaged":
        (tmp_path / name).mkdir()
        (tmp_path / name / "20260102T030405Z-abc.jsonl.gz").write_text("no gzip")
    override = tmp_path / "override.yaml"
    override.write_text(
        "- {target: typo, reason: a fault, by: ann, approved_by: bob, ticket: OPS-1, "
        f"issued: {now - timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}, "
        f"expires: {now + timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}}}\n"
    )
    options = [f"--ledger={tmp_path / name}", f"--override={override}", "--target=typo"]
    assert main(["gate", *options]) == 14
    assert "OPEN" not in capsys.readouterr().out
