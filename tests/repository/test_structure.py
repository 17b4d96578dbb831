"""The structure keeps what ARCHITECTURE.md says of it; ``structure.py`` draws it."""

import re

import pytest

from tests import ROOT
from tests.repository import structure

# Longer than a file may be, and to be split: this list only shrinks.
TOO_LONG: set[str] = set()
# Beside the eleven subjects: what runs a sweep, and what several judges share.
BESIDE = {
    "checks": set(),
    "fixtures": {
        "bundle",
        "clock",
        "cluster",
        "demo",
        "host",
        "measurement",
        "options",
        "sweep",
        "target",
    },
    "upkeep/judges": {"counting", "wording"},
    "upkeep/demo/changes": {"catalogue"},
    "tests/judges": {"counting", "samples", "unmeasured", "wording"},
}


@pytest.mark.parametrize("folder", structure.folders())
def test_no_arrow_leads_up_and_none_in_a_circle(folder: str) -> None:
    drawn = structure.arrows(folder)
    assert structure.upward(folder, drawn) == []
    assert structure.circle(drawn) == []


def test_no_modules_import_each_other_in_a_circle() -> None:
    known = structure.modules()
    assert structure.circle({name: set(structure.imported_by(name)) for name in known}) == []


def test_no_folder_has_too_many_entries() -> None:
    tops = {"upkeep": structure.MOST_ROOMS, "tests": structure.MOST_ROOMS}
    found = structure.entries()
    full = {name for name in found if found[name] > tops.get(name, structure.MOST_ENTRIES)}
    assert len(found) > 40
    assert full == set()


def test_no_file_is_too_long() -> None:
    """One that is short enough by now is taken out of the list."""
    assert set(structure.long_files()) == TOO_LONG


@pytest.mark.parametrize("folder", BESIDE)
def test_every_layer_has_a_room_for_each_subject_and_no_other(folder: str) -> None:
    names = {path.name.removesuffix(".py") for path in (ROOT / folder).iterdir()}
    rooms = {name.removeprefix("test_") for name in names if name[0] not in "._"}
    assert rooms - BESIDE[folder] == set(structure.SUBJECTS)


@pytest.mark.parametrize("subject", structure.SUBJECTS)
def test_a_check_and_its_judge_have_one_word(subject: str) -> None:
    text = (ROOT / "checks" / f"test_{subject}.py").read_text(encoding="utf-8")
    words = set(re.findall(r"upkeep\.judges\.(\w+)", text))
    assert words == {subject}


def test_an_arrow_up_a_circle_and_a_room_without_a_layer_are_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(structure.LAYERS, "x", (("low",), ("high",)))
    assert structure.upward("x", {"low": {"high"}, "high": set(), "new": set()}) == [
        "new is in no layer",
        "low > high",
    ]
    assert structure.upward("x", {"low": set(), "high": {"low"}}) == []
    assert set(structure.circle({"a": {"b"}, "b": {"c"}, "c": {"a"}})) == {"a", "b", "c"}
    assert structure.circle({"a": {"b", "c"}, "b": {"c"}}) == []
    assert "upkeep.model" in structure.imported_by("upkeep.judges.logs.recent")
    assert "judges" in structure.arrows("upkeep")["commands"]
