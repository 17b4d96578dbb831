"""``--save-bundle=FILE``: the evidence of the run in one file, as soon as it is measured.

A run that judges a bundle (``--bundle``) says so in every report: nothing was measured now.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest

from reports.ledger.record import LEDGER
from upkeep.masking import own
from upkeep.model import rfc3339
from upkeep.session import BUNDLE, RUN, SWEEPS, settings, who

# The file that was saved, and its SHA-256.
SAVED = pytest.StashKey[tuple[str, str]]()


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_runtestloop(session: pytest.Session) -> Generator[None, Any, Any]:
    """The innermost wrapper: after the sweep, and before the first check is judged."""
    config = session.config
    path = settings(config).save_bundle
    if path is not None and LEDGER in config.stash and config.stash.get(SWEEPS, None):
        config.stash[LEDGER].failures.attempt(
            path, lambda: _save(config), option="--save-bundle=FILE"
        )
    return (yield)


def _save(config: pytest.Config) -> None:
    from upkeep.adapters.folders import bundle as files
    from upkeep.records.bundle import SCHEMA, BundledTarget, BundleHeader
    from upkeep.replay import bundled

    run, chosen, sweeps = config.stash[RUN], settings(config), config.stash[SWEEPS]
    path = chosen.save_bundle
    assert path is not None
    targets = []
    for sweep in sweeps.values():
        target = sweep.provided("target")
        assert sweep.place is not None
        targets.append(
            BundledTarget(
                name=target.name, now=sweep.now, namespace=sweep.provided("namespace"),
                place=sweep.place, address=sweep.address, deployment=target.deployment,
                absent=dict(target.absent), secret_readers=target.secret_readers,
            )
        )  # fmt: skip
    header = BundleHeader(
        schema=SCHEMA, run=run.id, version=run.version, started=run.started, who=who(),
        arguments=run.arguments, targets=tuple(targets), limits=chosen.limits.values(),
    )  # fmt: skip
    every = (one for name, sweep in sweeps.items() for one in bundled(sweep, target=name))
    config.stash[SAVED] = (path.name, files.write(path, header, every))


def facts(config: pytest.Config) -> dict[str, Any]:
    """Return what run.json says of bundles: the saved bundle, and the judged ones."""
    saved, judged = config.stash.get(SAVED, None), config.stash.get(BUNDLE, None)
    found: dict[str, Any] = {"saved_bundle": None, "bundles": []}
    if saved is not None:
        found["saved_bundle"] = {"file": saved[0], "sha256": saved[1]}
    if judged is not None:
        header = judged.header
        one = {
            "file": own(judged.file),
            "sha256": judged.sha256,
            "run": header.run,
            "version": header.version,
            "started": rfc3339(header.started),
            "who": dict(header.who),
        }
        found["bundles"] = [one]
    return found


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    judged = config.stash.get(BUNDLE, None)
    if judged is not None and LEDGER in config.stash:
        header = judged.header
        terminalreporter.write_line(
            f"judged from a bundle: run {header.run} measured at "
            f"{header.started:%Y-%m-%d %H:%M} UTC; nothing was measured now",
            yellow=True,
        )
    if SAVED in config.stash:
        name, digest = config.stash[SAVED]
        terminalreporter.write_line(f"bundle: {name} sha256:{digest}")
