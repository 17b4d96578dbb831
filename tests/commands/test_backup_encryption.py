"""Backups for the holders of a key: written by upkeep backup --recipient, read with --backup-identity, and never green unread."""

import json
from pathlib import Path

import pyrage
import pytest

from upkeep import demo
from upkeep.__main__ import main
from upkeep.commands import suite


def pair(folder: Path, name: str = "key") -> tuple[str, Path]:
    """A recipient, and its identity's file as age-keygen writes it."""
    identity = pyrage.x25519.Identity.generate()
    path = folder / f"{name}.txt"
    path.write_text(f"# public key: {identity.to_public()}\n{identity}\n")
    return str(identity.to_public()), path


def backup(folder: Path, recipient: str, *words: str, scenario: str = "healthy") -> int:
    return main(
        ["backup", f"--demo={scenario}", f"--backups={folder}", f"--recipient={recipient}", *words]
    )


def judged(folder: Path, *words: str, scenario: str = "healthy") -> dict[str, dict]:
    out = folder.parent / "out"
    suite.run(
        [
            "-m",
            "weekly or monthly",
            "-q",
            f"--demo={scenario}",
            f"--backups={folder}",
            f"--out={out}",
            *words,
        ]
    )
    return {
        result["control"]: result
        for result in map(json.loads, (out / "results.jsonl").read_text().splitlines())
    }


@pytest.mark.parametrize("scenario", ["healthy", "chart"])
def test_with_the_identity_it_is_judged_as_any_other(scenario: str, tmp_path: Path) -> None:
    folder, (recipient, identity) = tmp_path / "backups", pair(tmp_path)
    assert backup(folder, recipient, scenario=scenario) == 0
    names = {
        path.name.partition("-")[0]: path
        for path in folder.iterdir()
        if not path.name.startswith(".")
    }
    assert {name: path.suffix for name, path in names.items() if name != "manifest"}.items() >= {
        "secrets": ".age"
    }.items()
    assert not any(demo.CANARY.encode() in path.read_bytes() for path in names.values())
    assert b"cano-collector" not in names["secrets"].read_bytes()
    results = judged(folder, f"--backup-identity={identity}", scenario=scenario)
    assert (results["config-backed-up"]["outcome"], results["backup-restores"]["outcome"]) == (
        "pass",
        "pass",
    )


def test_without_the_identity_or_with_anothers_nobody_can_look(tmp_path: Path) -> None:
    folder, (recipient, _), (_, other) = (
        tmp_path / "backups",
        pair(tmp_path),
        pair(tmp_path, "other"),
    )
    assert backup(folder, recipient) == 0
    for words, said in (
        ([], "is encrypted, and no identity was given."),
        ([f"--backup-identity={other}"], "no identity of --backup-identity decrypts it."),
    ):
        results = judged(folder, *words)
        for control in ("config-backed-up", "backup-restores", "backups-complete"):
            assert (results[control]["outcome"], results[control]["next"]) == (
                "unknown",
                "--backup-identity=FILE",
            ), control
            assert results[control]["summary"].endswith(said)


def test_a_damaged_file_is_a_finding_because_the_manifest_says_what_was_written(
    tmp_path: Path,
) -> None:
    folder, (recipient, identity) = tmp_path / "backups", pair(tmp_path)
    assert backup(folder, recipient) == 0
    (path,) = folder.glob("secrets-*.age")
    body = path.read_bytes()
    path.write_bytes(body[:-40])
    results = judged(folder, f"--backup-identity={identity}")
    assert (results["config-backed-up"]["outcome"], results["backups-complete"]["outcome"]) == (
        "fail",
        "fail",
    )
    assert "manifest-differs" in {
        finding["code"] for finding in results["backups-complete"]["findings"]
    }


def test_a_second_run_of_the_day_writes_nothing_where_it_can_compare(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, (recipient, identity) = tmp_path / "backups", pair(tmp_path)
    assert backup(folder, recipient) == 0
    before = {path.name for path in folder.iterdir()}
    assert backup(folder, recipient, f"--backup-identity={identity}") == 0
    assert "no file written" in capsys.readouterr().out
    assert {path.name for path in folder.iterdir()} == before
    assert backup(folder, recipient) == 0
    assert len({path.name for path in folder.iterdir()}) == len(before) + 3


@pytest.mark.parametrize(
    ("recipient", "said"),
    [
        (
            "age1nothing",
            "--recipient=…: not a recipient; expected the public key of age-keygen: age1…",
        ),
        ("AGE-SECRET-KEY-1QQQ", "--recipient=…: this is an identity, which is secret; "),
    ],
)
def test_a_recipient_that_is_none_is_refused_and_not_shown(
    recipient: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert backup(tmp_path / "backups", recipient) == 4
    shown = capsys.readouterr().err
    assert shown.startswith(f"upkeep: {said}")
    assert recipient not in shown
    assert not (tmp_path / "backups").exists()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "cannot be read (No such file or directory)"),
        (b"", "holds no identity; age-keygen -o FILE writes one"),
        (b"# a comment\nnothing\n", "line 2: not an identity; expected AGE-SECRET-KEY-1"),
        (b"\xff\xfe", "not a text; age-keygen -o FILE writes one"),
    ],
)
def test_an_identity_that_is_none_is_refused_before_any_request(
    content: bytes | None, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "key.txt"
    if content is not None:
        path.write_bytes(content)
    assert (
        suite.run(
            ["-m", "weekly", "-q", "--demo", f"--backup-identity={path}", f"--out={tmp_path}/out"]
        )
        == 4
    )
    assert said in capsys.readouterr().err
