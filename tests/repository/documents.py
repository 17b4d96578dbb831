"""The generated documents: ``python -m tests.repository.documents [NAME…]`` writes all, or some.

They are made from what they describe: limits from ``upkeep.limits``, the Role from the checks'
measurements, outcomes and sources from runs on the embedded cluster. ``make documents`` writes all;
tests compare each with what is committed.
"""

import argparse
import contextlib
import io
import textwrap
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from tests import ROOT
from tests.checks import outcomes, sources
from tests.liars import matrix
from tests.repository import checklist, controls
from upkeep.commands.rbac import document
from upkeep.commands.roles import ALL
from upkeep.limits import LIMITS


def limits() -> str:
    """docs/limits.md."""
    lines = [
        "# Limits",
        "",
        "Set a limit with `--limit=NAME=VALUE`, `UPKEEP_LIMIT=NAME=VALUE,…`, or `[limits]` in the settings file. Each result shows its limit.",
        "Write durations as `24h`, `7d`, `1.5s` and ratios as `1%` or `0.01`.",
        "",
        "| name | default | unit | range | reason |",
        "| --- | --- | --- | --- | --- |",
    ]
    for name, limit in LIMITS.items():
        lines.append(
            f"| `{name}` | {limit.text(limit.default)} | {limit.unit} | {limit.text(limit.least)} – {limit.text(limit.most)} | {limit.reason} |"
        )
    return "\n".join(lines) + "\n"


def role() -> str:
    """deploy/rbac/role.yaml."""
    return document(ALL, "monitoring", "monitoring", "upkeep")


def chart_role() -> str:
    """deploy/overlays/chart/chart-role.yaml."""
    return document(ALL, "kubecano", "monitoring", "upkeep")


def operator_rules() -> str:
    """deploy/monitoring/prometheusrule.yaml: rules.yaml as an object of the Prometheus operator."""
    plain = (ROOT / "deploy" / "monitoring" / "rules.yaml").read_text(encoding="utf-8")
    groups = textwrap.indent(plain[plain.index("groups:") :], "  ")
    return (
        "# Made from rules.yaml by make documents.\n"
        "apiVersion: monitoring.coreos.com/v1\nkind: PrometheusRule\n"
        f"metadata:\n  name: cano-upkeep\nspec:\n{groups}"
    )


DOCUMENTS: dict[str, Callable[[], str]] = {
    "docs/limits.md": limits,
    "deploy/rbac/role.yaml": role,
    "deploy/overlays/chart/chart-role.yaml": chart_role,
    "deploy/monitoring/prometheusrule.yaml": operator_rules,
    "docs/checklist.md": checklist.document,
    controls.PATH: controls.document,
    sources.PATH: sources.document,
    outcomes.PATH: outcomes.document,
    matrix.PATH: matrix.document,
}
# Made by runs of many clusters: tests compare parts of them.
RUNS = (sources.PATH, outcomes.PATH, matrix.PATH)


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the named documents, or all of them. Exit code 0."""
    by_name = {Path(path).stem: path for path in DOCUMENTS}
    parser = argparse.ArgumentParser(
        prog="python -m tests.repository.documents", description=main.__doc__
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of {', '.join(by_name)}")
    names = parser.parse_args(arguments).names
    if unknown := [name for name in names if name not in by_name]:
        parser.error(f"no document is called {unknown[0]!r}; there are {', '.join(by_name)}")
    paths = [by_name[name] for name in names or by_name]
    # The longest first: it fills what cores the others leave.
    paths.sort(key=lambda path: path != outcomes.PATH)
    with ProcessPoolExecutor() as pool:
        for path, text in zip(paths, pool.map(text_of, paths), strict=True):
            (ROOT / path).write_text(text, encoding="utf-8")
            print(path, flush=True)
    return 0


def text_of(path: str) -> str:
    """Return the text of the document with this path."""
    with contextlib.redirect_stdout(io.StringIO()):  # the inner runs' own reports
        return DOCUMENTS[path]()


if __name__ == "__main__":
    raise SystemExit(main())
