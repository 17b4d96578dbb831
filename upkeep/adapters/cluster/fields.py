"""What the records of Kubernetes objects have in common: owners, conditions, selectors, resources, quantities."""

import functools
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from types import ModuleType
from typing import Any, Concatenate, ParamSpec, TypeVar

from upkeep.adapters.imports import alone
from upkeep.adapters.wire.decoding import convert, kind_of
from upkeep.adapters.wire.meta import Condition as WireCondition
from upkeep.adapters.wire.meta import LabelSelector as WireSelector
from upkeep.adapters.wire.meta import ObjectMeta, Quantity
from upkeep.adapters.wire.pods import Resources
from upkeep.errors import Malformed
from upkeep.records.selectors import LabelSelector
from upkeep.records.workload import Condition, ContainerResources

Raw = Mapping[str, Any]
P = ParamSpec("P")
W = TypeVar("W")
R = TypeVar("R")
# What Kubernetes makes of a greater quantity, where it does not keep it as it is written.
MOST = Decimal(2**63 - 1)


def reads(
    type: type[W],
) -> Callable[[Callable[Concatenate[W, P], R]], Callable[Concatenate[W | Raw, P], R]]:
    """Make a reader of an object also take a mapping; name the object where a value is impossible.

    :raises Malformed: from the reader, where a quantity or an address is none.
    """

    def decorate(read: Callable[Concatenate[W, P], R]) -> Callable[Concatenate[W | Raw, P], R]:
        @functools.wraps(read)
        def reader(raw: W | Raw, /, *args: P.args, **kwargs: P.kwargs) -> R:
            kind = kind_of(type)
            item = convert(raw, type, what=kind) if isinstance(raw, Mapping) else raw
            try:
                return read(item, *args, **kwargs)
            except (ValueError, ArithmeticError) as error:
                name = getattr(getattr(item, "metadata", None), "name", "?")
                said = str(error) if isinstance(error, Impossible) else error.__class__.__name__
                raise Malformed(f"{kind}/{name} is not as the API describes it: {said}") from None

        return reader

    return decorate


class Impossible(ValueError):
    """A value that the type allows and the API does not; the message holds nothing that came."""


# The clocks of the API server, its controllers, the nodes and this machine may differ so much.
CLOCKS_APART = timedelta(minutes=5)


def instant(time: datetime | None) -> datetime | None:
    """Return a time in UTC, as records hold it."""
    return None if time is None else time.astimezone(UTC)


def owner_uid(metadata: ObjectMeta, kind: str) -> str:
    """Return the UID of the controller of that kind; empty where there is none."""
    return next(
        (one.uid for one in metadata.ownerReferences if one.controller and one.kind == kind), ""
    )


def orphaned(metadata: ObjectMeta) -> bool:
    """Return whether nothing controls the object."""
    return not any(one.controller for one in metadata.ownerReferences)


def conditions_of(conditions: tuple[WireCondition, ...] | None) -> tuple[Condition, ...]:
    """Return the conditions of a status, one of each type.

    :raises Impossible: a type is there twice.
    """
    types = [one.type for one in conditions or ()]
    if len(set(types)) < len(types):
        raise Impossible("status.conditions has one type twice")
    return tuple(
        Condition(
            one.type,
            one.status,
            one.reason,
            one.message,
            instant(one.lastTransitionTime),
            instant(one.lastUpdateTime),
        )
        for one in conditions or ()
    )


def label_selector(selector: WireSelector) -> LabelSelector:
    """Return a LabelSelector as records hold it; an empty one selects everything."""
    return LabelSelector(
        selector.matchLabels,
        tuple((rule.key, rule.operator, rule.values) for rule in selector.matchExpressions),
    )


def resources(name: str, said: Resources) -> ContainerResources:
    """Return what a container may have, or a pod as a whole (its name is empty)."""
    requests, most = said.requests, said.limits
    return ContainerResources(
        name=name,
        cpu_request_nanocores=nanocores(requests.get("cpu")),
        cpu_limit_nanocores=nanocores(most.get("cpu")),
        memory_request_bytes=bytes_of(requests.get("memory")),
        memory_limit_bytes=bytes_of(most.get("memory")),
    )


def nanocores(said: Quantity | None) -> int | None:
    """Return CPU in the smallest unit that Kubernetes counts; ``None`` where nothing is said."""
    return None if said is None else int(quantity(said) * 10**9)


def bytes_of(said: Quantity | None) -> int | None:
    """Return memory in bytes; ``None`` where nothing is said."""
    return None if said is None else int(quantity(said))


@functools.cache
def _parser() -> ModuleType:
    return alone("kubernetes", "utils/quantity.py")


@functools.lru_cache(maxsize=4096, typed=True)  # thousands of pods say the same few
def quantity(said: Quantity) -> Decimal:
    """Return a Kubernetes quantity, exactly, or the greatest that there is.

    :raises ValueError: it is none, or is negative.
    Source: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
    """
    found: Decimal = _parser().parse_quantity(said)
    if not found.is_finite() or found < 0:
        raise Impossible("a quantity is negative or endless")
    return min(found, MOST)
