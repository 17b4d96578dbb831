"""Quotas and limit ranges of a namespace as records.

Source: https://kubernetes.io/docs/concepts/policy/resource-quotas/;
https://kubernetes.io/docs/concepts/policy/limit-range/.
"""

from upkeep.adapters.cluster.fields import bytes_of, nanocores, quantity, reads
from upkeep.adapters.wire import scheduling as wire
from upkeep.adapters.wire.meta import Quantities
from upkeep.records.placement import OF_PODS, RESOURCES, LimitRange, Quota


@reads(wire.ResourceQuota)
def quota(raw: wire.ResourceQuota) -> Quota:
    """Return a ResourceQuota. Admission checks its ``status``, never its ``spec``."""
    hard, used = (
        {key: int(quantity(said) * 1000) for key, said in part.items()}
        for part in (raw.status.hard, raw.status.used)
    )
    uncounted = OF_PODS & {*raw.spec.hard, *hard} - (hard.keys() & used.keys())
    chosen = raw.spec.scopeSelector.matchExpressions if raw.spec.scopeSelector else ()
    return Quota(
        name=raw.metadata.name,
        hard=hard,
        used=used,
        # A plain scope is short for the operator Exists.
        scopes=(
            *((scope, "Exists", ()) for scope in raw.spec.scopes),
            *((one.scopeName, str(one.operator), one.values) for one in chosen),
        ),
        uncounted=tuple(sorted(uncounted)),
    )


@reads(wire.LimitRange)
def limit_ranges(raw: wire.LimitRange) -> tuple[LimitRange, ...]:
    """Return the items of a LimitRange that bound containers or pods."""
    return tuple(
        LimitRange(
            name=raw.metadata.name,
            kind=item.type,
            least=_amounts(item.min),
            most=_amounts(item.max),
            ratio={
                key: float(quantity(said))
                for key, said in item.maxLimitRequestRatio.items()
                if key in RESOURCES
            },
            default_limit=_amounts(item.default),
            default_request=_amounts(item.defaultRequest),
        )
        for item in raw.spec.limits or ()
        if item.type in ("Container", "Pod")
    )


def _amounts(said: Quantities) -> dict[str, int]:
    found = {"cpu": nanocores(said.get("cpu")), "memory": bytes_of(said.get("memory"))}
    return {name: amount for name, amount in found.items() if amount is not None}
