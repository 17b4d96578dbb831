"""No attack on the credentials shows one; ``attacking.py`` says what each of them is.

Each runs with one command in this process. A process of its own takes seconds: with UPKEEP_TEST_FUZZ each runs with every command.
"""

import os
from itertools import product
from pathlib import Path

import pytest

from tests.commands import attacking
from tests.fuzzing import FUZZ
from upkeep.__main__ import main

QUICK = ("backup", "export", "init", "drill")
AROUND = {"UPKEEP_LIMIT": "request_deadline=1s,sweep_deadline=1s"}
NAMES = list(attacking.ATTACKS)
PAIRS = [*product(NAMES, attacking.COMMANDS)]


def test_there_are_attacks_enough() -> None:
    assert len(NAMES) >= 30


@pytest.mark.parametrize("name", NAMES)
def test_an_attack_shows_no_credential(
    name: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    attack, command = attacking.ATTACKS[name](), QUICK[NAMES.index(name) % len(QUICK)]
    for variable in [one for one in os.environ if one.startswith("UPKEEP_")]:
        monkeypatch.delenv(variable)
    for variable, value in {**AROUND, "HOME": str(tmp_path), **attack.environ}.items():
        monkeypatch.setenv(variable, value)
    monkeypatch.chdir(tmp_path)
    with attacking.served(attack.echo) as url:
        options = attacking.prepare(attack, tmp_path, url)
        code = main(attacking.words(command, options))
    said = capfd.readouterr()
    assert attacking.leaks(said.out + said.err, tmp_path, attack) == []
    assert "Traceback" not in said.out + said.err
    assert code in (1, 2, 4)
    assert said.err or said.out


@pytest.mark.parametrize(("name", "command"), PAIRS if FUZZ else PAIRS[:: len(PAIRS) // 3])
def test_no_command_shows_a_credential(name: str, command: str) -> None:
    assert attacking.faults(name, command) == []
