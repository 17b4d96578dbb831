"""An exception from a linter's or a type checker's rule carries its reason in its line, and stands where the program reads it.

That none of them is left over is ruff's RUF100 and mypy's warn_unused_ignores, which is among ``strict``.
"""

import re
import tomllib
from pathlib import Path

import pytest

from tests import ROOT

FOLDERS = ("checks", "fixtures", "reports", "upkeep", "tests", "bench")
EXCEPTION = re.compile(r"#\s*(noqa|type:\s*ignore|pragma)(.*)$")
REASONED = re.compile(r": [A-Z]+\d+ - \S.*|\[[a-z-]+\]  # \S.*")


def faults(text: str, *, typed: bool) -> list[str]:
    """The lines whose exception names no rule or no reason, or is for a program that does not look there."""
    found = [(line, match) for line in text.splitlines() if (match := EXCEPTION.search(line))]
    return [
        line
        for line, match in found
        if not REASONED.fullmatch(match[2]) or (match[1].startswith("type") and not typed)
    ]


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_exception_has_its_reason(folder: str) -> None:
    own = Path(__file__).name
    files = [path for path in (ROOT / folder).rglob("*.py") if path.name != own]
    assert [
        (path.name, fault)
        for path in files
        for fault in faults(
            path.read_text(encoding="utf-8"),
            typed=folder in ("upkeep", "fixtures", "reports", "checks"),
        )
    ] == []


def test_one_without_is_told() -> None:
    good = "x = 1  # noqa: S105 - a name\ny = z  # type: ignore[misc]  # either has it\n"
    assert faults(good, typed=True) == []
    assert faults(good, typed=False) == ["y = z  # type: ignore[misc]  # either has it"]
    for bad in (
        "x  # noqa",
        "x  # noqa: S105",
        "x  # noqa: S105 because",
        "x  # type: ignore",
        "x  # type: ignore[misc]",
        "x  # pragma: no cover",
    ):
        assert faults(bad, typed=True) == [bad]


def test_what_is_left_over_is_told_by_the_programs() -> None:
    """Which folder mypy reads, and that both look for exceptions that nothing needs."""
    tools = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]
    assert (tools["mypy"]["packages"], tools["mypy"]["strict"]) == (
        ["upkeep", "fixtures", "reports", "checks"],
        True,
    )
    assert "RUF" in tools["ruff"]["lint"]["select"]
    assert "RUF100" not in tools["ruff"]["lint"]["ignore"]
