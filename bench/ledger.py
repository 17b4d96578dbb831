"""A ledger of 222,000 results: verified, read for overdue, history and the fleet's page, against reading its bytes.

``python -m bench.ledger`` prints a table; with ``--write`` also bench/ledger.md. The counterpart is what no reader can
do without: every file read, unpacked and hashed.
"""

import argparse
import gzip
import hashlib
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bench.timing import ROUNDS, seconds_of
from reports.compliance import fleet
from reports.compliance.page import html
from upkeep.adapters.folders import ledger, recorded
from upkeep.domain.decisions.comparison import compare
from upkeep.domain.decisions.overdue import standings
from upkeep.limits import Limits
from upkeep.model import Control, Outcome, Result
from upkeep.records.ledger import SCHEMA, KeptFinding, KeptResult, RunHeader
from upkeep.verdict import Memory, verdict

TARGETS, CONTROLS, RUNS = 200, 13, 85
NOW = datetime(2026, 1, 2, 12, tzinfo=UTC)
NAMES = tuple(f"cluster-{number:03}" for number in range(TARGETS))


def results(run: int) -> Iterator[KeptResult]:
    """One daily run of the fleet; every tenth control fails on every twentieth target."""
    for number, target in enumerate(NAMES):
        for control in range(CONTROLS):
            bad = (number + run) % 20 == 0 and control % 10 == 0
            yield KeptResult(
                target=target,
                control=f"control-{control}",
                outcome="fail" if bad else "pass",
                severity="high",
                cadence=("daily",),
                gate=control < 5,
                summary="2 of 2 pods ready, 0 restarts in 24 h, rollout complete",
                findings=(KeptFinding("pod-not-ready", "Deployment/cano-collector"),)
                if bad
                else (),
                measured=NOW,
            )


def write(folder: Path) -> None:
    """Write the ledger: one run a day."""
    parents: dict[str, str] = {}
    for run in range(RUNS):
        at = NOW - timedelta(days=RUNS - run)
        header = RunHeader(
            schema=SCHEMA,
            run=f"{at:%Y%m%dT%H%M%SZ}-{run:06x}",
            started=at,
            ended=at,
            version="1",
            targets=NAMES,
            cadences=("daily",),
            complete=dict.fromkeys(NAMES, ("daily",)),
            parents=parents,
        )
        kept = ledger.record(folder, header, results(run))
        parents = {kept.file: kept.digest}


def read(folder: Path) -> int:
    """Read, unpack and hash every file: the counterpart."""
    size = 0
    for path in folder.iterdir():
        body = path.read_bytes()
        hashlib.sha256(body).hexdigest()
        size += len(gzip.decompress(body))
    return size


def overdue(folder: Path) -> None:
    """Where every cadence stands on every target."""
    kept, _ = ledger.runs(folder)
    standings([one.header for one in kept], targets=NAMES, now=NOW, limits=Limits({}))


def history(folder: Path) -> None:
    """One control over all runs and targets."""
    kept, _ = ledger.runs(folder)
    for one in kept:
        sum(result.control == "control-3" for result in ledger.results(folder, one))


def diff(folder: Path) -> None:
    """The two newest runs of 200 targets."""
    kept, _ = ledger.runs(folder)
    compare(*(list(ledger.results(folder, one)) for one in kept[-2:]))


def page(folder: Path) -> None:
    """The fleet's page, from a verified ledger."""
    kept, faults = ledger.verify(folder)
    stand = standings([one.header for one in kept], targets=NAMES, now=NOW, limits=Limits({}))
    found = recorded.newest(folder, kept, now=NOW)
    decided = verdict(found, strict=False, memory=Memory(NOW, stand, [], ()))
    with tempfile.TemporaryDirectory() as out:
        fleet.draw(fleet.Record(folder, kept, faults, stand, decided, NOW), Path(out))


def report() -> int:
    """Return the bytes of compliance.html of 50 controls on 20 targets."""
    every = [
        Result(
            control=Control(
                f"control-{number}", f"Control {number} holds.", "high", "(beyond)", ("daily",), False, "r"
            ),
            target=target,
            outcome=Outcome.FAIL if number % 10 == 0 else Outcome.PASS,
            summary="2 of 2 pods ready, 0 restarts in 24 h, rollout complete",
        )
        for target in NAMES[:20]
        for number in range(50)
    ]  # fmt: skip
    run = {
        "run": "r", "version": "1", "started": "2026-01-02T12:00:00Z", "ended": "2026-01-02T12:00:00Z",
        "arguments": [], "targets": list(NAMES[:20]), "cadences": ["daily"], "requests": 0,
        "stopped": [], "limits": [], "who": {}, "looked_at": [], "scope": {},
    }  # fmt: skip
    return len(html(every, run=run, gate=None).encode())


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(folder)
        packed = sum(path.stat().st_size for path in folder.iterdir())
        unpacked = read(folder)
        bytes_read = seconds_of(lambda: read(folder))
        lines = [
            f"{RUNS} runs of {TARGETS} targets, {RUNS * TARGETS * CONTROLS:,} results: "
            f"{packed / 2**20:.1f} MiB, {unpacked / 2**20:.0f} MiB unpacked.",
            "",
            "| what | seconds | ratio to reading the bytes |",
            "| --- | --- | --- |",
            f"| every byte read, unpacked and hashed | {bytes_read:.3f} | 1 |",
        ]
        rows: tuple[tuple[str, Callable[[Path], object]], ...] = (
            ("`upkeep ledger verify`", ledger.verify),
            ("overdue, from the headers", overdue),
            ("`upkeep ledger history`", history),
            ("`upkeep diff` of the two newest runs", diff),
            ("`upkeep render --ledger`, with verify and the gate", page),
        )
        for what, run in rows:
            seconds = seconds_of(lambda run=run: run(folder))
            lines.append(f"| {what} | {seconds:.3f} | {seconds / bytes_read:.2f} |")
    lines += ["", f"compliance.html of 50 controls × 20 targets: {report() / 2**20:.2f} MiB."]
    text = "\n".join(lines)
    print(text)
    if options.write:
        head = f"# Ledger\n\n`python -m bench.ledger --write`, median of {ROUNDS}.\n\n"
        Path(__file__).with_name("ledger.md").write_text(f"{head}{text}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
