"""Printed commands: ``upkeep.shell`` quotes every value, and nothing else puts a command together."""

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests import ROOT
from upkeep.shell import Command, arguments, chain, shell

SOURCES = [
    path
    for folder in ("upkeep", "fixtures", "reports")
    for path in sorted((ROOT / folder).rglob("*.py"))
    if "demo" not in path.relative_to(ROOT).parts
]
PROGRAM = re.compile(
    r"(?:^|[|&;] *)(?:kubectl|helm (?:upgrade|get|status|history|show)|argocd|flux|curl|age|ls|mv|rm|chmod|cat"
    r"|upkeep (?:rbac|backup|export|attest|config|drill)) "
)
# Sentences, and no commands.
TOLD = {
    "upkeep/adapters/cluster/execution/commands.py": "cat in Pod/",
    "upkeep/adapters/folders/backups/files.py": "{} has {} objects",
}
EVIL = "x$(touch PWNED)`touch PWNED`;touch PWNED #'\"\\\n|&<>*?~!"


def test_a_value_is_one_word_whatever_it_holds(tmp_path: Path) -> None:
    line = shell("printf %s {} | cat; printf %s pre-{}/post", EVIL, EVIL)
    ran = subprocess.run(
        ["sh", "-c", line], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert ran.stdout == f"{EVIL}pre-{EVIL}/post"
    assert list(tmp_path.iterdir()) == []


@given(
    st.lists(
        st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])),
        min_size=1,
        max_size=3,
    )
)
def test_any_values_come_out_as_they_went_in(values: list[str]) -> None:
    import shlex

    assert shlex.split(shell("x {}", arguments(values)))[1:] == values


def test_a_part_that_was_made_here_is_quoted_once() -> None:
    part = shell(" -n {}", "a b")
    assert shell("kubectl{} get pod {}", part, "c d") == "kubectl -n 'a b' get pod 'c d'"
    assert isinstance(chain([part, Command("x")]), Command)
    assert shell("{{a}} {}", "b") == "{a} b"


def test_a_value_within_quotes_is_refused() -> None:
    with pytest.raises(ValueError, match="within quotes"):
        shell("x -p '{}'", "y")
    with pytest.raises(ValueError, match="within quotes"):
        shell("in Alertmanager's receiver {}", "y")


def calls(tree: ast.AST) -> Iterator[ast.Call]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            yield node


def found(text: str, *, told: str = "") -> list[int]:
    """Return the lines that put a command together in another way."""
    tree = ast.parse(text)
    made = {id(one) for call in calls(tree) if call.func.id in ("shell", "arguments")
            for part in call.args[1 if call.func.id == "shell" else 0:] for one in ast.walk(part)}  # fmt: skip
    lines = []
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            words = "".join(one.value if isinstance(one, ast.Constant) else "{}" for one in node.values)  # fmt: skip
            if PROGRAM.search(words) and not (told and words.startswith(told)):
                lines.append(node.lineno)
        if isinstance(node, ast.keyword) and node.arg in ("next_step", "next"):
            lines += [
                one.lineno
                for one in ast.walk(node.value)
                if isinstance(one, ast.JoinedStr | ast.Add) and id(one) not in made and hasattr(one, "lineno")
            ]  # fmt: skip
    for call in calls(tree):
        template = call.args[0] if call.args else None
        if call.func.id == "Command" and call.args and not isinstance(template, ast.Constant | ast.IfExp | ast.Call | ast.Attribute | ast.Name):  # fmt: skip
            lines.append(call.lineno)
        if call.func.id == "shell" and not isinstance(template, ast.Constant):
            lines.append(call.lineno)
    return sorted(set(lines))


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_command_is_made_by_shell(path: Path) -> None:
    name = str(path.relative_to(ROOT))
    if name == "upkeep/shell.py":
        return
    text = path.read_text(encoding="utf-8")
    assert found(text, told=TOLD.get(name, "")) == []
    for call in calls(ast.parse(text)):
        if call.func.id == "shell":  # as many values as places, and none of them within quotes
            values = [Command("x")] * (len(call.args) - 1)
            line = shell(call.args[0].value, *values)
            assert line.count("x") >= len(values)
            assert call.args[0].value.replace("{{", "").count("{}") == len(values)


@pytest.mark.parametrize(
    "text",
    [
        'fix = f"kubectl -n {x} get pods"',
        'fix = f"{x} | kubectl apply -f {y}"',
        'raise Absent("x", next_step=f"--context={x}")',
        'Command(f"kubectl {x}")',
        'shell(f"kubectl {x}")',
        'shell("kubectl " + x)',
    ],
)
def test_the_search_finds_every_other_way(text: str) -> None:
    assert found(text) == [1]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_printed_command_needs_a_checkout(path: Path) -> None:
    """A wheel has no folder in which pytest finds the checks; ``upkeep run`` finds them from any folder."""
    texts = [
        node.value
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]
    assert [text for text in texts if text.startswith("pytest -m")] == []


@pytest.mark.parametrize("template", ["a{}", "echo {}{}"])
def test_the_quote_of_a_value_never_reads_as_an_apostrophe(template: str) -> None:
    """``upkeep.addressing`` reads steps of prose and commands, and leaves values alone."""
    with pytest.raises(ValueError, match="a value behind a letter or a value"):
        shell(template, "x", "y z")
    assert shell("logs {}{}", "a b", Command(" --previous")) == "logs 'a b' --previous"
