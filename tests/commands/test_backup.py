"""upkeep backup, as a new user runs it: on the embedded cluster, into a folder of its own."""

import json
import os
import stat
from pathlib import Path

import pytest
import yaml

from upkeep import demo
from upkeep.__main__ import main
from upkeep.commands import suite


def run(folder: Path, *words: str, scenario: str = "healthy") -> int:
    return main(["backup", f"--demo={scenario}", f"--backups={folder}", *words])


@pytest.mark.parametrize("scenario", ["healthy", "chart"])
def test_what_it_writes_is_what_the_checks_want(
    scenario: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, out = tmp_path / "backups", tmp_path / "out"
    assert run(folder, scenario=scenario) == 0
    written = [Path(line) for line in capsys.readouterr().out.splitlines()]
    assert [path.name.split("-")[0] for path in written] == ["backup", "secrets", "manifest"]
    assert {stat.S_IMODE(path.stat().st_mode) for path in written} == {0o600}
    kept = [one for path in written[:2] for one in yaml.safe_load_all(path.read_text())]
    assert {key for one in kept for key in one["metadata"]} <= {
        "name",
        "namespace",
        "labels",
        "annotations",
    }
    suite.run(
        [
            "-m",
            "weekly or monthly",
            "-q",
            f"--demo={scenario}",
            f"--backups={folder}",
            f"--out={out}",
        ]
    )
    results = {
        result["control"]: result
        for result in map(json.loads, (out / "results.jsonl").read_text().splitlines())
    }
    assert (results["config-backed-up"]["outcome"], results["backup-restores"]["outcome"]) == (
        "pass",
        "pass",
    )
    # Of a week there is one day.
    assert [finding["code"] for finding in results["backups-complete"]["findings"]] == [
        "backup-day-missing"
    ] * 7


def test_a_second_run_of_the_day_writes_only_what_changed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(tmp_path) == 0
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert run(tmp_path) == 0
    assert "today's newest backup equals all 2 objects; no file written" in capsys.readouterr().out
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
    assert run(tmp_path, scenario="backup-differs") == 0
    assert len(list(tmp_path.iterdir())) == len(before) + 3
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()}.items() >= before.items()


@pytest.mark.parametrize(
    "scenario", ["forbidden@configuration", "cut@configuration", "no-collector", "expired@all"]
)
def test_where_an_object_cannot_be_read_nothing_is_written(
    scenario: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "backups"
    assert run(folder, scenario=scenario) in (1, 4)
    said = capsys.readouterr().err
    assert said.startswith("upkeep: ")
    assert "Traceback" not in said
    assert not folder.exists()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["backup", "--demo"], "No backup folder given. Add --backups=DIR."),
        (["backup", "--demo=helthy", "--backups=x"], "'healthy'"),
        (["backup", "--demo", "--context=x", "--backups=x"], "name two clusters"),
        (["backup", "--demo", "--backups=x", "--keep-days=0"], "expected a whole number from 1"),
        (
            ["backup", "--demo", "--backups=/proc/upkeep"],
            "--backups=/proc/upkeep: cannot be written",
        ),
        (
            ["backup", "--kubeconfig=/absent", "--backups=x"],
            "no cluster: there is no kubeconfig at /absent",
        ),
    ],
)
def test_bad_input_is_one_sentence(
    words: list[str],
    sentence: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(words) == 4
    said = capsys.readouterr().err
    assert sentence in said
    assert "Traceback" not in said
    assert os.listdir(tmp_path) == []


def test_no_value_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(tmp_path, scenario="chart")
    said = capsys.readouterr()
    assert demo.CANARY not in said.out + said.err
    assert demo.CANARY.encode() not in next(tmp_path.glob("manifest-*")).read_bytes()


def test_a_success_is_published_under_the_guides_names(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    written = tmp_path / "{target}-{cadence}.prom"
    assert run(tmp_path / "backups", f"--textfile={written}") == 0
    found = [
        line.split("{")[0]
        for line in (tmp_path / "default-guide.prom").read_text().splitlines()
        if not line.startswith("#")
    ]
    assert found == ["cano_backup_last_success_timestamp", "cano_config_last_modified_timestamp"]
    capsys.readouterr()
    assert run(tmp_path / "backups", f"--textfile={tmp_path / 'none' / 'x.prom'}") == 0
    said = capsys.readouterr().err
    assert "metrics not published: --textfile: No such file or directory\n" in said


def test_a_failed_backup_publishes_nothing(tmp_path: Path) -> None:
    written = tmp_path / "guide.prom"
    words = ("--backups=" + str(tmp_path / "backups"), f"--textfile={written}")
    assert main(["backup", "--demo=forbidden@configuration", *words]) == 1
    assert not written.exists()
