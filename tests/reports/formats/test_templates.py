"""The templates are compiled once, and again when one of them changes."""

import shutil
import sys
from pathlib import Path

import jinja2
import pytest

from reports.compliance import templates

NAME = "marks.html.j2"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder with a template, and without bytecode."""
    shutil.copy(templates.FOLDER / NAME, tmp_path)
    monkeypatch.setattr(templates, "FOLDER", tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    return tmp_path


class Compiled(Exception):
    """A template was compiled."""


def compiles(monkeypatch: pytest.MonkeyPatch) -> bool:
    """Return whether loading the template compiles it."""

    def compiled(*_: object, **__: object) -> str:
        raise Compiled

    with monkeypatch.context() as patched:
        patched.setattr(jinja2.Environment, "_generate", compiled)
        try:
            templates.environment().get_template(NAME)
        except Compiled:
            return True
    return False


def test_a_template_is_compiled_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "__pycache__").mkdir()
    assert compiles(monkeypatch)
    templates.environment().get_template(NAME)
    assert not compiles(monkeypatch)
    (folder / NAME).write_text("another", encoding="utf-8")
    assert compiles(monkeypatch)
    assert templates.environment().get_template(NAME).render() == "another"


def test_other_options_compile_it_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "__pycache__").mkdir()
    templates.environment().get_template(NAME)
    monkeypatch.setitem(templates._OPTIONS, "trim_blocks", False)
    assert compiles(monkeypatch)


def test_where_nothing_is_kept_each_run_compiles_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No folder, as on a read-only disk; or PYTHONDONTWRITEBYTECODE is set."""
    templates.environment().get_template(NAME)
    assert [path.name for path in folder.iterdir()] == [NAME]
    (folder / "__pycache__").mkdir()
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    templates.environment().get_template(NAME)
    assert compiles(monkeypatch)
