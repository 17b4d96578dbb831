"""The catalogue as ``--demo=list`` prints it: one line a scenario, under the control that it is about.

What exists in both layouts stands here once, and so does each kind and each source of the connection's faults.
"""

from collections.abc import Iterator

from upkeep.demo.scenarios import SCENARIOS, Scenario
from upkeep.demo.server.faults import KINDS, MEANINGS, SOURCES

WIDTH = 35


def lines() -> Iterator[str]:
    """The lines of the list."""
    yield from map(_line, (SCENARIOS["healthy"], SCENARIOS["chart"]))
    yield ""
    yield "Faults, by the control that each is about; NAME is in the guide's layout, chart/NAME is the same in the chart's."
    both = [
        one
        for one in SCENARIOS.values()
        if one.layout == "guide" and one.fault is None and one.name != "healthy"
    ]
    by_control: dict[str, list[Scenario]] = {}
    for one in both:
        by_control.setdefault(one.hits[0] if one.hits else "", []).append(one)
    for control in sorted(by_control.keys() - {""}):
        yield from ("", control, *map(_line, by_control[control]))
    yield from (
        "",
        "no control falls short, or one cannot be measured",
        *map(_line, by_control.get("", [])),
    )
    chart = [
        one
        for one in SCENARIOS.values()
        if one.layout == "chart" and one.name != "chart" and not one.name.startswith("chart/")
    ]
    yield from ("", "the chart's layout alone", *map(_line, chart))
    yield from (
        "",
        "Faults of the connection: KIND@SOURCE in the guide's layout, chart/KIND@SOURCE in the chart's.",
        "",
        "KIND: the server",
    )
    yield from (f"  {kind:{WIDTH}} {MEANINGS[kind]}" for kind in KINDS)
    yield from ("", "SOURCE", *(f"  {source}" for source in SOURCES))


def _line(one: Scenario) -> str:
    more = (
        f" (also {', '.join(one.hits[1:])})"
        if len(one.hits) in (2, 3)
        else f" (and {len(one.hits) - 1} controls more)"
        if one.hits[3:]
        else ""
    )
    return f"  {one.name:{WIDTH}} {one.summary}{more}"
