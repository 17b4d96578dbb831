"""Lies of files and of what Helm stored: backups, exports, sign-offs, the chart index, releases."""

import re

from tests.liars.changes import nothing, of_a_list
from tests.liars.playing import Change, Liar, Lie, Told


def half(told: Told) -> bytes:
    """Return the first half of a file, cut at the end of a line."""
    lines = told.body.splitlines(keepends=True)
    return b"".join(lines[: len(lines) // 2])


def replaced(old: bytes, new: bytes) -> Change:
    """Return the change of each match of a pattern."""
    return lambda told: re.sub(old, new, told.body)


def only(text: bytes) -> Change:
    """Return the change to a text."""
    return lambda told: text


NOTHING = Lie("empty", "an empty file", nothing)
CUT = Lie("early end", "the file ends in its middle", half)
PAGE = Lie("foreign", "a page of HTML", only(b"<!DOCTYPE html>\n<html></html>\n"))

FILES = (
    Liar(
        "Backups", "backups", "backup-differs", "config-backed-up",
        (
            NOTHING, CUT, PAGE,
            Lie("foreign", "objects of another namespace", replaced(rb"namespace: monitoring", b"namespace: another")),
            Lie("foreign", "objects of other names", replaced(rb"name: cano-collector", b"name: another-collector")),
            Lie("partial", "no data", replaced(rb"(?m)^( *)data:$", rb"\1annotations:")),
            Lie("empty", "an empty list", only(b"apiVersion: v1\nkind: List\nitems: []\n")),
        ),
        path=r"\.yaml$",
    ),
    Liar(
        "Backups", "backups", "backup-shrunk", "backups-complete",
        (
            NOTHING, CUT, PAGE,
            Lie("foreign", "objects of another namespace", replaced(rb"namespace: monitoring", b"namespace: another")),
            Lie("empty", "an empty list", only(b"apiVersion: v1\nkind: List\nitems: []\n")),
        ),
        path=r"\.yaml$",
    ),
    Liar(
        "Exports", "exports", "export-lacks-a-pod", "metrics-exported",
        (
            NOTHING, CUT, PAGE,
            Lie("foreign", "another program's families", replaced(rb"(?m)^(# \w+ )?cano_", rb"\1another_")),
            Lie("foreign", "another pod's name", replaced(rb"k7w2p", b"zzzzz")),
            Lie("early end", "the last line lacks its value", lambda told: told.body.rstrip().rpartition(b" ")[0]),
        ),
    ),
    Liar(
        "Attestations", "attestations", "attestations-expired", "documentation-current",
        (
            NOTHING, CUT, PAGE,
            Lie("stale", "signed in the future", replaced(rb"at: '\d{4}", b"at: '2027")),
            Lie("foreign", "for another target", replaced(rb"target: .*", b"target: another")),
            Lie("partial", "no reviewer", replaced(rb"(?m)^ *reviewed_by: .*\n", b"")),
            Lie("partial", "no time", replaced(rb"(?m)^ *at: .*\n", b"")),
            Lie("stale", "valid for ten years", replaced(rb"valid_for: \w+", b"valid_for: 3650d")),
        ),
    ),
    Liar(
        "Chart index", "charts", "outdated", "up-to-date",
        (
            NOTHING, PAGE,
            Lie("early end", "the file ends in its middle", half),
            Lie("empty", "`entries: {}`", only(b"apiVersion: v1\nentries: {}\ngenerated: '2026-01-02T12:00:00Z'\n")),
            Lie("foreign", "entries of another chart", replaced(rb"(?m)^  cano-collector:", b"  another:")),
            Lie("partial", "entries without a version", replaced(rb"(?m)^ *version: .*\n", b"")),
            Lie("stale", "no version is dated", replaced(rb"(?m)^ *created: .*\n", b"")),
        ),
    ),
    Liar("Helm releases", "releases", "chart/api-gone", "apis-served", of_a_list()),
    Liar("Helm releases", "releases", "chart/upgrade-failed", "up-to-date", of_a_list()),
)  # fmt: skip
