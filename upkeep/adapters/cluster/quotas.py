"""Quotas and limit ranges of a namespace as records.

Source: https://kubernetes.io/docs/concepts/policy/resource-quotas/;
https://kubernetes.io/docs/concepts/policy/limit-range/.
"""

from typing import Any

from upkeep.adapters.cluster.fields import Raw, bytes_of, nanocores, quantity, reading, text
from upkeep.records.placement import OF_PODS, RESOURCES, LimitRange, Quota


def quota(raw: Raw) -> Quota:
    """Return a ResourceQuota. Admission checks its ``status``, never its ``spec``."""
    with reading("ResourceQuota", raw):
        spec, status = raw.get("spec") or {}, raw.get("status") or {}
        hard, used = (
            {key: int(quantity(text) * 1000) for key, text in (status.get(part) or {}).items()}
            for part in ("hard", "used")
        )
        uncounted = OF_PODS & {*(spec.get("hard") or {}), *hard} - (hard.keys() & used.keys())
        chosen = (spec.get("scopeSelector") or {}).get("matchExpressions") or []
        return Quota(
            name=raw["metadata"]["name"],
            hard=hard,
            used=used,
            # A plain scope is short for the operator Exists.
            scopes=(
                *((text(scope), "Exists", ()) for scope in spec.get("scopes") or ()),
                *(
                    (
                        text(one["scopeName"]),
                        text(one["operator"]),
                        tuple(one.get("values") or ()),
                    )
                    for one in chosen
                ),
            ),
            uncounted=tuple(sorted(uncounted)),
        )


def limit_ranges(raw: Raw) -> tuple[LimitRange, ...]:
    """Return the items of a LimitRange that bound containers or pods."""
    with reading("LimitRange", raw):
        name = raw["metadata"]["name"]
        return tuple(
            LimitRange(
                name=name,
                kind=item["type"],
                least=_amounts(item.get("min")),
                most=_amounts(item.get("max")),
                ratio={
                    key: float(quantity(text))
                    for key, text in (item.get("maxLimitRequestRatio") or {}).items()
                    if key in RESOURCES
                },
                default_limit=_amounts(item.get("default")),
                default_request=_amounts(item.get("defaultRequest")),
            )
            for item in raw["spec"]["limits"]
            if item["type"] in ("Container", "Pod")
        )


def _amounts(raw: Any) -> dict[str, int]:
    found = {
        "cpu": nanocores((raw or {}).get("cpu")),
        "memory": bytes_of((raw or {}).get("memory")),
    }
    return {name: amount for name, amount in found.items() if amount is not None}
