"""``upkeep merge DIR…``: join the results of several workers or CI jobs into one run.

The order of the folders does not matter, and a folder given twice counts once. A folder without
results is a missing worker: its controls are *not run*. Its targets are known where the workers ran with
--shard; else name them with --target.
Two workers that judged the same control of a target differently are refused: neither may hide the
other.
Exit codes: 0 merged, 12 merged and a worker is missing or did not end, 4 bad input.
"""

import argparse
import json
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from upkeep.adapters.wire.decoding import decode
from upkeep.adapters.wire.lines import RunFile
from upkeep.adapters.wire.text import printable_json
from upkeep.errors import BadInput, Malformed
from upkeep.files import read_bounded
from upkeep.model import Outcome, Result
from upkeep.results import SCHEMA, counts, from_line, to_line

Key = tuple[str, str]
MISSING = 12
MOST_BYTES, MOST_FACTS_BYTES = 256 * 1024 * 1024, 16 * 1024 * 1024
NO_WORKER = "No worker reported this control."


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("folders", metavar="DIR", nargs="+", help="the results of a worker")
    parser.add_argument("--out", metavar="DIR", default="reports/out", help="default: %(default)s")
    parser.add_argument(
        "--target",
        metavar="NAME",
        action="append",
        default=[],
        help="a target that must be there, repeatable",
    )


def run(options: argparse.Namespace) -> int:
    """Merge, write the results and draw the reports."""
    from upkeep.commands.suite import plugin
    from upkeep.files import write_whole
    from upkeep.settings.file import target_name

    out = Path(options.out)
    for name in options.target:
        target_name(name, "--target")
    facts, results = merged([Path(name) for name in options.folders], targets=options.target)
    lines = "".join(to_line(one, run=facts["run"]) + "\n" for one in results)
    text = json.dumps(facts, indent=2, ensure_ascii=False) + "\n"
    try:
        out.mkdir(parents=True, exist_ok=True)
        (out / "gate.json").unlink(missing_ok=True)  # a verdict is of one run: upkeep gate
        write_whole(out / "results.jsonl", lines.encode(), mode=0o644)
        write_whole(out / "run.json", text.encode(), mode=0o644)
    except OSError as error:
        raise BadInput(f"--out={out}: cannot be written ({error.strerror})") from None
    plugin("reports.compliance").draw(out)
    told = ", ".join(f"{number} {name}" for name, number in facts["counts"].items() if number)
    print(f"{len(facts['merged'])} runs merged into {out}: {told or 'no results'}")
    for sentence in facts["stopped"]:
        print(f"  {sentence}")
    incomplete = facts["stopped"] or any(one.summary == NO_WORKER for one in results)
    return MISSING if incomplete else 0


def merged(folders: list[Path], *, targets: list[str]) -> tuple[dict[str, Any], list[Result]]:
    """Return the facts of the merged run, and its results by target and control.

    :raises BadInput: no folder has results, a file is none of a run, or two workers contradict.
    """
    facts: list[dict[str, Any]] = []
    found: dict[Key, tuple[Result, Path]] = {}
    stopped: list[str] = []
    for folder in sorted(set(folders)):
        if not (folder / "results.jsonl").is_file():
            stopped.append(f"{folder.name} has no results.jsonl: its worker is missing")
            continue
        if (folder / "run.json").is_file():
            facts.append(_facts(folder / "run.json"))
        else:
            stopped.append(f"{folder.name} has no run.json: its worker did not end")
        for result in _results(folder / "results.jsonl"):
            _add(found, result, folder)
    if not facts:
        raise BadInput("no DIR holds a run that ended: expected results.jsonl and run.json in one")
    results = {key: result for key, (result, _) in found.items()}
    whole = {name for one in facts for name in one["targets"]}
    divided, missing_workers = _divided(facts)
    stopped += missing_workers
    controls = {result.control.id: result.control for result in results.values()}
    for target in sorted({*targets, *divided, *(one.target for one in results.values())} - whole):
        for control in controls.values():
            missing = Result(control, target, Outcome.NOT_RUN, NO_WORKER)
            results.setdefault((target, control.id), missing)
    ordered = [results[key] for key in sorted(results)]
    return _joined(facts, ordered, stopped), ordered


def _divided(facts: list[dict[str, Any]]) -> tuple[set[str], list[str]]:
    """Return the targets of all shards, and a sentence for each shard without results.

    :raises BadInput: the shards are of two divisions.
    """
    shards = [
        one["shard"] for each in facts for one in each.get("merged", [each]) if "shard" in one
    ]
    if not shards:
        return set(), []
    targets, count = shards[0]["targets"], shards[0]["count"]
    if any((one["targets"], one["count"]) != (targets, count) for one in shards):
        raise BadInput("the workers divided different targets: give the folders of one run")
    missing = sorted({*range(count)} - {one["index"] for one in shards})
    return set(targets), [f"worker {index} of {count} (from 0) has no results" for index in missing]


def _add(found: dict[Key, tuple[Result, Path]], result: Result, folder: Path) -> None:
    key = result.target, result.control.id
    there, where = found.get(key, (result, folder))
    if there != result and Outcome.NOT_RUN not in (there.outcome, result.outcome):
        raise BadInput(
            f"{where} and {folder} both judged {key[1]} of target {key[0]}. "
            "Leave out the folder of the run that was repeated."
        )
    if key not in found or there.outcome is Outcome.NOT_RUN:
        # Two that were not run: the sentence that sorts first, whatever the order of the folders.
        both_unrun = there.outcome is result.outcome is Outcome.NOT_RUN
        kept = min(there, result, key=lambda one: one.summary) if both_unrun else result
        found[key] = replace(kept), folder


def _joined(
    facts: list[dict[str, Any]], results: list[Result], stopped: list[str]
) -> dict[str, Any]:
    """Return the facts of one run; those of every worker stay under ``merged``."""
    from hashlib import sha256

    from upkeep.model import CADENCES

    parts = {one["run"]: one for each in facts for one in each.get("merged", [_part(each)])}
    runs = [parts[name] for name in sorted(parts)]
    for name in ("version", "limits"):
        if any(one[name] != facts[0][name] for one in facts):
            raise BadInput(f"the workers differ in {name}: results of one run have the same")
    started = min(one["started"] for one in runs)
    identity = sha256(" ".join(sorted(parts)).encode()).hexdigest()[:6]
    stamp = started.replace("-", "").replace(":", "")
    ledgers = [one["ledger"] for one in facts if one.get("ledger")]
    return {
        "schema": SCHEMA,
        "run": f"{stamp}-{identity}",
        "version": facts[0]["version"],
        "started": started,
        "ended": max(one["ended"] for one in runs),
        "who": {
            name: ", ".join(sorted({one["who"][name] for one in runs if one["who"].get(name)}))
            for name in sorted({name for one in runs for name in one["who"]})
        },
        "arguments": _distinct(one["arguments"] for one in runs),
        "targets": sorted({one.target for one in results}),
        "cadences": [name for name in CADENCES if any(name in one["cadences"] for one in facts)],
        "requests": sum(one["requests"] for one in runs),
        "looked_at": _union(one["looked_at"] for one in facts),
        "limits": facts[0]["limits"],
        "scope": _widest([one.get("scope", {}) for one in facts]),
        "counts": counts(results),
        "stopped": sorted({*stopped, *(text for one in facts for text in one["stopped"])}),
        "saved_bundle": None,
        "bundles": _union(one.get("bundles", []) for one in facts),
        "baseline": ", ".join(sorted({one["baseline"] for one in facts if one.get("baseline")})),
        "waiver_faults": sorted({text for one in facts for text in one.get("waiver_faults", [])}),
        "ledger": {
            name: _union(one[name] for one in ledgers)
            for name in ("cadences", "findings", "faults")
        }
        if ledgers
        else None,
        "merged": runs,
    }


def _part(facts: dict[str, Any]) -> dict[str, Any]:
    names = ("run", "started", "ended", "who", "arguments", "requests", "shard")
    return {name: facts[name] for name in names if name in facts}


def _distinct(texts: Any) -> list[str]:
    return sorted({text for each in texts for text in each})


def _union(lists: Any) -> list[Any]:
    """Return every member once, in an order of its own."""
    every = {json.dumps(one, sort_keys=True): one for each in lists for one in each}
    return [every[key] for key in sorted(every)]


def _widest(scopes: list[dict[str, int]]) -> dict[str, int]:
    names = [name for scope in scopes for name in scope]
    return {name: max(scope.get(name, 0) for scope in scopes) for name in dict.fromkeys(names)}


def _results(path: Path) -> list[Result]:
    results = []
    try:
        body = read_bounded(path, most_bytes=MOST_BYTES).rstrip(b"\n")
        for number, line in enumerate(body.split(b"\n") if body else (), 1):
            try:
                results.append(from_line(printable_json(line).decode())[1])
            except ValueError as error:
                raise BadInput(f"{path}, line {number}: {error}") from None
    except OSError as error:
        raise BadInput(f"{path}: cannot be read ({error.strerror})") from None
    return results


def _facts(path: Path) -> dict[str, Any]:
    try:
        body = read_bounded(path, most_bytes=MOST_FACTS_BYTES)
        decode(body, RunFile)  # of these types; what is written again is the whole of it
        facts: dict[str, Any] = json.loads(printable_json(body))
    except OSError as error:
        raise BadInput(f"{path}: cannot be read ({error.strerror})") from None
    except Malformed as error:
        raise BadInput(
            f"{path}: expected the facts of a run, schema {SCHEMA}: {error.message}"
        ) from None
    return facts
