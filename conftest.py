"""The suite as a list of small pytest plugins: fixtures measure, reports tell. Each has its own options and hooks."""

import atexit
import gc

import pytest

PLUGINS = [
    "reports.guard",
    "reports.writing",
    "reports.ending",
    "reports.controls",
    "reports.selection",
    "reports.decisions",
    "reports.findings",
    "reports.unrun",
    "reports.ledger",
    "reports.html",
    "reports.terminal",
    "reports.memory",
    "reports.gate",
    "reports.metrics",
    "reports.bundle",
    "reports.compliance",
    "fixtures.options",
    "fixtures.clock",
    "fixtures.demo",
    "fixtures.host",
    "fixtures.cluster",
    "fixtures.sweep",
    "fixtures.workload",
    "fixtures.logs",
    "fixtures.configuration",
    "fixtures.alerts",
    "fixtures.monitoring",
    "fixtures.rehearsals",
    "fixtures.backups",
    "fixtures.attestations",
    "fixtures.access",
    "fixtures.resources",
    "fixtures.releases",
    "reports.refused",  # the last: it knows every option
]


def pytest_addoption(pluginmanager: pytest.PytestPluginManager) -> None:
    """Load the plugins. For each name in ``pytest_plugins`` pytest would read the entry points of every installed distribution."""
    for name in PLUGINS:
        pluginmanager.import_plugin(name)


# A run makes many objects and little garbage: Python's collector took a quarter of a daily run's CPU,
# and most of its exit (bench/daily.md).
gc.set_threshold(100_000, 50, 100)
# The rest is left to the system. A function of this module would keep it, and with it the run that
# imported it, until the exit: a process can run pytest many times.
atexit.register(gc.freeze)
atexit.register(gc.disable)
