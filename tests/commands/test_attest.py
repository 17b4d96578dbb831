"""upkeep attest, as a new user runs it, and what the checks make of its entries."""

import json
import threading
from pathlib import Path
from typing import Any

import pytest
import yaml

from upkeep.__main__ import main
from upkeep.adapters.folders import attestations
from upkeep.commands import suite
from upkeep.errors import BadInput

WHO = ["--by=Ada", "--reviewed-by=Grace", "--explanation=restored in staging"]


def attest(folder: Path, *words: str, control: str = "recovery-rehearsed") -> int:
    return main(
        ["attest", control, f"--attestations={folder / 'attestations.yaml'}", *(words or WHO)]
    )


def judged(folder: Path, *words: str, cadence: str = "weekly or monthly") -> dict[str, Any]:
    out = folder / "out"
    suite.run(
        [
            "-m",
            cadence,
            "-q",
            f"--attestations={folder / 'attestations.yaml'}",
            f"--out={out}",
            *(words or ["--demo"]),
        ]
    )
    return {
        result["control"]: result
        for result in map(json.loads, (out / "results.jsonl").read_text().splitlines())
    }


def test_what_was_confirmed_passes_until_it_ends_and_what_was_not_is_due(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "drill.md").write_text("all alerts arrived\n")
    assert attest(tmp_path, *WHO, "--evidence=drill.md", "--valid-for=14d") == 0
    assert (
        "recovery-rehearsed (satisfied) by Ada, reviewed by Grace, valid for 14d"
        in capsys.readouterr().out
    )
    results = judged(tmp_path)
    done, due = results["recovery-rehearsed"], results["documentation-current"]
    assert (done["outcome"], due["outcome"]) == ("pass", "due")
    assert done["basis"].endswith("by Ada, reviewed by Grace, evidence drill.md")
    assert done["valid_until"] is not None
    assert [finding["code"] for finding in due["findings"]] == ["attestation-missing"]
    assert due["next"].startswith("upkeep attest documentation-current --by=NAME")
    (tmp_path / "drill.md").write_text("none arrived\n")
    changed = judged(tmp_path)["recovery-rehearsed"]
    assert (changed["outcome"], changed["findings"][0]["code"]) == ("due", "attestation-invalid")


def test_due_keeps_a_gate_shut_with_code_fourteen(tmp_path: Path) -> None:
    settings = tmp_path / "upkeep.toml"
    settings.write_text(
        'attestations = "attestations.yaml"\n[gate]\nadd = ["documentation-current"]\n'
    )
    words = [
        "-m",
        "monthly",
        "-q",
        "--demo",
        "--gate",
        f"--settings={settings}",
        f"--out={tmp_path / 'out'}",
    ]
    assert suite.run(words) == 14
    who = ["--by=Ada", "--reviewed-by=Grace", "--explanation=read"]
    assert main(["attest", "documentation-current", f"--settings={settings}", *who]) == 0
    assert suite.run(words) == 0


def test_the_newest_entry_counts_and_what_people_wrote_stays(tmp_path: Path) -> None:
    path = tmp_path / "attestations.yaml"
    assert attest(tmp_path) == 0
    path.write_text("# kept by the SRE team\n" + path.read_text())
    assert attest(tmp_path, *WHO, "--status=not-satisfied") == 0
    assert path.read_text().startswith("# kept by the SRE team\n- control: recovery-rehearsed\n")
    assert [entry["status"] for entry in yaml.safe_load(path.read_text())] == [
        "satisfied",
        "not-satisfied",
    ]
    result = judged(tmp_path)["recovery-rehearsed"]
    assert (result["outcome"], result["findings"][0]["code"]) == ("fail", "attested-not-satisfied")


def test_a_confirmed_rotation_is_proof(tmp_path: Path) -> None:
    assert judged(tmp_path, "--demo=secret-relabelled")["secrets-rotated"]["outcome"] == "unknown"
    for key, outcome in (("slack-webhook", "unknown"), ("teams-webhook", "pass")):
        assert (
            attest(
                tmp_path,
                *WHO,
                f"--object=Secret/cano-collector-secrets key {key}",
                control="secrets-rotated",
            )
            == 0
        )
        result = judged(tmp_path, "--demo=secret-relabelled")["secrets-rotated"]
        assert result["outcome"] == outcome
    assert result["observed"] == "2 of 2 keys changed within 90 d"


def test_an_entry_of_another_target_is_none(tmp_path: Path) -> None:
    assert attest(tmp_path, *WHO, "--target=staging") == 0
    assert judged(tmp_path)["recovery-rehearsed"]["outcome"] == "due"
    assert attest(tmp_path, *WHO, "--target=*") == 0
    assert judged(tmp_path)["recovery-rehearsed"]["outcome"] == "pass"


def test_two_at_once_lose_nothing(tmp_path: Path) -> None:
    threads = [threading.Thread(target=attest, args=(tmp_path,)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(yaml.safe_load((tmp_path / "attestations.yaml").read_text())) == 8


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (
            ["recovery-rehearsd", *WHO],
            "recovery-rehearsd: this control takes no sign-off (did you mean 'recovery-rehearsed'?)",
        ),
        (["pods-ready", *WHO], "pods-ready: this control takes no sign-off"),
        (
            ["recovery-rehearsed", "--by=Ada", "--reviewed-by=ada ", "--explanation=x"],
            "name the same person",
        ),
        (["recovery-rehearsed", *WHO, "--object=Secret/x"], "no other control takes it"),
        (["secrets-rotated", *WHO], "secrets-rotated needs --object"),
        (["recovery-rehearsed", *WHO, "--at=yesterday"], "--at=yesterday is not an RFC 3339 time"),
        (["recovery-rehearsed", *WHO, "--at=2999-01-01T00:00:00Z"], "is in the future"),
        (
            ["recovery-rehearsed", *WHO, "--valid-for=ages"],
            "--valid-for: limit recovery_age is a duration",
        ),
        (
            ["recovery-rehearsed", *WHO, "--evidence=none.md"],
            "--evidence=none.md: cannot be read in",
        ),
        (
            ["recovery-rehearsed", "--by=Ada", "--reviewed-by=Bo"],
            "the following arguments are required: --explanation",
        ),
    ],
)
def test_bad_input_is_one_sentence_and_writes_nothing(
    words: list[str], sentence: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["attest", *words, f"--attestations={tmp_path / 'a.yaml'}"]) == 4
    assert sentence in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


ENTRY = {
    "control": "recovery-rehearsed", "target": "*", "status": "satisfied", "explanation": "x", "by": "Ada", "reviewed_by": "Bo",
    "at": "2026-01-02T12:00:00Z", "valid_for": "31d",
}  # fmt: skip


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("a: b\n", "expected a list of entries as `upkeep attest` writes them"),
        ("- [\n", "is not valid YAML"),
        (
            yaml.safe_dump([ENTRY, ENTRY | {"status": "done"}]),
            "line 9: status: input should be 'satisfied' or 'not-satisfied'",
        ),
        (
            yaml.safe_dump([ENTRY | {"reviewer": "x"}]),
            "line 1: reviewer: extra inputs are not permitted",
        ),
        (
            yaml.safe_dump([ENTRY | {"at": "noon"}]),
            "line 1: at: expected a time such as 2026-01-02T15:04:05Z",
        ),
        (yaml.safe_dump([ENTRY | {"valid_for": "long"}]), "line 1: limit valid_for is a duration"),
        (
            yaml.safe_dump([{key: value for key, value in ENTRY.items() if key != "by"}]),
            "line 1: by: field required",
        ),
        (
            yaml.safe_dump([ENTRY | {"evidence": [{"file": "x", "sha256": "short"}]}]),
            "line 1: evidence.0.sha256: string should match pattern",
        ),
        ("- x\n", "line 1: entry: input should be a valid dictionary"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_before_any_request(
    text: str, sentence: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "attestations.yaml"
    path.write_text(text)
    assert (
        suite.run(
            ["-m", "monthly", "--demo", f"--attestations={path}", f"--out={tmp_path / 'out'}"]
        )
        == 4
    )
    assert sentence in capsys.readouterr().err
    assert attest(tmp_path) == 4
    assert path.read_text() == text


def test_what_a_sign_off_says_is_printable(tmp_path: Path) -> None:
    """A file of others: its explanation stands in every report."""
    entry = ENTRY | {
        "status": "not-satisfied",
        "explanation": "lost\x1b[31m\u202e",
        "by": "A\u2028da",
    }
    path = tmp_path / "a.yaml"
    path.write_text(yaml.safe_dump([entry]))
    (read,) = attestations.read(path)
    assert (read.explanation, read.by) == ("lost\\u001b[31m\\u202e", "A\\u2028da")


@pytest.mark.parametrize("text", ["", "\n", "null\n"])
def test_a_file_of_nothing_is_a_mistake(text: str, tmp_path: Path) -> None:
    """A write that failed leaves 0 bytes, and the sign-offs are lost."""
    path = tmp_path / "attestations.yaml"
    path.write_text(text)
    with pytest.raises(
        BadInput, match=r"attestations\.yaml: the file is empty; .+ or \[\] for none"
    ):
        attestations.read(path)


@pytest.mark.parametrize("text", ["[]\n", "# none yet\n"])
def test_a_list_without_an_entry_is_none(text: str, tmp_path: Path) -> None:
    path = tmp_path / "attestations.yaml"
    path.write_text(text)
    assert attestations.read(path) == ()
