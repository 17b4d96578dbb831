"""upkeep export, as a new user runs it: on the embedded cluster, into a folder of its own."""

import json
import stat
from pathlib import Path

import pytest

from upkeep.__main__ import main
from upkeep.commands import suite


def run(folder: Path, *words: str, scenario: str = "healthy") -> int:
    return main(["export", f"--demo={scenario}", f"--exports={folder}", *words])


@pytest.mark.parametrize("scenario", ["healthy", "chart"])
def test_what_it_writes_is_what_the_checks_want(
    scenario: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, out = tmp_path / "exports", tmp_path / "out"
    assert run(folder, scenario=scenario) == 0
    (path,) = folder.iterdir()
    assert capsys.readouterr().out == f"{path}: 2 pods\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    code = suite.run(
        [
            "-m",
            "control(id='metrics-exported')",
            "-q",
            f"--demo={scenario}",
            f"--exports={folder}",
            f"--out={out}",
        ]
    )
    (result,) = map(json.loads, (out / "results.jsonl").read_text().splitlines())
    assert (code, result["outcome"]) == (0, "pass")
    assert result["observed"].startswith(f"{path.name}, ")
    assert result["observed"].endswith(" old, 2 pods; 1 export in all")


@pytest.mark.parametrize(
    "scenario", ["forbidden@metrics", "cut@metrics", "empty@metrics", "empty@pods", "expired@all"]
)
def test_where_a_pod_cannot_be_read_nothing_is_written(
    scenario: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "exports"
    assert run(folder, scenario=scenario) == 1
    said = capsys.readouterr().err
    assert said.startswith("upkeep: no file written: ")
    assert "Traceback" not in said
    assert not folder.exists()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["export", "--demo"], "No export folder given. Add --exports=DIR."),
        (
            ["export", "--demo", "--exports=/proc/no"],
            "--exports=/proc/no: cannot be written (No such file or directory)",
        ),
        (["export", "--demo=nothing", "--exports=x"], "--demo=nothing: "),
        (
            ["export", "--exprots=x"],
            "unknown arguments: --exprots=x (did you mean '--exports'?). See upkeep export --help.",
        ),
    ],
)
def test_bad_input_is_one_sentence_and_exit_code_four(
    words: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 4
    assert capsys.readouterr().err.startswith(f"upkeep: {sentence}")
