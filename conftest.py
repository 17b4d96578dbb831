"""The suite as a list of small pytest plugins: fixtures measure, reports tell. Each has its own options and hooks."""

pytest_plugins = [
    "reports.guard",
    "reports.controls",
    "reports.findings",
    "reports.ledger",
    "reports.compliance",
    "reports.html",
    "reports.terminal",
    "reports.gate",
    "fixtures.options",
    "fixtures.clock",
    "fixtures.demo",
    "fixtures.sweep",
    "fixtures.cluster",
    "fixtures.health",
    "fixtures.logs",
    "fixtures.configuration",
    "fixtures.counters",
    "fixtures.monitoring",
    "fixtures.backups",
    "fixtures.shell",
]
