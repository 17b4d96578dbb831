"""Selection: do the markers and controls of ``-m`` and ``[gate]`` exist?

pytest accepts ``control(id='misspelt')`` and selects no check. Here it is bad input.
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
# The parts of a marker expression, beside operators: a word, or a field with its value.
_WORD = r"[\w:+\-.\[\]\\/]+"
_PART = re.compile(
    rf"(?P<word>{_WORD})(?:\s*=\s*(?:'(?P<single>[^']*)'|\"(?P<double>[^\"]*)\"|(?P<bare>{_WORD})))?"
)


def pytest_collection_modifyitems(
    session: pytest.Session, config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Run after reports.controls, which is tried first, and before pytest's own, which deselects."""
    if session.testsfailed:
        return  # pytest reports a file that it could not collect; its controls are unknown
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
            f"[gate] in {chosen.settings_file}: unknown control {name!r}{nearest(name, known['id'])}."
            for name in (*chosen.gate_add, *chosen.gate_remove)
            if name not in known["id"]
        ]
    if wrong:
        items.clear()  # --collect-only would list all of them above the message
        raise pytest.UsageError("\n".join(wrong))


def faults(
    config: pytest.Config, *, markers: set[str], known: dict[str, list[str]]
) -> Iterator[str]:
    """Return the unknown names of the ``-m`` expression.

    :raises pytest.UsageError: an invalid expression.
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
                yield f"unknown marker {word!r}{nearest(word, MARKERS)}. Markers: {', '.join(MARKERS)}."
        elif values and marker == "control":
            if word not in known:
                yield f"unknown field {word!r} of control{nearest(word, FIELDS)}. Fields: {', '.join(FIELDS)}."
            elif values[0] not in known[word]:
                what = (
                    f"control {values[0]!r}"
                    if word == "id"
                    else f"control with {word} {values[0]!r}"
                )
                yield f"no {what}{nearest(values[0], known[word])}. pytest --collect-only -q lists the controls."
