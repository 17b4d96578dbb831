"""The files of waivers and overrides: what is read, and the sentence for what is refused."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from upkeep.adapters.folders import decisions
from upkeep.errors import BadInput

WAIVER = """\
- control: pods-stable
  object: Deployment/*
  code: container-restarted
  reason: known leak
  owner: Ada <ada@example.org>
  approved_by: Bob
  approved_on: 2026-01-05
  ticket: OPS-1
  expires: 2026-01-31
"""
OVERRIDE = """\
target: eu
reason: the fix of OPS-1
by: Ada
approved_by: Bob
ticket: OPS-1
issued: 2026-01-05T10:00:00Z
expires: 2026-01-05T14:00:00Z
"""


def read(tmp_path: Path, text: str):
    path = tmp_path / "waivers.yaml"
    path.write_text(text, encoding="utf-8")
    return decisions.waivers(path)


def test_a_waiver_is_read(tmp_path: Path) -> None:
    (one,) = read(tmp_path, WAIVER)
    assert (one.control, one.target, one.object, one.code) == (
        "pods-stable",
        "*",
        "Deployment/*",
        "container-restarted",
    )
    assert one.approved_on == date(2026, 1, 5)
    assert one.expires == datetime(2026, 2, 1, tzinfo=UTC)  # a date counts to its end


def test_an_empty_file_holds_no_waiver(tmp_path: Path) -> None:
    assert read(tmp_path, "[]\n") == read(tmp_path, "# none\n") == ()


@pytest.mark.parametrize("text", ["", " \n", "---\n", "null\n", "~"])
def test_a_file_of_nothing_is_a_mistake(tmp_path: Path, text: str) -> None:
    """A write that failed leaves 0 bytes, and the waivers are lost."""
    with pytest.raises(BadInput, match=r"waivers\.yaml: the file is empty; .+ or \[\] for none"):
        read(tmp_path, text)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("  reason: known leak\n", "", "line 1: reason is missing"),
        ("known leak", "", "reason is missing"),
        ("known leak", "'  '", "reason is missing"),
        ("  ticket: OPS-1\n", "  ticket: 17\n", "ticket: a text was expected; put it in quotes"),
        ("Bob", "ada@example.org", "approved_by is the owner"),
        ("Bob", "A\u200bDA", "approved_by is the owner"),
        ("2026-01-31", "2026-01-31T12:00:00", "a time with its zone was expected"),
        ("2026-01-31", "soon", "a time with its zone was expected"),
        ("2026-01-31", "2026-01-01", "expires before approved_on"),
        ("2026-01-05", "someday", "approved_on: a date such as"),
        ("2026-01-05", "2026-13-45", ""),
        ("  code:", "  kode:", "unknown key 'kode'"),
    ],
)
def test_what_cannot_be_used_is_one_sentence(tmp_path: Path, old, new, said) -> None:
    assert old in WAIVER
    with pytest.raises(BadInput) as caught:
        read(tmp_path, WAIVER.replace(old, new, 1))
    assert said in str(caught.value)
    assert str(caught.value).startswith(f"--waivers={tmp_path / 'waivers.yaml'}")


@pytest.mark.parametrize(
    "text", ["- only text", "7", "a: [", "just text", "\x00", "- &a [*a]", "[" * 5000]
)
def test_no_list_of_entries_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(BadInput):
        read(tmp_path, text)


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    for path in (tmp_path / "none.yaml", tmp_path):
        with pytest.raises(BadInput, match="cannot be read"):
            decisions.waivers(path)


def overridden(tmp_path: Path, text: str):
    path = tmp_path / "override.yaml"
    path.write_text(text, encoding="utf-8")
    return decisions.overrides(path)


def test_an_override_is_read(tmp_path: Path) -> None:
    (one,) = overridden(tmp_path, OVERRIDE)
    assert (one.target, one.by, one.approved_by) == ("eu", "Ada", "Bob")
    assert one.expires == datetime(2026, 1, 5, 14, tzinfo=UTC)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("2026-01-05T14", "2026-01-06T11", "within 24 hours after issued"),
        ("2026-01-05T14", "2026-01-05T10", "within 24 hours after issued"),
        ("approved_by: Bob", "approved_by: ADA", "another must approve"),
        ("ticket: OPS-1\n", "", "ticket is missing"),
        ("target: eu\n", "", "target is missing"),
        ("10:00:00Z", "10:00:00", "issued: a time with its zone"),
    ],
)
def test_an_override_that_cannot_be_used(tmp_path: Path, old, new, said) -> None:
    assert old in OVERRIDE
    with pytest.raises(BadInput) as caught:
        overridden(tmp_path, OVERRIDE.replace(old, new, 1))
    assert said in str(caught.value)
