"""``upkeep render --ledger``: the fleet's page and the pages that it links to."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.reports.page import Page
from upkeep.__main__ import main
from upkeep.adapters.folders import ledger
from upkeep.records.ledger import SCHEMA, KeptFinding, KeptResult, RunHeader

NOW = datetime.now(UTC).replace(microsecond=0)
HOSTILE = "</td><script>alert(1)</script>\u202e"


def result(target: str, control: str, outcome: str, *codes: str) -> KeptResult:
    return KeptResult(
        target=target,
        control=control,
        outcome=outcome,
        severity="critical",
        cadence=("daily",),
        gate=True,
        findings=tuple(KeptFinding(code, f"Deployment/{HOSTILE}") for code in codes),
        summary=HOSTILE,
    )


def record(folder: Path, number: int, age: timedelta, *results: KeptResult) -> None:
    started = NOW - age
    targets = tuple(dict.fromkeys(one.target for one in results))
    kept, _ = ledger.runs(folder)
    header = RunHeader(
        schema=SCHEMA,
        run=f"{started:%Y%m%dT%H%M%SZ}-{number}",
        started=started,
        ended=started,
        version="1",
        targets=targets,
        cadences=("daily",),
        complete=dict.fromkeys(targets, ("daily",)),
        parents=ledger.newest(kept),
    )
    folder.mkdir(exist_ok=True)
    ledger.record(folder, header, results)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    ledger_folder = tmp_path / "ledger"
    record(
        ledger_folder,
        1,
        timedelta(days=9),
        result("asia", "pods-ready", "pass"),
        result("europe", "pods-ready", "fail", "pod-not-ready"),
    )
    record(
        ledger_folder,
        2,
        timedelta(hours=2),
        result("asia", "pods-ready", "fail", "pod-not-ready"),
        result("asia", HOSTILE, "pass"),
    )
    return ledger_folder


def rendered(folder: Path, tmp_path: Path) -> Path:
    out = tmp_path / "pages"
    assert main(["render", f"--ledger={folder}", f"--out={out}"]) == 0
    return out


def test_each_cell_says_what_the_newest_run_found_and_what_is_overdue(
    folder: Path, tmp_path: Path
) -> None:
    page = Page((rendered(folder, tmp_path) / "index.html").read_text(encoding="utf-8"))
    text = " ".join(" ".join(page.words).split())
    assert "Gate closed: a gated control failed" in text
    assert "Fleet of 2 targets" in text
    asia, europe = (
        text[text.index(" asia closed (10)") :],
        text[text.index(" europe closed (10)") :],
    )
    assert asia.startswith(" asia closed (10) 1 failed, 1 passed 2 h ")
    assert europe.startswith(" europe closed (10) OVERDUE 1 failed 9 d ago")
    changes = text[text.index("Changes since the run before", 200) :]
    assert "asia pods-ready pod-not-ready of Deployment/" in changes


def test_every_link_leads_to_a_page(folder: Path, tmp_path: Path) -> None:
    out = rendered(folder, tmp_path)
    names = {path.name for path in out.iterdir()}
    links = {
        link.partition("#")[0]
        for path in out.iterdir()
        for link in re.findall(r'href="([^"]+)"', path.read_text(encoding="utf-8"))
        if "://" not in link
    }
    assert {link for link in links if link} <= names
    assert {"index.html", "control-pods-ready.html"} <= names
    assert len([name for name in names if name.startswith("run-")]) == 2


def test_what_a_ledger_holds_is_inert(folder: Path, tmp_path: Path) -> None:
    """A ledger is a file of others, too: a branch, a bucket."""
    for path in rendered(folder, tmp_path).iterdir():
        text = path.read_text(encoding="utf-8")
        assert "<script" not in text
        assert path.name.replace(".", "").replace("-", "").isalnum()


def test_a_tampered_ledger_is_told_on_the_page(folder: Path, tmp_path: Path) -> None:
    first = sorted(folder.glob("*-1.jsonl.gz"))[0]
    first.write_bytes(b"no gzip file")
    page = (rendered(folder, tmp_path) / "index.html").read_text(encoding="utf-8")
    assert "file-unreadable" in page


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["render"], "Expected RUN"),
        (["render", "x", "--ledger=y"], "Expected RUN"),
        (["render", "nothing-here"], "nothing-here: no such folder or results.jsonl."),
        (["render", "--ledger=nothing-here"], "holds no run"),
    ],
)
def test_bad_input_is_one_sentence(
    words: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(words) == 4
    assert said in capsys.readouterr().err
