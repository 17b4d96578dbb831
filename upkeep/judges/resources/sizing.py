"""Do requests and limits fit what is used?

What is used is the p95, over a week, of the pod that used most at each moment: pods share their template, so what they ask for must do for the
busiest. Moments that nobody measured may have been idle or busy, so a p95 is known as a least and a most, and with nearly all of the window the
two are the same. CPU is a counter: what it grew by between two moments of one container, over the time between them.
Source: the guide's "Analyze resource usage patterns", "Optimize resource limits".
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from upkeep.errors import Absent, TooEarly, Unmeasured
from upkeep.limits import DAY, Limits
from upkeep.model import Finding, Judgement, rfc3339, span
from upkeep.records.usage import UsageHistory, UsageSeries
from upkeep.records.workload import ContainerResources, Install, Pod, Workload

QUANTILE = 0.95
MIB = 1024.0 * 1024.0
# Steps in which a proposal is made: (up to this, in steps of that), in millicores and in MiB. The smallest step is the least that is ever proposed.
CPU_STEPS = ((100.0, 10), (1000.0, 50), (math.inf, 100))
MEMORY_STEPS = ((256.0, 16), (1024.0, 64), (math.inf, 256))
CODES = {
    "CPU": ("cpu-request-too-large", "cpu-request-too-small", "cpu-limit-too-small"),
    "memory": ("memory-request-too-large", "memory-request-too-small", "memory-limit-too-small"),
}


@dataclass(frozen=True, slots=True)
class Share:
    """What a container uses of one resource, and may: in millicores or MiB.

    :ivar least: the p95 if it was idle whenever nobody measured; ``most`` if it was as busy as can be.
    :ivar request: in force; the limit is, where nothing is requested (the API's own default). ``limit`` is ``None`` where there is none.
    :ivar seen: the share of the window that was measured.
    """

    container: str
    what: str
    least: float
    most: float
    request: float
    limit: float | None
    seen: float

    @property
    def steps(self) -> Sequence[tuple[float, int]]:
        return CPU_STEPS if self.what == "CPU" else MEMORY_STEPS


def right_sized(
    history: UsageHistory, workload: Workload, *, now: datetime, limits: Limits, install: Install
) -> Judgement:
    """right-sized: each container's p95 of CPU and memory lies within ``limits["sizing_least"]`` and ``limits["sizing_most"]`` of its request,
    and below ``limits["sizing_most"]`` of its limit.

    A limit far above the use costs nobody anything, and is no finding; a request is taken from others. The smallest that would be proposed is
    never too large. That a container has neither is a finding of limits-set.

    :raises Absent: no pod; a container whose use was not measured, or that has nothing to compare it with.
    :raises TooEarly: too little of the window was measured to tell.
    """
    pods = [pod for pod in workload.pods if pod.works]
    if not pods:
        raise Absent(
            "no pod was there whose use could be known",
            next_step="pytest -m \"control(id='pods-ready')\"",
        )
    newest = max(
        pods, key=lambda pod: (pod.created, pod.name)
    )  # of the template that all are moving to
    if not newest.resources:
        raise Absent(f"pod {newest.name} is listed without a container", source="pods")
    found: list[Finding] = []
    unknown: list[Unmeasured] = []
    said, step = [], timedelta(seconds=history.step_seconds)
    for resources in newest.resources:
        for what, request, limit in _asked(resources):
            used = _used(history, resources.name, what, now=now, limits=limits)
            seen = {
                one.pod
                for one in history.series
                if one.container == resources.name and one.resource == what.lower()
            }
            # Nobody knows but that the pod that is not among them is the busiest: what is too small is so even then.
            those = [
                pod
                for pod in pods
                if any(one.name == resources.name for one in pod.resources)
                and now - pod.created > 2 * step
            ]
            unseen = [pod for pod in those if pod.name not in seen]
            if not seen:
                unknown.append(_unseen(resources.name, what, newest, history))
                continue
            if unseen:
                unknown.append(_unseen(resources.name, what, unseen[0], history))
                used = Used(used.least, math.inf, used.seen)
            if request is None:
                unknown.append(
                    _boundless(resources.name, what, used, limits=limits, install=install)
                )
                continue
            share = Share(resources.name, what, used.least, used.most, request, limit, used.seen)
            said.append(_said(share))
            finding = _misfit(share, limits=limits, install=install)
            if finding is not None:
                found.append(finding)
            elif not _fits(share, limits=limits):
                unknown.append(_too_early(share, history, now=now, limits=limits))
    if not found and unknown:
        raise unknown[0]
    bounds = f"{limits.text('sizing_least')} to {limits.text('sizing_most')} of the request"
    basis = f"p95 of {limits.text('sizing_window')}, by {span(history.step_seconds)}, of the busiest pod, from {history.source}"
    return Judgement(tuple(found), "; ".join(said), bounds, "", basis)


def _asked(resources: ContainerResources) -> Iterator[tuple[str, float | None, float | None]]:
    """(resource, request, limit) of a container, in millicores and MiB."""
    for what, request, limit, unit in (
        ("CPU", resources.cpu_request_nanocores, resources.cpu_limit_nanocores, 1e6),
        ("memory", resources.memory_request_bytes, resources.memory_limit_bytes, MIB),
    ):
        asked = request or limit
        yield what, asked / unit if asked else None, limit / unit if limit else None


@dataclass(frozen=True, slots=True)
class Used:
    """The p95 at least and at most, and the share of the window that was measured."""

    least: float
    most: float
    seen: float


def _used(
    history: UsageHistory, container: str, what: str, *, now: datetime, limits: Limits
) -> Used:
    """What the busiest pod's container used, in millicores or MiB."""
    step = history.step_seconds
    moments = max(1, int(limits["sizing_window"] / step))
    busiest: dict[int, float] = {}
    for series in history.series:
        if series.container != container or series.resource != what.lower():
            continue
        for number, value in _by_moment(series, now=now, step_seconds=step):
            if 0 <= number < moments:
                busiest[number] = max(value, busiest.get(number, 0.0))
    values, unseen = sorted(busiest.values()), moments - len(busiest)
    rank = math.ceil(QUANTILE * moments - 1e-9) - 1
    return Used(
        values[rank - unseen] if rank >= unseen and values else 0.0,
        values[rank] if rank < len(values) else math.inf,
        len(busiest) / moments,
    )


def _by_moment(
    series: UsageSeries, *, now: datetime, step_seconds: int
) -> Iterator[tuple[int, float]]:
    """(number of steps before now, use) of each moment that a series tells of."""

    def number(at: datetime) -> int:
        return math.floor((now - at).total_seconds() / step_seconds + 0.01)

    if series.resource == "memory":
        for at, value in series.points:
            yield number(at), value / MIB
        return
    for (before, low), (at, high) in pairwise(series.points):
        seconds = (at - before).total_seconds()
        # A counter that shrank started again at zero. Beyond two steps nobody knows when the work was done.
        if 0 < seconds <= 2 * step_seconds:
            grown = high - low if high >= low else high
            for step in range(number(at), max(number(before), number(at) + 1)):
                yield step, grown / seconds * 1000


def _fits(share: Share, *, limits: Limits) -> bool:
    """Whatever the moments were that nobody measured."""
    bound = min(share.request, share.limit or math.inf)
    wasted = (
        share.least < limits["sizing_least"] * share.request and share.request > share.steps[0][1]
    )
    return share.most <= limits["sizing_most"] * bound and not wasted


def _misfit(share: Share, *, limits: Limits, install: Install) -> Finding | None:
    """What is wrong for certain."""
    large, small, limited = CODES[share.what]
    low, high = limits["sizing_least"], limits["sizing_most"]
    good = proposed(share.least, share.steps, limits=limits)
    text, least = _text(share.what, good), _text(share.what, share.least)
    if share.limit is not None and share.least > high * share.limit:
        words = (
            "before the kernel ends it" if share.what == "memory" else "before it is slowed down"
        )
        message = (
            f"Container {share.container} may use {_text(share.what, share.limit)} of {share.what}, and its p95 is {least} "
            f"({share.least / share.limit:.0%}): {text} leaves room, {words}."
        )
        command = _command(
            share, f"--requests={_word(share, good)} --limits={_word(share, good)}", install
        )
        return _finding(share, limited, message, share.least / share.limit, high, command, install)
    if share.least > high * share.request:
        good = min(good, share.limit or math.inf)
        message = (
            f"Container {share.container} requests {_text(share.what, share.request)} of {share.what}, and its p95 is {least} "
            f"({share.least / share.request:.0%}): {_text(share.what, good)} leaves room on a full node."
        )
        command = _command(share, f"--requests={_word(share, good)}", install)
        return _finding(share, small, message, share.least / share.request, high, command, install)
    if share.most < low * share.request and share.request > share.steps[0][1]:
        good = proposed(share.most, share.steps, limits=limits)
        message = (
            f"Container {share.container} requests {_text(share.what, share.request)} of {share.what}, and its p95 is {_text(share.what, share.most)} "
            f"({share.most / share.request:.0%}): {_text(share.what, good)} would do."
        )
        command = _command(share, f"--requests={_word(share, good)}", install)
        return _finding(share, large, message, share.most / share.request, low, command, install)
    return None


def proposed(amount: float, steps: Sequence[tuple[float, int]], *, limits: Limits) -> float:
    """What makes an amount the middle of the two limits, rounded up to a number that people would write."""
    wanted = amount / ((limits["sizing_least"] + limits["sizing_most"]) / 2)
    step = next(size for most, size in steps if wanted <= most)
    return max(step, math.ceil(wanted / step - 1e-9) * step)


def _finding(
    share: Share,
    code: str,
    message: str,
    observed: float,
    limit: float,
    command: str,
    install: Install,
) -> Finding:
    subject = f"Deployment/{install.deployment} container/{share.container}"
    return Finding(subject, code, message, round(observed, 4), limit, "ratio", command)


def _command(share: Share, words: str, install: Install) -> str:
    return f"kubectl -n {install.namespace} set resources deployment {install.deployment} -c {share.container} {words} --dry-run=server"


def _word(share: Share, amount: float) -> str:
    return f"{share.what.lower()}={_text(share.what, amount)}"


def _text(what: str, amount: float) -> str:
    """As Kubernetes writes it: ``250m``, ``384Mi``, ``2Gi``; less than one with the digits that tell."""
    if what == "memory":
        return f"{amount / 1024:g}Gi" if amount and amount % 1024 == 0 else f"{round(amount)}Mi"
    return f"{amount:.2g}m" if amount < 1 else f"{round(amount)}m"


def _said(share: Share) -> str:
    if math.isinf(share.most):
        return f"{share.container}: {share.what} known for {share.seen:.0%} of the time"
    ratio = f"{_text(share.what, share.most)} of {_text(share.what, share.request)} ({share.most / share.request:.0%})"
    return f"{share.container}: {share.what} p95 {ratio}"


def _unseen(container: str, what: str, pod: Pod, history: UsageHistory) -> Absent:
    return Absent(
        f"{history.source} has no {what} of container {container} of pod {pod.name}",
        source=history.source,
        next_step="scrape the kubelets' cAdvisor (/metrics/cadvisor)",
    )


def _boundless(
    container: str, what: str, used: Used, *, limits: Limits, install: Install
) -> Absent:
    steps = CPU_STEPS if what == "CPU" else MEMORY_STEPS
    word = f"{what.lower()}={_text(what, proposed(used.least, steps, limits=limits))}"
    return Absent(
        f"container {container} neither requests {what} nor has a limit of it: whether it fits cannot be told; its p95 is {_text(what, used.least)}",
        source="pods",
        next_step=f"kubectl -n {install.namespace} set resources deployment {install.deployment} -c {container} --requests={word}",
    )


def _too_early(share: Share, history: UsageHistory, *, now: datetime, limits: Limits) -> TooEarly:
    window = limits["sizing_window"]
    moments = max(1, int(window / history.step_seconds))
    missing = math.ceil(QUANTILE * moments - 1e-9) - round(share.seen * moments)
    # Where moments in the middle are missing, they must go by.
    when = rfc3339(
        now + timedelta(seconds=missing * history.step_seconds if missing > 0 else window)
    )
    shorter = ", or --limit=sizing_window=1d" if window > DAY and share.seen * window >= DAY else ""
    return TooEarly(
        f"{share.what} of container {share.container} was measured for {share.seen:.0%} of the last {limits.text('sizing_window')}: what its p95 is cannot "
        f"be told; there will be enough at {when} at the earliest",
        source=history.source,
        next_step=f"run again after {when}{shorter}",
    )
