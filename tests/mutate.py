"""The hunt: one field of one answer is changed at a time, and a failing control must neither pass nor end in an internal error.

``python -m tests.mutate SCENARIO…`` (or ``--all``) prints each change under which one does. A scenario runs once on the embedded
cluster and its answers are kept; each change is then judged on the kept answers. A change where the scenario itself differs from
the healthy cluster is its cure, unless it is of another type: no wrong type cures anything.
"""

import argparse
import copy
import dataclasses
import json
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.checks.again import outcome_of
from tests.checks.inner import LEDGER_ALONE, Held, named
from upkeep import demo
from upkeep.adapters.cluster.answers import Answer
from upkeep.adapters.cluster.transport import Transport
from upkeep.commands import suite
from upkeep.demo.scenarios import SCENARIOS
from upkeep.session import SWEEPS
from upkeep.sweep import Sweep

Key = tuple[str, ...]
Path_ = tuple[str | int, ...]
CADENCES = "daily or weekly or monthly or quarterly"
# What a change may be; the last three are wrong types, which no fault is cured by.
CHANGES = ("removed", "null", "empty", "zero", "another type", "true", "list")
WRONG = CHANGES[-3:]
MOST_SECONDS = 60.0 * 60
# (control, end of the path) -> why a failing control rightly passes where that is removed, empty or
# null: the answer then describes another cluster, and nothing in it says that something is missing.
ACCEPTED = {
    ("rbac-least-privilege", "serviceAccountName"): (
        "A template that names no account runs as default, whose rights are judged instead."
    ),
    ("scale-rehearsed", "/api/v1/pods items[]"): (
        "One pod fewer on a node is one more place: no count says how many pods a cluster has."
    ),
    ("secrets-complete", "env[].valueFrom"): (
        "A variable with neither value nor reference is a legal empty one, and needs no Secret."
    ),
    ("secrets-complete", "containers[].env"): "A container without variables needs no Secret.",
    (
        "secrets-guarded",
        "/clusterroles items[].rules[]",
    ): "The role without that rule is another role.",
    ("secrets-rotatable", "containers[].env"): "A container without variables needs no Secret.",
    ("cpu-memory-headroom", "resources.limits.cpu"): (
        "A number is a quantity, too: Quantity.UnmarshalJSON reads 7 as 7 cores."
    ),
    ("limits-rehearsed", "deployments items[].spec.replicas"): (
        "Fewer replicas fit into the quota; without a number there is one."
    ),
    ("limits-rehearsed", "spec.strategy.rollingUpdate.maxSurge"): (
        "Without a pod more at a time the rollout fits into the quota."
    ),
    ("limits-rehearsed", "spec.strategy.rollingUpdate.maxUnavailable"): (
        "A number is legal: seven pods less at a time fit into the quota."
    ),
    ("limits-rehearsed", "status.hard.limits.cpu"): (
        "A number is a quantity, too: Quantity.UnmarshalJSON reads 7 as 7 cores."
    ),
    ("secrets-guarded", "volumes[].configMap"): (
        "A volume of another kind is legal; a ConfigMap that nothing mounts is not searched."
    ),
    ("scaling-sound", "resources.limits.cpu"): (
        "A number is a quantity, too: Quantity.UnmarshalJSON reads 7 as 7 cores."
    ),
}


@dataclass(frozen=True)
class Escape:
    """A change under which a failing control passed, or ended in an internal error."""

    scenario: str
    control: str
    request: str
    path: str
    change: str
    outcome: str
    cure: bool

    @property
    def reason(self) -> str:
        """Return why the control rightly passes; empty where that is not known, and for errors."""
        if self.outcome != "pass":
            return ""
        where = f"{self.request} {self.path}"
        reasons = [
            reason
            for (control, end), reason in ACCEPTED.items()
            if control == self.control and where.endswith(end)
        ]
        return "the scenario's own change" if self.cure else "".join(reasons[:1])

    def __str__(self) -> str:
        reason = f" ({self.reason})" if self.reason else ""
        return f"{self.scenario}: {self.control}: {self.request} {self.path}: {self.change}: {self.outcome}{reason}"


class Player:
    """Stands before ``Transport.fetch``: keeps every answer, and gives one of them changed."""

    def __init__(self, fetch: Callable[..., Answer]) -> None:
        self.fetch = fetch
        self.kept: dict[Key, Answer] = {}
        self.asked: set[Key] = set()
        self.changed: dict[Key, Answer] = {}

    def installed(self) -> Callable[..., Answer]:
        def fetch(
            transport: Transport, method: str, path: str, query: Any = None, **more: Any
        ) -> Answer:
            words = sorted((name, str(value)) for name, value in (query or {}).items())
            key = (transport.server, type(transport).__name__, method, path, str(words),
                   str(more.get("accept")), str(more.get("body")))  # fmt: skip
            self.asked.add(key)
            if key in self.changed:
                return self.changed[key]
            if key not in self.kept:
                self.kept[key] = self.fetch(transport, method, path, query, **more)
            return self.kept[key]

        return fetch


def places(value: Any, path: Path_ = ()) -> Iterator[Path_]:
    """Return the places of a document, top down; of a list the first and the last item."""
    if path:
        yield path
    if isinstance(value, dict):
        for name, entry in value.items():
            yield from places(entry, (*path, name))
    elif isinstance(value, list):
        for index in sorted({0, len(value) - 1} if value else set()):
            yield from places(value[index], (*path, index))


def changed(document: Any, path: Path_, change: str) -> Any:
    """Return the document with one place changed.

    :raises LookupError: the change would be none there.
    """
    result = copy.deepcopy(document)
    at = result
    for step in path[:-1]:
        at = at[step]
    value = at[path[-1]]
    if change == "removed":
        del at[path[-1]]
        return result
    new: Any = {
        "null": None,
        "empty": {str: "", list: [], dict: {}}.get(type(value)),
        "zero": {int: 0, float: 0, bool: False}.get(type(value)),
        "another type": 7 if isinstance(value, str) else "7",
        "true": True,
        "list": {} if isinstance(value, list) else [],
    }[change]
    same = type(new) is type(value) and new == value
    if same or (new is None and change != "null") or (change == "true" and isinstance(value, bool)):
        raise LookupError(change)
    at[path[-1]] = new
    return result


def spelled(path: Path_) -> str:
    """Return a path as the API spells it: ``items[].spec.replicas``."""
    return "".join("[]" if isinstance(step, int) else f".{step}" for step in path).lstrip(".")


def _found(document: Any, path: Path_) -> Any:
    for step in path:
        try:
            document = document[step]
        except (LookupError, TypeError):
            return LookupError
    return document


def parsed(answer: Answer | None) -> Any:
    """Return the JSON of an answer; ``None`` where it is none."""
    try:
        return json.loads(answer.body) if answer and answer.status < 300 else None
    except ValueError:
        return None


def hunt(
    item: pytest.Function,
    scenario: str,
    sweep: Sweep,
    player: Player,
    healthy: dict[Key, Answer],
    *,
    sample: random.Random | None,
    most: int,
    ends: float,
) -> tuple[int, list[Escape]]:
    """Return how many changes of what a failing check reads were tried, and those that it does not stand.

    A place where another type changes nothing is not read, and neither is what is in it.
    """
    player.asked.clear()
    if outcome_of(item, sweep).name != "fail":
        return 0, []
    control = str(next(item.iter_markers("control")).kwargs["id"])
    plan: list[tuple[Key, Path_]] = []
    for key in sorted(player.asked):
        document = parsed(player.kept.get(key))
        seen: set[tuple[str, bool]] = set()
        for path in places(document) if document is not None else ():
            if (spelled(path), bool(path and 0 in path)) not in seen:
                seen.add((spelled(path), bool(path and 0 in path)))
                plan.append((key, path))
    if sample is not None:
        plan = sample.sample(plan, min(most, len(plan)))
    tried, escapes = 0, []
    unread: set[tuple[Key, Path_]] = set()
    for key, path in plan:
        if any((key, path[:depth]) in unread for depth in range(1, len(path))):
            continue
        answer = player.kept[key]
        document = parsed(answer)
        twin = _found(parsed(healthy.get(key[1:])), path)
        outcomes = {}
        for change in CHANGES:
            if time.monotonic() > ends:
                return tried, escapes
            try:
                body = json.dumps(changed(document, path, change)).encode()
            except LookupError:
                continue
            player.changed = {key: dataclasses.replace(answer, body=body)}
            outcomes[change] = outcome_of(item, sweep).name
            player.changed = {}
            tried += 1
            if outcomes[change] not in ("fail", "unknown", "due", "not-applicable"):
                cure = twin != _found(document, path) and change not in WRONG
                escapes.append(Escape(scenario, control, f"{key[2]} {key[3]}", spelled(path), change, outcomes[change], cure))  # fmt: skip
        if set(outcomes.values()) == {"fail"} and isinstance(_found(document, path), dict | list):
            unread.add((key, path))
    return tried, escapes


class Hunter(Held):
    """The plugin that hunts in an inner run, when its checks have been judged and its clusters still stand."""

    def __init__(
        self, scenario: str, player: Player, *, sample: random.Random | None, most: int, ends: float
    ) -> None:
        hits = SCENARIOS[scenario].hits
        super().__init__({named(scenario): hits, "healthy": hits})
        self.scenario, self.player = scenario, player
        self.sample, self.most, self.ends = sample, most, ends
        self.tried, self.escapes = 0, list[Escape]()

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> Any:
        result = yield
        sweeps = session.config.stash[SWEEPS]
        server = sweeps["healthy"].provided("kube").server
        healthy = {key[1:]: answer for key, answer in self.player.kept.items() if key[0] == server}
        for item in session.items:
            if not isinstance(item, pytest.Function):
                continue
            if item.callspec.params["target_name"] == named(self.scenario):
                tried, escapes = hunt(
                    item, self.scenario, sweeps[named(self.scenario)], self.player, healthy,
                    sample=self.sample, most=self.most, ends=self.ends,
                )  # fmt: skip
                self.tried += tried
                self.escapes += escapes
        return result


def hunted(
    scenario: str, *, seed: int | None = None, most: int = 0, seconds: float = MOST_SECONDS
) -> tuple[int, list[Escape]]:
    """Return how many changes were tried on a scenario, and those that a failing control does not stand.

    :param seed: of a sample of ``most`` places of each control; ``None`` for all.
    """
    player = Player(Transport.fetch)
    hunter = Hunter(
        scenario, player, sample=None if seed is None else random.Random(seed), most=most,
        ends=time.monotonic() + seconds,
    )  # fmt: skip
    twin = "healthy" if SCENARIOS[scenario].layout == "guide" else "chart"
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(Transport, "fetch", player.installed())
        settings = Path(folder, "upkeep.toml")
        settings.write_text(
            f'[targets."{named(scenario)}"]\ndemo = "{scenario}"\n[targets.healthy]\ndemo = "{twin}"\n'
        )
        words = [
            "-m",
            CADENCES,
            "-q",
            f"--settings={settings}",
            f"--out={folder}/out",
        ]
        words = [*words, f"--target={named(scenario)}", "--target=healthy", *LEDGER_ALONE]
        suite.run(words, plugins=[hunter])
    return hunter.tried, hunter.escapes


def main(arguments: list[str]) -> int:
    """Hunt, and print what escapes; 1 where something does without a reason."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutate", description=__doc__)
    parser.add_argument("scenario", nargs="*", help="as ``pytest --demo=list`` names them")
    parser.add_argument("--all", action="store_true", help="every scenario that a control fails on")
    parser.add_argument(
        "--seed", type=int, help="a sample with this seed, of --most places a control"
    )
    parser.add_argument("--most", type=int, default=20, help="places a control, with --seed (20)")
    parser.add_argument(
        "--resume", type=Path, help="a file of what is done; what stands in it is left out"
    )
    given = parser.parse_args(arguments)
    try:
        for name in given.scenario:
            demo.parse(name)
    except demo.UnknownScenario as error:
        parser.error(str(error))
    names = [name for name, one in SCENARIOS.items() if one.hits and not one.fault] if given.all else given.scenario  # fmt: skip
    done = given.resume.read_text().split("\n") if given.resume and given.resume.exists() else []
    known = {json.loads(line)["scenario"] for line in done if line}
    ends, total, bad = time.monotonic() + MOST_SECONDS, 0, 0
    for name in names:
        if name in known or time.monotonic() > ends:
            continue
        tried, escapes = hunted(
            name, seed=given.seed, most=given.most, seconds=ends - time.monotonic()
        )
        total += tried
        bad += sum(not escape.reason for escape in escapes)
        print(f"{name}: {tried} changes, {len(escapes)} escapes", *escapes, sep="\n  ", flush=True)
        if given.resume and time.monotonic() < ends:
            with given.resume.open("a") as file:
                file.write(
                    json.dumps(
                        {"scenario": name, "tried": tried, "escapes": [str(one) for one in escapes]}
                    )
                    + "\n"
                )
    print(f"{total} changes tried, {bad} escapes without a reason")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
