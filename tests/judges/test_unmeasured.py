"""Findings beside a part that was not measured: the judgement carries the error of that part.

A judge that raises only *where there are no findings* forgets the error where there are some. A
waiver of those findings would then hide that the rest is unknown.
"""

import ast
from pathlib import Path

import pytest

from tests import ROOT
from upkeep.errors import Absent
from upkeep.model import Finding, Judgement

JUDGES = sorted((ROOT / "upkeep" / "judges").rglob("*.py"))
FOUND = {"found", "findings"}
# Raised for other reasons: a rehearsal whose absence no finding explains; no reader at all.
OTHERWISE = {"actions.py", "guarding.py"}


def forgotten(text: str) -> list[int]:
    """Return the lines that raise, or demand something, only where there are no findings."""
    return [
        node.lineno
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.If) and _without_findings(node.test)
        for body in node.body
        for inner in ast.walk(body)
        if isinstance(inner, ast.Raise)
        or (isinstance(inner, ast.Call) and "require" in ast.unparse(inner.func))
    ]


def _without_findings(test: ast.expr) -> bool:
    return any(
        isinstance(node, ast.UnaryOp)
        and isinstance(node.op, ast.Not)
        and isinstance(node.operand, ast.Name)
        and node.operand.id in FOUND
        for node in ast.walk(test)
    )


@pytest.mark.parametrize("path", JUDGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_judge_forgets_what_it_did_not_measure(path: Path) -> None:
    lines = forgotten(path.read_text(encoding="utf-8"))
    assert lines == [] or path.name in OTHERWISE


def test_the_search_finds_both_forms() -> None:
    assert forgotten("if rest and not found:\n    raise rest[0]\n") == [1]
    assert forgotten("if not findings:\n    _require_whole(x)\n") == [1]
    assert forgotten("if not found:\n    return 1\n") == []


def test_a_judgement_without_findings_cannot_be_made_over_a_gap() -> None:
    gap = Absent("pod b was not read")
    with pytest.raises(Absent):
        Judgement((), "1 of 1", unmeasured=gap)
    half = Judgement((Finding("Pod/a", "x", "Pod a."),), "1 of 2", unmeasured=gap)
    assert not half
    assert half.unmeasured is gap
