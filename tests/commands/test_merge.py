"""``upkeep merge`` and ``upkeep render``: any order, twice the same, and a missing worker is not run."""

import itertools
import json
from pathlib import Path
from typing import Any

import pytest

from reports.compliance import DRAWN
from tests.checks.inner import LEDGER_ALONE
from tests.reports.samples import FAILED, PASSED, RUN, UNKNOWN
from upkeep.__main__ import main
from upkeep.commands import suite
from upkeep.commands.merge import MISSING, merged
from upkeep.errors import BadInput
from upkeep.model import Outcome, Result
from upkeep.results import to_line


def worker(folder: Path, *results: Result, target: str, **facts: Any) -> Path:
    from msgspec.structs import replace

    folder.mkdir()
    run = f"20260102T120000Z-{target}"
    lines = [to_line(replace(one, target=target), run=run) + "\n" for one in results]
    (folder / "results.jsonl").write_text("".join(lines), encoding="utf-8")
    told = RUN | {"schema": 1, "run": run, "targets": [target], "who": {"user": target}} | facts
    (folder / "run.json").write_text(json.dumps(told), encoding="utf-8")
    return folder


@pytest.fixture
def workers(tmp_path: Path) -> list[Path]:
    return [
        worker(tmp_path / "c", FAILED, PASSED, target="eu"),
        worker(tmp_path / "a", PASSED, UNKNOWN, target="us"),
        worker(tmp_path / "b", PASSED, target="asia"),
    ]


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_any_order_and_again_gives_the_same(workers, tmp_path, capsys):
    found = []
    for number, order in enumerate(itertools.permutations(workers)):
        out = tmp_path / f"out{number}"
        assert main(["merge", *map(str, order), f"--out={out}"]) == 0
        found.append(files(out))
    assert all(one == found[0] for one in found)
    assert set(found[0]) == {"results.jsonl", "run.json", *DRAWN}
    again = tmp_path / "again"
    assert main(["merge", str(tmp_path / "out0"), str(workers[1]), f"--out={again}"]) == 0
    assert files(again) == found[0]
    facts = json.loads(found[0]["run.json"])
    assert facts["counts"] | {"pass": 3, "fail": 1, "unknown": 1} == facts["counts"]
    assert (facts["targets"], facts["requests"]) == (["asia", "eu", "us"], 72)
    assert facts["who"] == {"user": "asia, eu, us"}
    assert "3 runs merged" in capsys.readouterr().out


def test_a_missing_worker_is_not_run(workers, tmp_path, capsys):
    gone = tmp_path / "gone"
    code = main(["merge", *map(str, workers), str(gone), "--target=africa", f"--out={tmp_path / 'o'}"])  # fmt: skip
    assert code == MISSING
    facts, results = merged([*workers, gone], targets=["africa", "eu"])
    missing = {one.control.id for one in results if one.target == "africa"}
    assert missing == {"pods-ready", "logs-clean", "health-ok"}
    assert {one.outcome for one in results if one.target == "africa"} == {Outcome.NOT_RUN}
    assert facts["stopped"] == ["gone has no results.jsonl: its worker is missing"]
    assert "gone has no results.jsonl" in capsys.readouterr().out


def test_a_killed_worker_keeps_what_it_finished(workers, tmp_path):
    (workers[2] / "run.json").unlink()
    facts, results = merged(workers, targets=[])
    asia = {one.control.id: one.outcome.value for one in results if one.target == "asia"}
    assert asia == {"logs-clean": "pass", "pods-ready": "not-run", "health-ok": "not-run"}
    assert facts["stopped"] == ["b has no run.json: its worker did not end"]


def test_workers_that_contradict_are_refused(workers, tmp_path):
    from msgspec.structs import replace

    again = worker(tmp_path / "d", replace(FAILED, outcome=Outcome.PASS), target="eu")
    for order in ([*workers, again], [again, *workers]):
        with pytest.raises(BadInput, match="both judged pods-ready of target eu"):
            merged(order, targets=[])
    other = worker(tmp_path / "e", target="x", version="9")
    with pytest.raises(BadInput, match="differ in version"):
        merged([workers[0], other], targets=[])
    with pytest.raises(BadInput, match="no DIR holds a run that ended"):
        merged([tmp_path / "nothing"], targets=[])


def test_what_was_not_run_gives_way_to_what_was(workers, tmp_path):
    from msgspec.structs import replace

    late = worker(
        tmp_path / "z", replace(FAILED, outcome=Outcome.NOT_RUN, summary="Left out."), target="eu"
    )
    for order in ([*workers, late], [late, *workers]):
        _, results = merged(order, targets=[])
        (one,) = [r for r in results if (r.target, r.control.id) == ("eu", "pods-ready")]
        assert one.outcome is Outcome.FAIL


def test_render_draws_the_same_again(workers, tmp_path, capsys):
    out = tmp_path / "out"
    main(["merge", *map(str, workers), f"--out={out}"])
    first = files(out)
    (out / "compliance.html").write_text("old", encoding="utf-8")
    (out / "summary.md").unlink()
    capsys.readouterr()
    assert main(["render", str(out / "results.jsonl")]) == 0
    assert files(out) == first
    assert capsys.readouterr().out.split() == [str(out / name) for name in DRAWN]


def test_render_refuses_what_was_altered_or_is_no_run(workers, tmp_path, capsys):
    folder = workers[0]
    facts = json.loads((folder / "run.json").read_text())
    (folder / "run.json").write_text(json.dumps(facts | {"files": {"results.jsonl": "0" * 64}}))
    assert main(["render", str(folder)]) == 4
    assert "it was altered" in capsys.readouterr().err
    (folder / "run.json").write_text("[]")
    assert main(["render", str(folder)]) == 4
    assert "expected the facts of a run" in capsys.readouterr().err
    assert main(["render", str(tmp_path / "none")]) == 4


def test_a_worker_of_a_division_is_missed_with_its_targets(tmp_path, capsys):
    """Two real runs of three: the third never came."""
    names = ["asia", "europe", "africa"]
    file = tmp_path / "upkeep.toml"
    file.write_text("".join(f'[targets.{name}]\ndemo = "healthy"\n' for name in names))
    for index in (0, 2):
        words = ["-m", "control(id='pods-ready')", "-q", f"--settings={file}", "--target=*"]
        chosen = [*words, f"--shard={index}/3", f"--out={tmp_path / str(index)}", *LEDGER_ALONE]
        assert suite.run(chosen) == 0
    code = main(["merge", str(tmp_path / "2"), str(tmp_path / "0"), f"--out={tmp_path / 'out'}"])
    assert code == 12
    assert "worker 1 of 3 (from 0) has no results" in capsys.readouterr().out
    lines = (tmp_path / "out" / "results.jsonl").read_text().splitlines()
    outcomes = {one["target"]: one["outcome"] for one in map(json.loads, lines)}
    assert outcomes == {"asia": "pass", "africa": "pass", "europe": "not-run"}


def test_what_strangers_wrote_into_results_and_facts_is_printable_in_every_report(
    workers: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The files of CI jobs come from elsewhere: no text of theirs moves a cursor or reorders a line."""
    for name in ("results.jsonl", "run.json"):
        path = workers[0] / name
        changed = path.read_text("utf-8").replace("is not ready", "is \u202es\\u001b[31m\u2028")
        path.write_text(changed.replace('"user": "eu"', '"user": "e\\u001bu"'), "utf-8")
    assert main(["merge", *map(str, workers), f"--out={tmp_path / 'all'}"]) == 0
    assert main(["render", str(workers[0])]) == 0
    drawn = files(tmp_path / "all") | {name: (workers[0] / name).read_bytes() for name in DRAWN}
    assert any(b"u202es" in body for body in drawn.values())
    for name, body in drawn.items():
        text = body.decode() + capsys.readouterr().out
        assert not any(one in text for one in "\x1b\u202e\u2028"), name


def test_two_runs_compare_as_json(workers: list[Path], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["diff", str(workers[0]), str(workers[0]), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [one["code"] for one in found["unchanged"]] == ["not-ready"]
    assert found["fixed"] == found["new"] == []
