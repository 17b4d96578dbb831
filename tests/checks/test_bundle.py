"""A bundle judged again gives the lines of the run that saved it; what contradicts it is refused.

``make full-test`` judges every scenario and every fault again: minutes instead of seconds.
"""

import gzip
import hashlib
import json
import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.checks.inner import EVERY, LEDGER_ALONE, NOON, run
from tests.checks.outcomes import in_batches
from tests.fuzzing import FUZZ
from upkeep import demo
from upkeep.clock import HeldClock
from upkeep.commands import suite
from upkeep.demo.healthy import healthy
from upkeep.demo.objects.stored import make
from upkeep.demo.state import State, stamp
from upkeep.session import CLOCK

# Both layouts: a fault of the collector, and a source that is withheld.
SAMPLE = ["crash-looping", "chart/forbidden@prometheus-query"]
# What is missing, broken or nothing, of each source; every other kind of fault once, of all.
FAULTS = [
    name
    for name in demo.names()
    if re.fullmatch(r"((forbidden|malformed|empty)@[a-z-]+|[a-z-]+@all)", name)
]
BATCHES = [*in_batches(demo.names(faults=False)), *in_batches(FAULTS)] if FUZZ else [SAMPLE]
# A server that hangs is waited for.
LIMITS = {"request_deadline": "1500ms"}
LATER = NOON + timedelta(days=40)
Lines = list[dict[str, Any]]


def lines(out: Path) -> Lines:
    """Return the results of a folder, but for run id and durations."""
    found = [json.loads(line) for line in (out / "results.jsonl").read_bytes().splitlines()]
    return [
        {key: value for key, value in line.items() if key not in ("run", "duration_seconds")}
        for line in found
    ]


class At:
    """The plugin that holds the clock of a run."""

    def __init__(self, instant: datetime) -> None:
        self.instant = instant

    @pytest.hookimpl(tryfirst=True)
    def pytest_configure(self, config: pytest.Config) -> None:
        config.stash[CLOCK] = HeldClock(self.instant)


def again(file: Path, out: Path, *arguments: str, cadence: str = EVERY) -> int:
    """Judge a bundle, weeks after it was saved."""
    words = ["-m", cadence, "-q", f"--bundle={file}", f"--out={out}", *LEDGER_ALONE, *arguments]
    return suite.run(words, plugins=[At(LATER)])


@pytest.mark.parametrize("batch", BATCHES, ids=lambda names: names[0])
def test_a_bundle_gives_the_same_results_without_a_cluster(
    batch: list[str], tmp_path: Path
) -> None:
    saved = tmp_path / "bundle.gz"
    limits = LIMITS if "@" in batch[0] else None
    code = run(batch, tmp_path, f"--save-bundle={saved}", cadence=EVERY, limits=limits).code
    assert again(saved, tmp_path / "again") == code
    live, replayed = lines(tmp_path / "out"), lines(tmp_path / "again")
    assert len(live) == len(batch) * len({line["control"] for line in live})
    assert FUZZ or len({line["outcome"] for line in live}) > 2
    assert replayed == live
    facts = json.loads((tmp_path / "again" / "run.json").read_text(encoding="utf-8"))
    assert facts["requests"] == 0


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundle of a run of one control of one target, which has no name."""
    folder = tmp_path_factory.mktemp("saved")
    words = ["-m", "control(id='pods-ready')", "-q", "--demo", f"--out={folder / 'out'}"]
    bundle = folder / "bundle.gz"
    assert suite.run([*words, f"--save-bundle={bundle}", *LEDGER_ALONE], plugins=[At(NOON)]) == 0
    return bundle


def test_a_control_that_was_not_measured_is_unknown(saved: Path, tmp_path: Path) -> None:
    assert again(saved, tmp_path, cadence="daily") == 1
    found = {line["control"]: line for line in lines(tmp_path)}
    assert found["pods-ready"]["outcome"] == "pass"
    other = found["recent-logs-clean"]
    assert (other["outcome"], other["reason"]) == ("unknown", "absent")
    assert "The bundle does not hold log_surveys." in other["summary"]


def test_the_report_says_what_was_judged(
    saved: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    first = json.loads((saved.parent / "out" / "run.json").read_text(encoding="utf-8"))
    digest = hashlib.sha256(saved.read_bytes()).hexdigest()
    assert first["saved_bundle"] == {"file": "bundle.gz", "sha256": digest}
    assert first["bundles"] == []
    assert again(saved, tmp_path, cadence="control(id='pods-ready')") == 0
    second = json.loads((tmp_path / "run.json").read_text(encoding="utf-8"))
    (told,) = second["bundles"]
    assert (told["run"], told["sha256"]) == (first["run"], digest)
    assert second["looked_at"] == first["looked_at"]
    sentence = f"judged from a bundle: run {first['run']} measured at 2026-01-02 12:00 UTC"
    assert sentence in capfd.readouterr().out
    page = (tmp_path / "compliance.html").read_text(encoding="utf-8")
    assert f"JUDGED FROM A BUNDLE: run {first['run']}" in page
    assert "JUDGED FROM A BUNDLE" not in (saved.parent / "out" / "compliance.html").read_text()
    assert f"Judged from the bundle of run {first['run']}" in (tmp_path / "summary.md").read_text()


@pytest.mark.parametrize(
    "option",
    [
        "--gate", "--ledger=ledger", "--target=a", "--limit=alert_window=2h", "--context=c",
        "--pushgateway=http://h", "--textfile=f", "--shard=0/2", "--save-bundle=f", "--absent=helm=no", "--demo",
    ],
)  # fmt: skip
def test_what_contradicts_a_bundle_is_refused(
    saved: Path, option: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert again(saved, tmp_path, option) == 4
    word = option.partition("=")[0]
    assert f"{word} and --bundle contradict" in capfd.readouterr().err
    assert not (tmp_path / "results.jsonl").exists()


def forged(saved: Path, file: Path, old: bytes, new: bytes) -> Path:
    """Write the bundle with other words in a record, and a last line that agrees with them."""
    *kept, _, _ = gzip.decompress(saved.read_bytes()).split(b"\n")
    changed = [line.replace(old, new) for line in kept]
    assert changed != kept
    content = b"\n".join(changed) + b"\n"
    end = {"lines": len(changed), "sha256": hashlib.sha256(content).hexdigest()}
    file.write_bytes(gzip.compress(content + json.dumps(end).encode() + b"\n"))
    return file


@pytest.mark.parametrize(
    ("old", "new"), [(b'"phase":"Running"', b'"phase":"Pending"'), (b'"uid":', b'"uiD":')]
)
def test_a_record_that_was_altered_is_refused(
    saved: Path, old: bytes, new: bytes, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    file = forged(saved, tmp_path / "forged.gz", old, new)
    assert again(file, tmp_path / "out", cadence="control(id='pods-ready')") == 4
    said = capfd.readouterr().err
    assert "was altered, or written by another version" in said
    assert said.count("\n") == 2
    assert not (tmp_path / "out" / "results.jsonl").exists()


def test_a_bundle_that_is_cut_is_refused_before_anything_is_judged(
    saved: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "cut.gz"
    file.write_bytes(saved.read_bytes()[:-30])
    assert again(file, tmp_path / "out") == 4
    assert f"--bundle={file}: it is cut, or was added to." in capfd.readouterr().err


def test_a_bundle_that_cannot_be_written_ends_the_run_with_a_sentence(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("no folder")
    words = ["-m", "control(id='pods-ready')", "-q", "--demo", f"--out={tmp_path / 'out'}"]
    bundle = tmp_path / "file" / "bundle.gz"
    assert suite.run([*words, f"--save-bundle={bundle}", *LEDGER_ALONE]) == 3
    assert "bundle.gz could not be written: " in capfd.readouterr().out
    assert len(lines(tmp_path / "out")) == 1


CREDENTIALS = (
    f"Authorization: Bearer {demo.CANARY}-abc",
    f"failed: token={demo.CANARY}-abc",
    f"pull of https://user:{demo.CANARY}@host/x failed",
    f"xoxb-{demo.CANARY}-1234",
    f"--webhook=https://hooks.example/services/T012/B345/{demo.CANARY}abcdef0123456789",
)

# The controls that read them.
FOREIGN = ("warning-events", "maintenance-alerts-loaded", "pods-ready", "backup-job-healthy", "runs-hardened")  # fmt: skip


def careless(*arguments: Any, **named: Any) -> State:
    """Return the healthy cluster with credentials in every text that other programs write."""
    state = healthy(*arguments, **named)
    text, old = " | ".join(CREDENTIALS), state.pods[0]["metadata"]["creationTimestamp"]
    for item in (*state.pods, *state.objects["jobs"], state.deployment):
        one = {"type": "X", "status": "False", "reason": "X", "message": text}
        item["status"].setdefault("conditions", []).append(one | {"lastTransitionTime": old})
        item["metadata"].setdefault("annotations", {})["x"] = text
    for pod in (*state.pods, state.deployment["spec"]["template"]):
        pod["spec"]["containers"][0]["args"] = list(CREDENTIALS)
    for number, words in enumerate(CREDENTIALS):
        about = {"kind": "Deployment", "name": state.fullname, "namespace": state.namespace}
        about["uid"] = state.deployment["metadata"]["uid"]
        event = {"type": "Warning", "reason": "Failed", "message": words, "count": 1}
        event |= {"involvedObject": about, "lastTimestamp": stamp(state.now)}
        state.add(make(state, "Event", f"e{number}", state.now, **event))
    for rule in state.rules:
        rule |= {"lastError": text, "health": "err"}
    return state


def test_what_other_programs_wrote_is_redacted_and_judged_alike(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("upkeep.demo.scenarios.healthy", careless)
    saved, out = tmp_path / "bundle.gz", tmp_path / "out"
    chosen = EVERY if FUZZ else " or ".join(f"control(id='{name}')" for name in FOREIGN)
    words = ["-m", chosen, "-q", "--demo", f"--out={out}", f"--save-bundle={saved}", *LEDGER_ALONE]
    assert suite.run(words, plugins=[At(NOON)]) == 1
    live = lines(out)
    assert {"warning-events", "maintenance-alerts-loaded"} <= {
        line["control"] for line in live if line["outcome"] != "pass"
    }
    kept = gzip.decompress(saved.read_bytes()).splitlines()
    assert [line[:200] for line in kept if demo.CANARY.encode() in line] == []
    assert again(saved, tmp_path / "again", cadence=chosen) == 1
    assert lines(tmp_path / "again") == live
