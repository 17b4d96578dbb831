"""Refused runs: a usage error leaves the earlier results alone and names their run; with --gate it closes gate.json.

Options that pytest does not know are refused here, with the nearest one: pytest's own message has none.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Any

import pytest

from reports.gate import write_closed
from upkeep.errors import BadInput
from upkeep.limits import nearest
from upkeep.masking import own
from upkeep.session import SETTINGS
from upkeep.settings.run import resolve
from upkeep.urls import without_user

# The cache of pytest is off: these options would select nothing, or everything, without a word.
OF_THE_CACHE = (
    *("--lf", "--last-failed", "--ff", "--failed-first", "--nf", "--new-first"),
    *("--lfnf", "--last-failed-no-failures", "--cache-show", "--cache-clear"),
    *("--sw", "--stepwise", "--sw-skip", "--stepwise-skip", "--sw-reset", "--stepwise-reset"),
)


def pytest_addoption(parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager) -> None:
    """Refuse unknown options. This plugin is the last: all options are declared."""
    config: Any = pluginmanager.get_plugin("pytestconfig")
    given = [str(word) for word in config.invocation_params.args]
    try:
        _, unknown = parser.parse_known_and_unknown_args([one for one in given if one[:1] != "@"])
    except pytest.UsageError as error:  # a wrong value, or none
        raise refusal(given, config, str(error)) from None
    words = [word.partition("=")[0] for word in unknown if word.startswith("--") and word != "--"]
    cached = [word for word in given if word.partition("=")[0] in OF_THE_CACHE]
    short = next((word for word in unknown if re.fullmatch("-n.*", word)), "")
    if not words and not cached and not short:
        return
    if short:
        message = (
            f"{short} is unknown. For kubectl's -n write --namespace=NAME; xdist's -n is not "
            "supported: upkeep already measures in parallel."
        )
    elif cached:
        message = (
            f"{cached[0]} is not supported: each run measures the whole selection anew. "
            "Select with -m or -k."
        )
    else:
        message = (
            f"unknown option {words[0]}{_near(words[0], parser)}. pytest --help lists the options."
        )
    raise refusal(given, config, message)


def refusal(given: Sequence[str], config: pytest.Config, message: str) -> pytest.UsageError:
    """Return the refusal of words that pytest has not parsed; with --gate, gate.json is closed."""
    folder = _folder(_given(given), config)
    if "--gate" in given or "--gate-strict" in given or os.environ.get("UPKEEP_GATE"):
        close(folder, message)
    return pytest.UsageError(message, *_of_an_earlier_run(folder))


def _of_an_earlier_run(folder: Path) -> list[str]:
    """Return the sentence that names the run whose results stay; none where there are none.

    A pipeline that archives the folder after the error would show them as those of this run.
    """
    try:
        run = json.loads((folder / "run.json").read_bytes())["run"]
    except (OSError, ValueError, LookupError, TypeError):  # none, or another run is writing them
        return []
    return [f"The results in {folder} are those of the earlier run {run}. This run has none."]


def _near(word: str, parser: pytest.Parser) -> str:
    """Return the nearest option. The parser's help is the list of all."""
    known = set(re.findall(r"--[a-z][\w-]*", parser.optparser.format_help()))
    return nearest(word, sorted(known - set(OF_THE_CACHE)))


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> Generator[None, Any, Any]:
    try:
        return (yield)
    except pytest.UsageError as error:
        folder = _folder(vars(config.option), config)
        if _gated(config):
            close(folder, own(str(error)))
        # pytest quotes what it was given: a URL in the place of a path may hold a password.
        said = (*error.args, *_of_an_earlier_run(folder))
        raise pytest.UsageError(*(own(without_user(str(one))) for one in said)) from None


def _gated(config: pytest.Config) -> bool:
    if SETTINGS in config.stash:
        return config.stash[SETTINGS].gate
    option = config.option
    asked = getattr(option, "gate", False) or getattr(option, "gate_strict", False)
    return bool(asked or os.environ.get("UPKEEP_GATE"))


def _given(words: Sequence[str]) -> dict[str, str]:
    """Return --out and --settings of words that pytest has not parsed."""
    found = {}
    for word, value in zip(words, [*words[1:], ""], strict=True):
        for name in ("out", "settings"):
            if word == f"--{name}":
                found[name] = value
            elif word.startswith(f"--{name}="):
                found[name] = word.partition("=")[2]
    return found


def _folder(options: dict[str, Any], config: pytest.Config) -> Path:
    """Return the folder of the results, also where another setting is wrong."""
    if SETTINGS in config.stash:
        return config.stash[SETTINGS].out
    here = config.invocation_params.dir
    wanted = {name: options[name] for name in ("out", "settings") if options.get(name)}
    environ = {
        name: value for name in ("UPKEEP_OUT", "UPKEEP_SETTINGS") if (value := os.environ.get(name))
    }
    for known in (wanted, {name: value for name, value in wanted.items() if name == "out"}):
        try:
            return resolve(known, environ, cwd=here).out
        except BadInput:  # the run is refused for it already
            environ.pop("UPKEEP_SETTINGS", None)
    out = wanted.get("out") or environ.get("UPKEEP_OUT")
    return here / out if out else here / "reports" / "out"


def close(folder: Path, message: str) -> None:
    """Write a closed gate.json, unless another run writes to the folder."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / ".lock").open("w", encoding="utf-8") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            write_closed(folder, code=4, verdict="closed: the run was refused", text=message)
    except OSError:
        return  # the usage error names the folder, or the lock of the other run
