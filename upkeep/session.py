"""The session: the facts of a run that fixtures, reports and commands share.

Fixtures never import reports, reports never import fixtures, and commands import neither. They meet here.
"""

from __future__ import annotations

import getpass
import os
import platform
import secrets
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec.structs
import pytest
from _pytest.mark import MarkMatcher
from _pytest.mark.expression import Expression, ExpressionMatcher

import upkeep
from upkeep.addressing import Address
from upkeep.clock import Clock
from upkeep.limits import LIMITS
from upkeep.masking import own
from upkeep.meter import Meter
from upkeep.model import CADENCES, Control, Evidence, Run
from upkeep.records.bundle import Bundle
from upkeep.settings.run import RunSettings
from upkeep.sweep import Measurement, Sweep, declared_in
from upkeep.urls import shown, without_user
from upkeep.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

# Of the run: ``config.stash``.
SETTINGS = pytest.StashKey[RunSettings]()
CLOCK = pytest.StashKey[Clock]()
RUN = pytest.StashKey[Run]()
SWEEPS = pytest.StashKey[dict[str, Sweep]]()
METERS = pytest.StashKey[dict[str, Meter]]()
VERDICT = pytest.StashKey[Verdict]()
INTERRUPTED = pytest.StashKey[bool]()
BUNDLE = pytest.StashKey[Bundle]()  # with --bundle
# Of a check: ``item.stash``.
CONTROL = pytest.StashKey[Control]()
EVIDENCE = pytest.StashKey[list[Evidence]]()
ADDRESS = pytest.StashKey[Address]()
NOT_DUE = pytest.StashKey[bool]()

DEFAULT_TARGET = "default"
# Where CI systems say which job this is: GitLab, Jenkins. GitHub tells it in three parts.
_JOBS = ("CI_JOB_URL", "BUILD_URL")
_COLLECTION = ("python_files", "python_classes", "python_functions", "testpaths", "norecursedirs")


def target_of(item: pytest.Item) -> str:
    """Return the name of the check's target; ``default`` for a single unnamed one."""
    callspec = getattr(item, "callspec", None)
    name = callspec.params.get("target_name", "") if callspec else ""
    return str(name) or DEFAULT_TARGET


def clock_of(config: pytest.Config) -> Clock:
    """Return the run's clock: the machine's, unless a test put another one into the stash."""
    return config.stash.setdefault(CLOCK, Clock())


def measurements_of(config: pytest.Config) -> dict[str, Measurement]:
    """Return every measurement that the run's plugins declare, by name."""
    return declared_in(config.pluginmanager.get_plugins())


def settings(config: pytest.Config) -> RunSettings:
    """Return the settings of the run, as the options resolved them."""
    return config.stash[SETTINGS]


def output(config: pytest.Config) -> Path:
    """Return the folder of the results."""
    return settings(config).out


def records(config: pytest.Config) -> bool:
    """Return whether this run judges: ``--collect-only``, ``--help`` and the like keep the earlier results."""
    option = config.option
    asked = (
        "collectonly",
        "help",
        "version",
        "markers",
        "showfixtures",
        "show_fixtures_per_test",
        "setupplan",
    )
    return (
        not any(getattr(option, name, False) for name in asked)
        and getattr(option, "demo", None) != "list"
    )


def narrowed_by(config: pytest.Config) -> str:
    """Return the option that keeps a part of the checklist from collection; empty without one."""
    option = config.option
    for name, word in (("ignore", "--ignore"), ("ignore_glob", "--ignore-glob"), ("lf", "--lf")):
        if getattr(option, name, None):
            return word
    whole = {config.rootpath.resolve(), (config.rootpath / "checks").resolve()}
    for argument in config.args:
        if (config.invocation_params.dir / argument).resolve() not in whole:
            return argument
    for entry in option.override_ini or ():
        if entry.partition("=")[0].strip() in _COLLECTION:
            return f"-o {entry}"
    return ""


def begin_run(config: pytest.Config, *, requests: int = 0) -> Run:
    """Return the facts of the run, made at the first call, with the number of requests once known."""
    run = config.stash.get(RUN, None) or _begin(config)
    config.stash[RUN] = run = msgspec.structs.replace(run, requests=max(run.requests, requests))
    return run


def ended(config: pytest.Config) -> datetime:
    """The instant, by the run's own clock."""
    return clock_of(config).now()


def _begin(config: pytest.Config) -> Run:
    chosen, now = settings(config), ended(config)
    return Run(
        id=f"{now:%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}",
        started=now,
        version=upkeep.__version__,
        cadences=tuple(cadence for cadence in CADENCES if chooses_cadence(config, cadence)),
        targets=tuple(target.name or "default" for target in chosen.targets),
        arguments=tuple(own(without_user(argument)) for argument in config.invocation_params.args),
        limits=tuple(
            (name, chosen.limits.text(name), limit.text(limit.default))
            for name, limit in LIMITS.items()
        ),
    )


def chooses(config: pytest.Config, markers: Iterable[pytest.Mark]) -> bool:
    """Return whether the ``-m`` expression selects these markers; without an expression it selects all.

    :raises pytest.UsageError: an invalid expression.
    """
    return _evaluate(config, MarkMatcher.from_markers(markers))


def chooses_cadence(config: pytest.Config, cadence: str) -> bool:
    """Return whether the ``-m`` expression selects a check with this cadence as its only marker."""
    return _evaluate(config, lambda name, /, **_: name == cadence)


def _evaluate(config: pytest.Config, matcher: ExpressionMatcher) -> bool:
    expression = config.option.markexpr
    if not expression:
        return True
    try:
        return bool(_compiled(expression).evaluate(matcher))
    except SyntaxError:
        raise pytest.UsageError(f"-m {expression!r} is not a marker expression.") from None


@lru_cache(maxsize=8)  # asked for each check of each target
def _compiled(expression: str) -> Expression:
    return Expression.compile(expression)


def who() -> dict[str, str]:
    """Return who runs this: the OS user, the host, and the CI job's URL where there is one."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a uid without a name, as in a container
        user = f"uid {os.getuid()}"
    found = {"user": user, "host": platform.node()}
    job = next((os.environ[name] for name in _JOBS if os.environ.get(name)), "")
    if not job and os.environ.get("GITHUB_RUN_ID"):
        server, repository = (
            os.environ.get(f"GITHUB_{n}", "") for n in ("SERVER_URL", "REPOSITORY")
        )
        job = f"{server}/{repository}/actions/runs/{os.environ['GITHUB_RUN_ID']}"
    return found | ({"job": own(address)} if (address := shown(job)) else {})
