"""A run with a result of each outcome that a report shows."""

from datetime import UTC, datetime
from typing import Any

import msgspec.structs

from upkeep.model import Control, Evidence, Finding, Outcome, Result

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
CONTROL = Control(
    "pods-ready",
    "Every pod is ready.",
    "critical",
    "Check pod status",
    ("daily",),
    True,
    "docs/runbook.md#pods-ready",
)
FAILED = Result(
    CONTROL,
    "prod-eu",
    Outcome.FAIL,
    "Pod a is not ready.",
    observed="1 of 2 ready",
    limit=0.99,
    unit="ratio",
    basis="24 h, Prometheus",
    findings=(Finding("Pod/a", "not-ready", "Pod a is not ready.", 1, 2, "replicas"),),
    evidence=(Evidence("pods", "GET /api/v1/pods", NOON, "0123456789abcdef" * 4),),
    next="kubectl describe pod a",
    measured=NOON,
)
UNKNOWN = Result(
    msgspec.structs.replace(CONTROL, id="health-ok", severity="low"),
    "prod-eu",
    Outcome.UNKNOWN,
    "may not list pods",
    reason="forbidden",
    basis="GET /api/v1/pods",
    next="upkeep rbac | kubectl apply -f -",
)
PASSED = Result(
    msgspec.structs.replace(CONTROL, id="logs-clean"),
    "prod-eu",
    Outcome.PASS,
    "0 errors",
    observed="0 errors",
    limit=0,
    unit="lines",
)
NOT_RUN = Result(
    msgspec.structs.replace(CONTROL, id="not-tried"),
    "prod-eu",
    Outcome.NOT_RUN,
    "The run ended before this control.",
)
DECLARED = Result(
    msgspec.structs.replace(CONTROL, id="declared"),
    "prod-eu",
    Outcome.NOT_APPLICABLE,
    "no Prometheus in the lab",
)
RUN: dict[str, Any] = {
    "run": "20260102T120000Z-abc123",
    "version": "0.1.0",
    "started": "2026-01-02T12:00:00Z",
    "ended": "2026-01-02T12:00:03Z",
    "arguments": ["-m", "daily"],
    "targets": ["prod-eu"],
    "cadences": ["daily"],
    "requests": 24,
    "looked_at": [
        {
            "target": "prod-eu",
            "server": "https://10.0.0.1:6443",
            "namespace": "monitoring",
            "context": "eu",
            "user": "auditor",
            "acting": "oncall",
        }
    ],
    "limits": [
        {"name": "restarts", "value": "3", "default": "0"},
        {"name": "backup_age", "value": "1 d 1 h", "default": "1 d 1 h"},
    ],
    "stopped": [],
}
ALL = [PASSED, DECLARED, NOT_RUN, UNKNOWN, FAILED]
