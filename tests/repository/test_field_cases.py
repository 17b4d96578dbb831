"""Every field case names a test or a scenario that exists."""

import ast
import re

import pytest

from tests import ROOT
from upkeep.demo.scenarios import SCENARIOS

PAGE = ROOT / "docs" / "field-cases.md"
HEAD = ["source", "input", "right answer", "result", "was", "test"]


def rows() -> list[list[str]]:
    """Return the cells of every row of every table, heads and rules apart."""
    lines = [one for one in PAGE.read_text(encoding="utf-8").splitlines() if one.startswith("|")]
    cells = [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]
    return [one for one in cells if one != HEAD and set(one) != {"---"}]


def missing(proof: str) -> str:
    """Return why a cell proves nothing; empty where its test, scenario or document exists."""
    if proof == "[liars](liars.md)":
        return ""
    word = proof.strip("`")
    if word.startswith("--demo="):
        return "" if word.removeprefix("--demo=") in SCENARIOS else "no such scenario"
    file, _, name = word.partition("::")
    if not (ROOT / file).is_file():
        return "no such file"
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    tests = {one.name for one in ast.walk(tree) if isinstance(one, ast.FunctionDef)}
    return "" if name.startswith("test_") and name in tests else "no such test"


def test_each_row_names_a_test_or_a_scenario_that_exists() -> None:
    assert {one[0]: why for one in rows() if (why := missing(one[-1]))} == {}


def test_each_row_is_whole_and_names_a_public_report() -> None:
    assert len(rows()) > 70
    for row in rows():
        assert len(row) == len(HEAD)
        assert all(row)
        assert re.match(r"[\w.-]+/[\w.-]+#\d+", row[0]), row[0]


@pytest.mark.parametrize(
    ("proof", "why"),
    [
        ("`tests/gone.py::test_a`", "no such file"),
        ("`tests/repository/test_field_cases.py::test_gone`", "no such test"),
        ("`tests/repository/test_field_cases.py`", "no such test"),
        ("`--demo=gone`", "no such scenario"),
        ("`--demo=healthy`", ""),
    ],
)
def test_a_proof_that_is_none_is_refused(proof: str, why: str) -> None:
    assert missing(proof) == why
