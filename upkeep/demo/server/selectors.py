"""Label selectors and field selectors, as far as the suite uses them."""

import re
from typing import Any

from upkeep.demo.server.responses import bad_request
from upkeep.demo.state import Object

# Field selectors beside metadata.name and metadata.namespace that a kind supports.
FIELDS = {
    "pods": ("status.phase", "spec.nodeName"),
    "events": ("involvedObject.name", "involvedObject.kind", "reason", "type"),
    "secrets": ("type",),
}


def selects(selector: str, labels: dict[str, str]) -> bool:
    """Whether a label selector, equality-based or set-based, matches."""
    for term in filter(None, re.split(r",(?![^(]*\))", selector)):
        words = term.strip()
        if found := re.fullmatch(r"([\w./-]+)\s+(in|notin)\s+\(([^()]*)\)", words):
            chosen = {value.strip() for value in found[3].split(",")}
            verdict = (labels.get(found[1]) in chosen) is (found[2] == "in")
        elif found := re.fullmatch(r"([\w./-]+)\s*(==|=|!=)\s*([\w.-]*)", words):
            verdict = (labels.get(found[1]) == found[3]) is (found[2] != "!=")
        elif found := re.fullmatch(r"(!?)\s*([\w./-]+)", words):
            verdict = (found[2] in labels) is not bool(found[1])
        else:
            raise bad_request(
                f"unable to parse requirement: found '{words}', expected: in, notin, =, ==, !="
            )
        if not verdict:
            return False
    return True


def chosen_by_fields(selector: str, plural: str, item: Object) -> bool:
    """Whether a field selector matches; a field that the kind does not index is refused."""
    for term in filter(None, selector.split(",")):
        found = re.fullmatch(r"([\w.]+)(==|=|!=)(.*)", term)
        if found is None:
            raise bad_request(f"invalid selector: '{selector}'; can't understand '{term}'")
        if found[1] not in ("metadata.name", "metadata.namespace", *FIELDS.get(plural, ())):
            raise bad_request(f"field label not supported: {found[1]}")
        value: Any = item
        for part in found[1].split("."):
            value = value.get(part, "") if isinstance(value, dict) else ""
        if (value == found[3]) is (found[2] == "!="):
            return False
    return True
