"""Do limit ranges admit the pods of a template? They refuse pods, never the Deployment.

Source: https://kubernetes.io/docs/concepts/policy/limit-range/.
"""

from collections.abc import Callable, Iterator, Sequence

from upkeep.domain.demands import after_admission, demand, total, with_defaults
from upkeep.domain.emergency_patches import cpu_text, memory_text
from upkeep.model import Finding
from upkeep.records.placement import Demand, LimitRange
from upkeep.records.workload import (
    ContainerResources,
    ContainerSpec,
    Install,
    PodTemplate,
    Workload,
)
from upkeep.shell import shell

# (resource, field of the request, field of the limit)
FIELDS = (
    ("cpu", "cpu_request_nanocores", "cpu_limit_nanocores"),
    ("memory", "memory_request_bytes", "memory_limit_bytes"),
)


def range_findings(
    template: PodTemplate,
    ranges: Sequence[LimitRange],
    *,
    added: Demand,
    workload: Workload,
    install: Install,
) -> list[Finding]:
    """Return a finding for each bound that the pods of a template would break.

    :param added: what admission adds to a pod beyond its template.
    :param workload: its newest pod shows the containers that admission injects.
    """
    containers = after_admission(template, ranges, workload)
    return [
        Finding(
            f"LimitRange/{item.name}",
            "limit-range-refuses",
            f"LimitRange/{item.name} refuses new pods: {what}.",
            observed,
            limit,
            "",
            shell("kubectl -n {} describe limitrange {}", install.namespace, item.name),
        )
        for item, what, observed, limit in _outside(template, containers, ranges, added)
    ]


def _outside(
    template: PodTemplate,
    containers: Sequence[ContainerResources],
    ranges: Sequence[LimitRange],
    added: Demand,
) -> Iterator[tuple[LimitRange, str, str, str]]:
    """Yield (limit range, what breaks it, what it is, what it may be)."""
    whole = total(demand(template, ranges), added)
    for item in ranges:
        said = (
            [("the pod", _pairs(whole))]
            if item.kind == "Pod"
            else [(f"container {one.name}", _pairs_of(one)) for one in containers]
        )
        for what, pairs in said:
            for resource, (request, limit) in pairs.items():
                yield from (
                    (item, f"{what} {told}", observed, most)
                    for told, observed, most in _broken(item, resource, request, limit)
                )
    for spec in (*template.containers, *template.init_containers):
        yield from _inconsistent(spec, ranges)


def _inconsistent(
    container: ContainerSpec, ranges: Sequence[LimitRange]
) -> Iterator[tuple[LimitRange, str, str, str]]:
    """Yield the default limits that are below a request: the API server refuses such a pod.

    The LimitRanger does not compare its defaults with requests (kubernetes/kubernetes#51430).
    """
    said, after = container.resources, with_defaults(container, ranges)
    for resource, request, limit in FIELDS:
        wanted, given = getattr(after, request), getattr(after, limit)
        own = getattr(said, limit) if said else None
        if own is None and wanted is not None and given is not None and wanted > given:
            item = next(one for one in ranges if resource in one.default_limit)
            text = _text(resource)
            yield (
                item,
                f"container {container.name} requests {text(wanted)} of {resource}, "
                f"above the default limit of {text(given)}",
                text(wanted),
                text(given),
            )


def _pairs(whole: Demand) -> dict[str, tuple[int | None, int | None]]:
    return {
        "cpu": (whole.cpu_request or None, whole.cpu_limit or None),
        "memory": (whole.memory_request or None, whole.memory_limit or None),
    }


def _pairs_of(one: ContainerResources) -> dict[str, tuple[int | None, int | None]]:
    return {name: (getattr(one, request), getattr(one, limit)) for name, request, limit in FIELDS}


def _broken(
    item: LimitRange, resource: str, request: int | None, limit: int | None
) -> Iterator[tuple[str, str, str]]:
    """Yield the bounds of an item that do not hold. A maximum needs a limit, a minimum a request."""
    text = _text(resource)
    least, most, ratio = item.least.get(resource), item.most.get(resource), item.ratio.get(resource)
    if most is not None and (limit is None or max(limit, request or 0) > most):
        told = "no limit" if limit is None else text(max(limit, request or 0))
        yield f"would have {told} of {resource}; the maximum is {text(most)}", told, text(most)
    if least is not None and (
        request is None or min(request, request if limit is None else limit) < least
    ):
        told = (
            "no request"
            if request is None
            else text(min(request, request if limit is None else limit))
        )
        yield f"would have {told} of {resource}; the minimum is {text(least)}", told, text(least)
    if ratio is not None and (not request or not limit or limit / request > ratio):
        told = f"×{limit / request:.3g}" if request and limit else "no request or no limit"
        yield (
            f"would have a {resource} limit of {told} its request; the maximum is ×{ratio:g}",
            told,
            f"×{ratio:g}",
        )


def _text(resource: str) -> Callable[[int], str]:
    return cpu_text if resource == "cpu" else memory_text
