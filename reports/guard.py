"""Refuses to run where checks could be fooled: without assertions, without the suite's own configuration, without its plugins."""

import sys
from pathlib import Path

import pytest

SUITE = Path(__file__).resolve().parent.parent
# Without one of these an outcome, a gate or a mask would be missing, silently.
NEEDED = (
    "controls",
    "findings",
    "secrecy",
    "outcomes",
    "writing",
    "ending",
    "ledger",
    "compliance",
    "terminal",
    "gate",
)


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    if sys.flags.optimize:
        raise pytest.UsageError(
            "python -O (or PYTHONOPTIMIZE) takes assertions out, and every failing check would pass; run without it"
        )
    if (
        getattr(config.option, "assertmode", "plain") == "plain"
    ):  # without pytest's own plugin there is no such option
        raise pytest.UsageError(
            "--assert=plain (or -p no:assertion) is not for these checks; leave it out"
        )
    if config.rootpath.resolve() != SUITE:
        raise pytest.UsageError(
            f"the rootdir is {config.rootpath}, not the suite's {SUITE}, so its configuration is not in force; "
            f"write paths as --option=PATH, and run in {SUITE} or with `upkeep run`"
        )
    if config.inipath is None or config.inipath.resolve().parent != SUITE:
        raise pytest.UsageError(
            f"the configuration is {config.inipath}, not one of the suite's in {SUITE}; leave -c out"
        )
    for name in NEEDED:
        if config.pluginmanager.is_blocked(f"reports.{name}"):
            raise pytest.UsageError(
                f"-p no:reports.{name}: the checks cannot be judged without it; leave that out"
            )
    if getattr(config.option, "numprocesses", None) or getattr(config.option, "tx", None):
        raise pytest.UsageError(
            "-n: a run measures everything once, side by side, before the first check; leave it out"
        )
    if config.option.debug:
        raise pytest.UsageError(
            "--debug would write every argument of every hook to a file, secrets too; leave it out"
        )
