"""Lines on a terminal wrap at words; commands, and lines for a file, stay whole."""

import pytest

from upkeep.lines import wrapped

TEXT = "FAIL pods-ready: Container cano-collector of pod a waits.\n    where: Pod/a container/cano-collector [x]\n\n    next: kubectl -n monitoring logs cano-collector -c cano-collector --previous"


def test_sentences_wrap_at_words_and_a_command_stays_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    assert wrapped(TEXT, terminal=True) == [
        "FAIL pods-ready: Container",
        "  cano-collector of pod a waits.",
        "    where: Pod/a",
        "      container/cano-collector [x]",
        "",
        "    next: kubectl -n monitoring logs cano-collector -c cano-collector --previous",
    ]
    assert wrapped(TEXT, terminal=False) == TEXT.split("\n")
