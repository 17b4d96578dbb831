"""Quotas and limit ranges as records."""

from typing import Any

import pytest

from upkeep.adapters.cluster import quotas
from upkeep.errors import Malformed
from upkeep.records.placement import LimitRange

GIB = 1024**3


@pytest.mark.parametrize(
    ("spec", "scopes"),
    [
        ({}, ()),
        ({"scopes": ["NotTerminating"]}, (("NotTerminating", "Exists", ()),)),
        (
            {
                "scopes": ["NotBestEffort"],
                "scopeSelector": {
                    "matchExpressions": [
                        {"scopeName": "PriorityClass", "operator": "In", "values": ["high"]}
                    ]
                },
            },
            (("NotBestEffort", "Exists", ()), ("PriorityClass", "In", ("high",))),
        ),
    ],
)
def test_a_quota_has_its_scopes_and_what_admission_checks(spec: dict[str, Any], scopes: tuple):
    """Admission checks the status; a specification that is newer is not in force yet."""
    raw = {
        "metadata": {"name": "q"},
        "spec": spec,
        "status": {
            "hard": {"requests.cpu": "1500m", "pods": "3"},
            "used": {"requests.cpu": "0", "pods": "1"},
        },
    }
    found = quotas.quota(raw)
    assert (found.hard, found.used, found.scopes, found.uncounted) == (
        {"requests.cpu": 1500, "pods": 3000},
        {"requests.cpu": 0, "pods": 1000},
        scopes,
        (),
    )


@pytest.mark.parametrize(
    ("status", "uncounted"),
    [
        (None, ("pods",)),
        ({}, ("pods",)),
        ({"hard": {"pods": "10", "limits.memory": "1Gi"}}, ("limits.memory", "pods")),
        (
            {"hard": {"limits.memory": "1Gi"}, "used": {"limits.memory": "0"}},
            ("pods",),
        ),
        ({"hard": {"pods": "10"}, "used": {"pods": "1"}}, ()),
    ],
)
def test_a_quota_names_what_it_does_not_count_yet(status: dict[str, Any] | None, uncounted: tuple):
    raw = {
        "metadata": {"name": "q", "namespace": "n"},
        "spec": {"hard": {"pods": "10", "count/widgets.example.com": "3"}},
        "status": status,
    }
    assert quotas.quota(raw).uncounted == uncounted


@pytest.mark.parametrize(
    "spec",
    [{"scopes": [None]}, {"scopeSelector": {"matchExpressions": [{}]}}, {"scopeSelector": "x"}],
)
def test_a_quota_with_other_scopes_is_malformed(spec: dict[str, Any]):
    with pytest.raises(Malformed):
        quotas.quota({"metadata": {"name": "q"}, "spec": spec})


def test_a_limit_range_by_its_items():
    raw = {
        "metadata": {"name": "r"},
        "spec": {
            "limits": [
                {"type": "Container", "max": {"memory": "1Gi", "ephemeral-storage": "1Gi"}, "default": {"cpu": "500m"}, "defaultRequest": {"cpu": "1m"}},
                {"type": "Pod", "min": {"cpu": "10m"}, "maxLimitRequestRatio": {"memory": "1500m"}},
                {"type": "PersistentVolumeClaim", "max": {"storage": "1Gi"}},
            ]
        },
    }  # fmt: skip
    assert quotas.limit_ranges(raw) == (
        LimitRange(
            "r",
            "Container",
            most={"memory": GIB},
            default_limit={"cpu": 5 * 10**8},
            default_request={"cpu": 10**6},
        ),
        LimitRange("r", "Pod", least={"cpu": 10**7}, ratio={"memory": 1.5}),
    )
    with pytest.raises(Malformed, match="LimitRange/r"):
        quotas.limit_ranges(
            {
                "metadata": {"name": "r"},
                "spec": {"limits": [{"type": "Pod", "max": {"cpu": "lots"}}]},
            }
        )
