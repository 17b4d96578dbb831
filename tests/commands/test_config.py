"""``upkeep config check``: the rules on files, with exit codes that a pull request can use."""

import base64
from pathlib import Path

import pytest
import yaml

from upkeep.__main__ import main

SECRET = "canary-xoxb-17"
GOOD = f"destinations:\n  slack:\n  - {{name: oncall, api_key: {SECRET}, slack_channel: '#a'}}\n"


@pytest.fixture
def files(tmp_path: Path) -> Path:
    (tmp_path / "destinations.yaml").write_text(GOOD)
    (tmp_path / "teams.yaml").write_text("teams:\n- {name: default, destinations: [on-call]}\n")
    return tmp_path


def test_files_without_fault(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["config", "check", str(files / "destinations.yaml")]) == 0
    assert capsys.readouterr().out == "0 faults in 1 document of 1 file\n"


def test_what_one_file_names_is_looked_for_in_all(
    files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert (
        main(["config", "check", str(files / "destinations.yaml"), str(files / "teams.yaml")]) == 1
    )
    said = capsys.readouterr().out
    assert said.startswith(
        f"{files / 'teams.yaml'}, line 2: team default names the destination on-call, which does not exist"
    )
    assert said.endswith("1 fault in 2 documents of 2 files\n")


@pytest.mark.parametrize("kind", ["ConfigMap", "Secret"])
def test_manifests_are_looked_into(
    files: Path, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    text = GOOD.replace("slack_channel", "slack_chanel")
    data = text if kind == "ConfigMap" else base64.b64encode(text.encode()).decode()
    (files / "manifest.yaml").write_text(
        yaml.safe_dump({"kind": kind, "data": {"destinations.yaml": data}})
    )
    assert main(["config", "check", str(files / "manifest.yaml")]) == 1
    said = capsys.readouterr().out
    assert (
        "slack_chanel is unknown to the collector, which ignores it; did you mean slack_channel?"
        in said
    )
    assert SECRET not in said


@pytest.mark.parametrize(
    ("given", "code"), [([], 0), (["--env=OTHER"], 1), (["--env=OTHER", "--env=KEY"], 0)]
)
def test_variables_are_checked_where_they_are_told(
    files: Path, given: list[str], code: int
) -> None:
    (files / "destinations.yaml").write_text(GOOD.replace(SECRET, "'${KEY}'"))
    assert main(["config", "check", *given, str(files / "destinations.yaml")]) == code


def test_what_was_not_checked_and_what_is_ignored_are_said(
    files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = GOOD.replace(SECRET, "'${KEY}'").replace("name: oncall", "name: oncall, colour: red")
    (files / "destinations.yaml").write_text(text)
    assert main(["config", "check", str(files / "destinations.yaml")]) == 0
    said = capsys.readouterr().out
    assert "the collector ignores destinations.slack[0].colour (line 3)\n" in said
    assert "not checked without --env=NAME: KEY\n" in said


def test_a_type_that_the_collector_ignores_is_a_fault(
    files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (files / "destinations.yaml").write_text(GOOD.replace("slack:", "slak:"))
    assert main(["config", "check", str(files / "destinations.yaml")]) == 1
    assert "destinations.slak is no destination type" in capsys.readouterr().out


def test_a_file_that_is_no_yaml_is_a_fault_with_its_line(
    files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (files / "destinations.yaml").write_text(f"destinations:\n  slack: [{SECRET}\n")
    assert main(["config", "check", str(files / "destinations.yaml")]) == 1
    said = capsys.readouterr().out
    assert f"{files / 'destinations.yaml'}, line 3" in said
    assert SECRET not in said


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("absent.yaml", None, "cannot be read: No such file or directory"),
        ("other.yaml", b"a: 1\n", "not a collector file"),
        ("binary.yaml", b"\xff\xfe\x00", "not UTF-8; expected a document"),
        (
            "secret.yaml",
            b"kind: Secret\ndata: {destinations.yaml: '%%'}\n",
            "not base64 of a text; use stringData",
        ),
    ],
)
def test_what_is_no_configuration_is_bad_input(
    tmp_path: Path, name: str, content: bytes | None, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    assert main(["config", "check", str(tmp_path / name)]) == 4
    said = capsys.readouterr().err
    assert said.startswith(f"upkeep: {tmp_path / name}")
    assert words in said
