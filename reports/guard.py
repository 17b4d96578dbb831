"""The guard: refuse a run without assertions, the suite's configuration or its plugins."""

import sys
from pathlib import Path

import pytest

SUITE = Path(__file__).resolve().parent.parent
# Without one of these an outcome, the gate or the masking would be missing silently.
NEEDED = (
    "controls",
    "findings",
    "secrecy",
    "outcomes",
    "writing",
    "ending",
    "unrun",
    "ledger",
    "compliance",
    "terminal",
    "gate",
)


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    if sys.flags.optimize:
        raise pytest.UsageError(
            "python -O removes assertions, so every failing check would pass. Remove -O and PYTHONOPTIMIZE."
        )
    if (
        getattr(config.option, "assertmode", "plain") == "plain"
    ):  # without pytest's own plugin there is no such option
        raise pytest.UsageError(
            "--assert=plain and -p no:assertion are not supported. Remove them."
        )
    if config.rootpath.resolve() != SUITE:
        raise pytest.UsageError(
            f"The rootdir is {config.rootpath}, not {SUITE}, so the suite's configuration is not loaded. "
            f"Write paths as --option=PATH, and run in {SUITE} or with upkeep run."
        )
    if config.inipath is None or config.inipath.resolve().parent != SUITE:
        raise pytest.UsageError(
            f"The configuration is {config.inipath}, not the one in {SUITE}. Remove -c."
        )
    for name in NEEDED:
        if config.pluginmanager.is_blocked(f"reports.{name}"):
            raise pytest.UsageError(
                f"-p no:reports.{name}: the checks need this plugin. Remove the option."
            )
    if getattr(config.option, "numprocesses", None) or getattr(config.option, "tx", None):
        raise pytest.UsageError(
            "-n is not supported: upkeep already measures in parallel. Remove -n."
        )
    if config.option.debug:
        # pytest has opened the file before any plugin could refuse.
        Path(config.option.debug).unlink(missing_ok=True)
        raise pytest.UsageError(
            "--debug writes the arguments of every hook, secrets included, to a file. Remove it."
        )
