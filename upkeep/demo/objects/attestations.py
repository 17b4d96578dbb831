"""The file of attestations: what the people who run the collector have confirmed."""

import hashlib

from upkeep.demo.state import Object, State, stamp

EVIDENCE = ("recovery.md", "Restored the newest backup in staging; all alerts arrived.\n")


def entry(state: State, control: str, explanation: str, *, days: float, **change: object) -> Object:
    """An entry of the file of attestations, made some days ago."""
    made: Object = {
        "control": control, "target": "*", "status": "satisfied", "explanation": explanation, "by": "Ada", "reviewed_by": "Grace",
        "valid_for": "31d", "at": stamp(state.ago(days=days)),
    }  # fmt: skip
    return made | change


def confirmed(state: State) -> list[Object]:
    """What the people who run the collector have confirmed."""
    evidence = {"file": EVIDENCE[0], "sha256": hashlib.sha256(EVIDENCE[1].encode()).hexdigest()}
    return [
        entry(
            state,
            "recovery-rehearsed",
            "restored the newest backup in staging",
            days=9,
            evidence=[evidence],
        ),
        entry(
            state, "documentation-current", "runbook and examples read against the release", days=16
        ),
        *(
            entry(state, control, what, days=20, valid_for="92d")
            for control, what in (
                ("architecture-reviewed", "two replicas suffice for the next quarter"),
                ("security-audited", "rights, policies and secrets read with the security team"),
                ("runbooks-updated", "read against the release"),
                ("emergency-procedures-reviewed", "the call list is right"),
            )
        ),
    ]
