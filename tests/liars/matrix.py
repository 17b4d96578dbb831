"""docs/liars.md: each source, its lies, and what a failing control says under each."""

import contextlib
import io
from collections.abc import Iterator, Sequence
from functools import cache

from tests.liars.changes import of_items, of_json, older
from tests.liars.files import FILES, replaced
from tests.liars.objects import OBJECTS, emptied, ruleless
from tests.liars.playing import Liar, Lie, Plays, Row, played
from tests.liars.programs import PROGRAMS
from tests.liars.telemetry import TELEMETRY

PATH = "docs/liars.md"
LIARS: tuple[Liar, ...] = (*OBJECTS, *PROGRAMS, *TELEMETRY, *FILES)
# What a server says with every sign of the truth. No answer of another source contradicts it.
BELIEVED = (
    Liar("Events", "events", "warned", "warning-events", (Lie("empty", "no event", of_json(emptied)),)),
    Liar("NetworkPolicies", "networkpolicies", "network-open", "network-restricted", (Lie("stale", "the policies from before the fault", older),)),
    Liar("RBAC: Roles", "rbac", "wildcard-rights", "rbac-least-privilege", (Lie("partial", "ClusterRoles with `rules: null`, but cluster-admin", of_items(lambda item: None if item["metadata"]["name"] == "cluster-admin" else ruleless(item))),), path=r"roles$"),
    Liar("Alertmanager: silences", "alertmanager-silences", "everything-silenced", "fallback-notification", (Lie("empty", "no silence", of_json(lambda one: [])),)),
    Liar("Chart index", "charts", "outdated", "up-to-date", (Lie("stale", "a mirror without the newest versions", replaced(rb"version: (?!1\.4\.2).*", b"version: 0.0.1")),)),
)  # fmt: skip
WHY = {
    "Events": "The API server deletes events after an hour. No other object counts them.",
    "NetworkPolicies": "No other object says how often a policy changed.",
    "RBAC: Roles": "A Role without rules is valid. Each server gives cluster-admin its rules again.",
    "Alertmanager: silences": "Alertmanager lists no silence on most days. Only each silenced alert names its silence.",
    "Chart index": "`generated` is the time of the last release in many repositories.",
}


@cache
def plays() -> Plays:
    """Return all lies, told once."""
    with contextlib.redirect_stdout(io.StringIO()):
        return played((*LIARS, *BELIEVED))


def rows(liars: Sequence[Liar]) -> list[Row]:
    """Return what was said under the lies of these."""
    return [row for row in plays().rows if any(row.liar is liar for liar in liars)]


def document() -> str:
    """Return docs/liars.md."""
    found = rows(LIARS)
    failed = sum(row.outcome.name in ("fail", "due") for row in found)
    text = [
        "# Liars",
        "",
        "Each source lies to a control that fails. No lie lets the control pass.",
        "Generated: the embedded cluster runs each scenario once, and its answers are changed.",
        f"{len(found)} lies: {failed} are failures all the same, {len(found) - failed} are unknown or refused.",
        "",
        "Stale: an earlier answer. Partial: a part is missing. Foreign: the answer of another object or program.",
        "Empty: nothing. Early end: the body stops.",
        *_tables(found),
        "",
        "## Believed",
        "",
        "A server that tells these with every sign of the truth is believed.",
        "",
        "| source | control | lie | outcome | why |",
        "| --- | --- | --- | --- | --- |",
    ]
    for row in rows(BELIEVED):
        liar, said = row.liar, row.outcome.name
        text.append(
            f"| {liar.name} | {liar.control} | {row.lie.words} | {said} | {WHY[liar.name]} |"
        )
    return "\n".join(text) + "\n"


def _tables(found: Sequence[Row]) -> Iterator[str]:
    last = None
    for row in found:
        if row.liar is not last:
            last = row.liar
            yield ""
            yield f"## {last.name}: {last.control} on `{last.scenario}`"
            yield ""
            yield "| lie | what the source says | outcome |"
            yield "| --- | --- | --- |"
        yield row.text()
