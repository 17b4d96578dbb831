"""The words by which a run chooses: a marker or a control in ``-m``, a control in ``[gate]`` of the settings file. One that does not exist is bad input.

pytest takes ``control(id='misspelt')`` for an expression that chooses nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from upkeep.limits import nearest
from upkeep.model import CADENCES
from upkeep.session import CONTROL, chooses, narrowed_by, settings

MARKERS = (*CADENCES, "gate", "control")
FIELDS = ("id", "severity", "guide")
# What an expression that pytest can read is made of, beside signs: a word, or a field with its value; quotes stand nowhere else.
_WORD = r"[\w:+\-.\[\]\\/]+"
_PART = re.compile(
    rf"(?P<word>{_WORD})(?:\s*=\s*(?:'(?P<single>[^']*)'|\"(?P<double>[^\"]*)\"|(?P<bare>{_WORD})))?"
)


def pytest_collection_modifyitems(
    session: pytest.Session, config: pytest.Config, items: list[pytest.Item]
) -> None:
    """After that of reports.controls, which is to be tried first, and before pytest's own, which deselects: what was registered last comes first."""
    if session.testsfailed:
        return  # a file could not be collected, and pytest says so: what would have stood in it is not known
    controls = [item.stash[CONTROL] for item in items]
    known = {
        "id": [each.id for each in controls],
        "severity": [each.severity for each in controls],
        "guide": [each.guide for each in controls],
    }
    markers = {
        line.partition(":")[0].partition("(")[0].strip() for line in config.getini("markers")
    }
    wrong = [
        f"-m {config.option.markexpr!r}: {fault}"
        for fault in faults(config, markers=markers, known=known)
    ]
    if not narrowed_by(config):
        chosen = settings(config)
        wrong += [
            f"[gate] in {chosen.settings_file}: there is no control {name!r}{nearest(name, known['id'])}"
            for name in (*chosen.gate_add, *chosen.gate_remove)
            if name not in known["id"]
        ]
    if wrong:
        items.clear()  # nothing was chosen: --collect-only would list all of them above the message
        raise pytest.UsageError("\n".join(wrong))


def faults(
    config: pytest.Config, *, markers: set[str], known: dict[str, list[str]]
) -> Iterator[str]:
    """What the ``-m`` expression names and is not there.

    :raises pytest.UsageError: it is no expression.
    """
    chooses(config, ())
    marker = ""
    for part in _PART.finditer(config.option.markexpr or ""):
        word, values = (
            part["word"],
            [part[kind] for kind in ("single", "double", "bare") if part[kind] is not None],
        )
        if not values and word not in ("and", "or", "not"):
            marker = word
            if word not in markers:
                yield f"there is no marker {word!r}{nearest(word, MARKERS)}; there are {', '.join(MARKERS)}"
        elif values and marker == "control":
            if word not in known:
                yield f"a control has no {word!r}{nearest(word, FIELDS)}; it has {', '.join(FIELDS)}"
            elif values[0] not in known[word]:
                what = (
                    f"control {values[0]!r}"
                    if word == "id"
                    else f"control whose {word} is {values[0]!r}"
                )
                yield f"there is no {what}{nearest(values[0], known[word])}; pytest --collect-only -q lists them"
