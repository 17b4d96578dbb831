"""Every scenario with every control: the outcomes are those of docs/outcomes.md, and each next step can be pasted."""

import re
import subprocess
from collections import defaultdict
from pathlib import Path
from zlib import crc32

import pytest

from tests.checks import outcomes
from tests.checks.inner import Ran, run
from tests.fuzzing import FUZZ
from upkeep import demo
from upkeep.masking import MASK

# How data writes an instant; a sentence has ``2026-11-25 22:34 UTC``.
OF_DATA = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")
# What stands for a name that somebody would have to put in: a word in capitals, <this>, or a
# variable of the shell. kubectl's own answer is none.
PLACEHOLDER = re.compile(
    r"(?<![\w/=-])(NAME|NAMESPACE|NS|POD|FILE|DIR|URL|CONTEXT|IDENTITY|ONCALL)\b|<\w|\$(?!\(kubectl )[({A-Z]"
)
NAMES = demo.names(faults=False)
# In the chart's layout most faults do what they do in the guide's: these run under UPKEEP_TEST_FUZZ.
ALIKE = [
    name
    for name in NAMES
    if not FUZZ
    and (guide := name.removeprefix("chart/")) != name
    and guide in outcomes.committed()
    and name in outcomes.committed()
    and outcomes.short(name) == outcomes.short(guide) != "—"
]
BATCHES = outcomes.in_batches([name for name in NAMES if name not in ALIKE])
# Of the controls that a row does not name a forty-eighth runs on every change; each scenario has its own.
SHARE = 1 if FUZZ else 48
WHOLE = ("healthy", "chart/healthy", *outcomes.DEFAULTS)


class Sample:
    """The controls of a scenario that run on every change: those that its row names, and its share of the others."""

    def __init__(self, name: str) -> None:
        self.name, self.named = name, outcomes.named(name)

    def __contains__(self, control: str) -> bool:
        return control in self.named or crc32(f"{self.name} {control}".encode()) % SHARE == 0


def unfinished(found: Ran) -> list[str]:
    """Return the failures that wake somebody whose next step is missing or holds no real name."""
    return [
        f"{one['target']}: {one['control']}: {one['next'] or 'no next step'}"
        for one in found.results.values()
        if one["outcome"] == "fail"
        and "emergency" in one["cadence"]
        and (not one["next"] or PLACEHOLDER.search(one["next"].replace("${", "")))
    ]


def sentences(found: Ran) -> list[str]:
    """Return what the results say to a person, without what they quote."""
    said = [
        text
        for one in found.results.values()
        for text in (
            one["summary"],
            one["basis"],
            str(one["observed"]),
            *(finding["message"] for finding in one["findings"]),
        )
    ]
    return [re.sub(r"<[^>]*>|\{.*", "", text) for text in said]


# helm and the API server quote values of their own, which are masked.
QUOTING = ("upgrade-rehearsed",)
MEASURED = re.compile(r"\d %|\d times as long")
BOUND = re.compile(r"\b(?:limit|at most|at least|required|allowed)\b")


def masked(found: Ran) -> list[str]:
    """Return our own sentences of which masking has taken a part: a name such as *token* and a colon behind it."""
    return [
        f"{one['control']}: {text}"
        for one in found.results.values()
        if one["control"] not in QUOTING
        for text in (one["summary"], one["basis"], str(one["observed"]), str(one["limit"]),
                     *(finding["message"] for finding in one["findings"]))
        if MASK in re.sub(r"‘.*|\".*", "", text)
    ]  # fmt: skip


def without_limit(found: Ran) -> list[str]:
    """Return the findings that say a ratio or a factor, and not the limit that it is held against."""
    return [
        f"{one['control']}: {finding['message']}"
        for one in found.results.values()
        for finding in one["findings"]
        if MEASURED.search(finding["message"]) and not BOUND.search(finding["message"])
    ]


def unended(found: Ran) -> list[str]:
    """Return the reasons without a full stop."""
    return [
        one["summary"]
        for one in found.results.values()
        if one["outcome"] == "unknown" and one["summary"][-1] not in ".!?…"
    ]


def without_evidence(found: Ran) -> set[str]:
    """Return the controls that say different things of equal evidence: what they rest on is not named."""
    said: dict[tuple[str, ...], set[str]] = defaultdict(set)
    for one in found.results.values():
        digests = [each["digest"] for each in one["evidence"]]
        if digests and all(digests):  # a source that could not be read has none
            said[one["control"], *digests].add(one["outcome"])
    return {key[0] for key, outcomes in said.items() if len(outcomes) > 1}


@pytest.mark.parametrize(
    ("control", "folder"),
    [
        ("backups-complete", "backups"),
        ("metrics-exported", "exports"),
        ("restore-rehearsed", "emergency"),
    ],
)
def test_a_folder_is_evidence(control: str, folder: str, tmp_path: Path) -> None:
    found = run(["healthy"], tmp_path, cadence=f"control(id='{control}')")
    evidence = found.results["healthy", control]["evidence"]
    of_folder = [one for one in evidence if f"/{folder}" in one["source"]]
    assert of_folder
    assert all(one["digest"] for one in of_folder)


def test_every_scenario_has_its_row() -> None:
    """Renew with ``python -m tests.repository.documents outcomes``."""
    assert sorted(outcomes.committed()) == sorted(NAMES)


# The programs that a next step runs. Another first word begins an option or a sentence.
PROGRAMS = ("kubectl", "helm", "upkeep", "pytest", "age", "chmod", "ls", "mv", "rm", "timedatectl")


def refused_by_bash(commands: list[str]) -> list[str]:
    """Return the commands that bash cannot parse. One run reads all of them; only faults cost another."""

    def parses(script: str) -> bool:
        done = subprocess.run(["bash", "-n"], input=script, text=True, capture_output=True)
        return done.returncode == 0

    if parses("\n".join(commands)):
        return []
    return [command for command in commands if not parses(command)] or ["together"]


def test_a_cut_command_would_be_found() -> None:
    """Masking used to take a value with its quote."""
    cut = """kubectl patch deployment c -p '{"automountServiceAccountToken":‹masked›"""
    assert refused_by_bash(["kubectl get pods", cut]) == [cut]


@pytest.mark.parametrize("names", BATCHES, ids=[f"{names[0]}..{names[-1]}" for names in BATCHES])
def test_exactly_the_controls_that_it_hits_change_and_what_is_next_can_be_pasted(
    names: list[str],
) -> None:
    """The next step of each failure that wakes somebody holds the real names."""
    found = outcomes.ran(names, {name: Sample(name) for name in names if name not in WHOLE})
    assert outcomes.rows(names, found) == [outcomes.committed()[name] for name in names]
    assert unfinished(found) == []
    assert without_evidence(found) == set()
    steps = {line for result in found.results.values() for line in result["next"].splitlines()}
    assert [step for step in steps if MASK in step] == []
    assert masked(found) == without_limit(found) == unended(found) == []
    assert [one for one in sentences(found) if OF_DATA.search(one)] == []
    commands = sorted(step for step in steps if step.split(" ", 1)[0] in PROGRAMS)
    assert len(commands) > 5
    assert refused_by_bash(commands) == []
