"""Every scenario with every control: the outcomes are those of docs/outcomes.md, and each next step can be pasted."""

import re
import subprocess

import pytest

from tests.repository.documents import BATCHES, ran, row_of, rows
from upkeep.masking import MASK

# What stands for a name that somebody would have to put in: a word in capitals, <this>, or a variable of the shell.
PLACEHOLDER = re.compile(
    r"(?<![\w/=-])(NAME|NAMESPACE|NS|POD|FILE|DIR|URL|CONTEXT|IDENTITY)\b|<\w|\$[({A-Z]"
)

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
    """The next step of each failure that wakes somebody holds the real names, in both layouts."""
    found = ran(names)
    assert rows(names, found) == [row_of(name) for name in names]
    steps = {line for result in found.results.values() for line in result["next"].splitlines()}
    assert [step for step in steps if MASK in step] == []
    commands = sorted(step for step in steps if step.split(" ", 1)[0] in PROGRAMS)
    assert len(commands) > 5
    assert refused_by_bash(commands) == []
    failed = [
        result
        for result in found.results.values()
        if result["outcome"] == "fail" and "emergency" in result["cadence"]
    ]
    assert [
        f"{one['target']}: {one['control']} has no next step" for one in failed if not one["next"]
    ] == []
    unfinished = [one for one in failed if PLACEHOLDER.search(one["next"].replace("${", ""))]
    assert [f"{one['target']}: {one['control']}: {one['next']}" for one in unfinished] == []
