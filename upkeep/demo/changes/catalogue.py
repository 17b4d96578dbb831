"""The catalogue that every change enters, and what changes have in common."""

from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any

from upkeep.demo.healthy import healthy
from upkeep.demo.objects import logs
from upkeep.demo.state import Process, State

Change = Callable[[State], None]
CHANGES: dict[str, tuple[str, Change, tuple[str, ...]]] = {}
CHART_ONLY: dict[str, tuple[str, Change, tuple[str, ...]]] = {}
BACKUP = "cano-collector-backup"
NEW_HASH = "7b9f6c5d84"
RULES = ("maintenance-alerts-quiet", "maintenance-alerts-loaded")


def scenario(
    name: str,
    summary: str,
    *hits: str,
    into: dict[str, tuple[str, Change, tuple[str, ...]]] = CHANGES,
) -> Callable[[Change], Change]:
    """Enter a change into the catalogue; ``hits`` are the controls that it is meant to make fail, or due."""

    def enter(change: Change) -> Change:
        into[name] = (summary, change, hits)
        return change

    return enter


def nothing(state: State) -> None:
    """Leave the healthy cluster as it is."""


def rebuild(state: State, **options: Any) -> None:
    """Put another healthy cluster in the place of this one."""
    fresh = healthy(state.layout, state.now, **options)
    for item in fields(State):
        setattr(state, item.name, getattr(fresh, item.name))


def divert(state: State, *, share: int, process: Process | None = None, **change: Any) -> None:
    """Let one in ``share`` of the largest stream of the first pod, or of another process, end otherwise."""
    streams = (process or state.process()).streams
    largest = max(streams, key=lambda stream: stream.groups)
    part = largest.groups // share
    streams[streams.index(largest)] = replace(largest, groups=largest.groups - part)
    streams.append(replace(largest, groups=part, **change))


def write(process: Process, lines: list[logs.Line]) -> None:
    """Put lines into a log where their time belongs."""
    process.log = sorted([*process.log, *lines], key=lambda line: line[0])
