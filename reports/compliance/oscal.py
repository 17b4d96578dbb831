"""oscal-assessment-results.json: the run for a GRC tool, as OSCAL assessment results.

Each result of the run is one observation, with its outcome as a property. A control that was judged
has a finding too; of OSCAL's two states only *pass* is satisfied. OSCAL has no state for *unknown*:
it is not satisfied, with the reason ``other``. A control that was not judged has no finding.
Source: https://pages.nist.gov/OSCAL-Reference/models/v1.2.1/assessment-results/json-reference/
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from reports.compliance.summary import cell
from reports.findings import runbook_url
from upkeep import REPOSITORY
from upkeep.limits import LIMITS
from upkeep.model import Evidence, Finding, Outcome, Result, parse_time, rfc3339
from upkeep.results import counts

VERSION = "1.2.1"
NAMESPACE = f"{REPOSITORY}/ns/oscal"
# outcome -> (state, reason) of a finding's target; docs/oscal.md explains each row.
STATES: dict[Outcome, tuple[str, str]] = {
    Outcome.PASS: ("satisfied", "pass"),
    Outcome.FAIL: ("not-satisfied", "fail"),
    Outcome.DUE: ("not-satisfied", "other"),
    Outcome.UNKNOWN: ("not-satisfied", "other"),
    Outcome.WAIVED: ("not-satisfied", "other"),
}
_RISKY = (Outcome.FAIL, Outcome.DUE, Outcome.WAIVED)
_ROOT = uuid.uuid5(uuid.NAMESPACE_URL, NAMESPACE)

Json = dict[str, Any]


def oscal(results: Sequence[Result], *, run: Json, gate: Json | None) -> str:
    """Return the document. The same results give the same document, with the same UUIDs."""
    targets = list(dict.fromkeys([*run["targets"], *(one.target for one in results)]))
    document = {
        "uuid": _uuid("document", run["run"]),
        "metadata": {
            "title": "Maintenance of cano-collector",
            "last-modified": run["ended"],
            "version": run["run"],
            "oscal-version": VERSION,
            "props": _props(
                ("upkeep-version", run["version"]),
                *((f"run-by-{name}", value) for name, value in run.get("who", {}).items()),
                ("gate", gate["verdict"] if gate else ""),
            ),
        },
        "import-ap": {
            "href": f"#{_uuid('guide')}",
            "remarks": "The maintenance guide is the plan. There is no plan in OSCAL.",
        },
        "results": [
            _result(target, [one for one in results if one.target == target], run)
            for target in targets or ["default"]
        ],
        "back-matter": {
            "resources": [
                {
                    "uuid": _uuid("guide"),
                    "title": "Maintenance guide of cano-collector",
                    "rlinks": [{"href": f"{REPOSITORY}/blob/main/docs/guide.rst"}],
                },
                {
                    "uuid": _uuid("record", run["run"]),
                    "title": "Record of the run",
                    "rlinks": [{"href": "results.jsonl", "media-type": "application/jsonl"}],
                },
            ]
        },
    }
    return json.dumps({"assessment-results": document}, ensure_ascii=False) + "\n"


def _result(target: str, results: Sequence[Result], run: Json) -> Json:
    judged = [one for one in results if one.outcome in STATES]
    left = [one for one in results if one.outcome not in STATES]
    place: Json = next((one for one in run.get("looked_at", []) if one["target"] == target), {})
    number = counts(results)
    remarks = [*run["stopped"], *(_from_bundle(one) for one in run.get("bundles", []))]
    found: Json = {
        "uuid": _uuid("result", run["run"], target),
        "title": cell(f"Run {run['run']} on {target}"),
        "description": f"{len(results)} controls of the maintenance guide on one cluster.",
        "start": run["started"],
        "end": run["ended"],
        "props": _props(
            ("target", target),
            ("embedded-cluster", "true" if place.get("embedded") else ""),
            *((f"count-{name}", str(count)) for name, count in number.items()),
        ),
        "local-definitions": {"components": [_component(target, place)]},
        "reviewed-controls": {"control-selections": [_selection(judged, left)]},
    }
    risks = [risk for one in results for risk in _risks(one, run)]
    if results:
        found["observations"] = [_observation(one, run) for one in results]
    if risks:
        found["risks"] = risks
    if judged:
        found["findings"] = [_finding(one, run) for one in judged]
    if remarks:
        found["remarks"] = cell(" ".join(f"{text}." for text in remarks))
    return found


def _from_bundle(bundle: Json) -> str:
    return (
        f"Judged again from the bundle of run {bundle['run']}, measured at {bundle['started']}; "
        "nothing was measured now"
    )


def _component(target: str, place: Json) -> Json:
    known = ("server", "namespace", "context", "user", "acting")
    return {
        "uuid": _uuid("component", target),
        "type": "service",
        "title": cell(f"cano-collector on {target}"),
        "description": "The collector and the cluster that it runs in.",
        "props": _props(
            ("target", target),
            *((name, place.get(name, "")) for name in known),
            ("kube-system-uid", place.get("uid", "")),
        ),
        "status": {"state": "operational"},
    }


def _selection(judged: Iterable[Result], left: Iterable[Result]) -> Json:
    included = [{"control-id": one.control.id} for one in judged]
    excluded = [{"control-id": one.control.id} for one in left]
    found: Json = {"include-controls": included} if included else {"include-all": {}}
    if excluded:
        found["exclude-controls"] = excluded
    return found


def _observation(one: Result, run: Json) -> Json:
    collected = one.measured or parse_time(run["ended"])
    found = {
        "uuid": _uuid("observation", run["run"], one.target, one.control.id),
        "title": cell(one.control.title),
        "description": cell(one.summary),
        "props": _props(
            ("outcome", one.outcome.value),
            ("control", one.control.id),
            ("severity", one.control.severity),
            ("reason", one.reason),
            ("gated", "true" if one.control.gate else "false"),
            *(("cadence", cadence) for cadence in one.control.cadence),
        ),
        "links": [{"href": runbook_url(one.control), "rel": "runbook"}],
        "methods": ["TEST" if one.outcome in STATES else "UNKNOWN"],
        "types": ["control-objective"],
        "subjects": [{"subject-uuid": _uuid("component", one.target), "type": "component"}],
        "collected": rfc3339(collected),
    }
    if one.evidence:
        found["relevant-evidence"] = [_evidence(each, run) for each in one.evidence]
    expires = _expires(one, collected, run)
    if expires is not None:
        found["expires"] = rfc3339(expires)
    return found


def _evidence(one: Evidence, run: Json) -> Json:
    return {
        "href": f"#{_uuid('record', run['run'])}",
        "description": cell(f"{one.name}: {one.source}"),
        "props": _props(
            ("measurement", one.name), ("taken", rfc3339(one.taken)), ("sha256", one.digest)
        ),
    }


def _expires(one: Result, collected: datetime, run: Json) -> datetime | None:
    """Return when the cadence wants it measured again, or its sign-off ends, if that is earlier.

    An emergency has no period: its controls alone never expire.
    """
    if one.outcome not in STATES:
        return None
    values = {limit["name"]: limit["value"] for limit in run["limits"]}
    ends = [one.valid_until] if one.valid_until is not None else []
    for cadence in one.control.cadence:
        names = f"{cadence}_period", f"{cadence}_grace"
        if all(name in values and name in LIMITS for name in names):
            seconds = sum(LIMITS[name].parse(values[name], where="run.json") for name in names)
            ends.append(collected + timedelta(seconds=seconds))
    return min(ends, default=None)


def _finding(one: Result, run: Json) -> Json:
    state, reason = STATES[one.outcome]
    found: Json = {
        "uuid": _uuid("finding", run["run"], one.target, one.control.id),
        "title": cell(one.control.title),
        "description": cell(one.summary),
        "props": _props(("outcome", one.outcome.value), ("reason", one.reason)),
        "target": {
            "type": "objective-id",
            "target-id": one.control.id,
            "status": {"state": state, "reason": reason},
        },
        "related-observations": [
            {"observation-uuid": _uuid("observation", run["run"], one.target, one.control.id)}
        ],
    }
    if one.outcome is Outcome.UNKNOWN:
        found["target"]["status"]["remarks"] = cell(f"Could not be measured ({one.reason}).")
    risks = _risks(one, run)
    if risks:
        found["related-risks"] = [{"risk-uuid": risk["uuid"]} for risk in risks]
    return found


def _risks(one: Result, run: Json) -> list[Json]:
    """Return a risk for each identity of a finding: its UUID is the same in every run."""
    alike: dict[tuple[str, str], list[Finding]] = {}
    for finding in one.findings if one.outcome in _RISKY else ():
        alike.setdefault((finding.code, finding.owner or finding.object), []).append(finding)
    # What --baseline hides has the run's name in the place of a ticket, and nobody approved it.
    hidden = f"baseline {run.get('baseline', '')}"
    return [
        _risk(one, code, owner, found, approved=all(f.waiver not in ("", hidden) for f in found))
        for (code, owner), found in alike.items()
    ]


def _risk(one: Result, code: str, owner: str, found: Sequence[Finding], *, approved: bool) -> Json:
    risk: Json = {
        "uuid": _uuid("risk", one.target, one.control.id, code, owner),
        "title": cell(f"{one.control.id}: {code} of {owner}"),
        "description": cell(" ".join(finding.message for finding in found)),
        "statement": cell(one.control.title),
        "props": _props(
            ("control", one.control.id),
            ("code", code),
            ("owner", owner),
            ("severity", one.control.severity),
            *(("waiver", ticket) for ticket in dict.fromkeys(each.waiver for each in found)),
        ),
        "status": "deviation-approved" if approved else "open",
    }
    if approved and one.valid_until is not None:
        risk["deadline"] = rfc3339(one.valid_until)
    return risk


def _props(*pairs: tuple[str, str]) -> list[Json]:
    """Return the properties that have a value, each in one line as OSCAL wants it."""
    values = ((name, " ".join(value.split())) for name, value in pairs)
    return [{"name": name, "ns": NAMESPACE, "value": value} for name, value in values if value]


def _uuid(*parts: str) -> str:
    return str(uuid.uuid5(_ROOT, "\0".join(parts)))
