"""Does every pod answer on every health path, and in time?

Source: the guide's "Verify health endpoint", asked of each pod instead of one behind the Service.
"""

import shlex
from collections.abc import Sequence
from datetime import datetime

from upkeep.errors import Absent
from upkeep.judges.wording import counted, excerpt
from upkeep.judges.workload.pods import some_live, starting
from upkeep.limits import Limits
from upkeep.model import Finding, Judgement, listed
from upkeep.records.serving import HealthAnswer
from upkeep.records.workload import Install, Workload


def ok(
    answers: Sequence[HealthAnswer],
    workload: Workload,
    *,
    install: Install,
    limits: Limits,
    now: datetime,
) -> Judgement:
    """health-ok: each pod answers 200 with an ok body on each health path, within ``limits["health_latency"]`` seconds.

    Pods that terminate or have finished are not asked, and answers of pods that are gone are not judged. Nor are those of a pod that only needs
    time, in a rollout inside its deadline: pods-ready counts what must answer.

    :raises Absent: there is no pod or no path, or the answer of a pod on a path is missing.
    """
    early = starting(workload, now=now)
    pods = {pod.name for pod in some_live(workload)} - early
    if not install.health_paths:
        raise Absent("no health path is known, so there is nothing to ask", source="pod template")
    asked = [answer for answer in answers if answer.pod in pods]
    given = {(answer.pod, answer.path) for answer in asked}
    missing = sorted({(pod, path) for pod in pods for path in install.health_paths} - given)
    if missing:
        raise Absent(
            f"no answer of {listed([f'pod {pod} on {path}' for pod, path in missing])}",
            source=f"GET {_proxy(*missing[0], install=install)}",
            next_step=_ask(*missing[0], install=install),
        )
    limit = limits["health_latency"]
    found: list[Finding] = []
    for answer in sorted(
        asked, key=lambda one: (one.pod, one.path, one.status, one.ok, one.seconds, one.body)
    ):
        found += _of_answer(answer, install=install, limit_seconds=limit)
    good = sum(answer.status == 200 and answer.ok for answer in asked)
    slowest = max(answer.seconds for answer in asked)
    observed = (
        f"{good} of {counted(len(asked), 'answer')} from {counted(len(pods), 'pod')} are 200 and ok, "
        f"on {', '.join(install.health_paths)}; the slowest took {slowest:.3g} s"
    )
    if early:
        observed += f"; {counted(len(early), 'pod')} of a rollout still starting"
    return Judgement(
        tuple(found),
        observed,
        limit,
        "s",
        "an HTTP request to each pod on each of its health paths",
    )


def _of_answer(answer: HealthAnswer, *, install: Install, limit_seconds: float) -> list[Finding]:
    where, who = f"Pod/{answer.pod}", f"Pod {answer.pod}"
    ask = _ask(answer.pod, answer.path, install=install)
    if answer.status == 0:
        message = f"{who} refused the connection on port {install.port} for {answer.path}: nothing listens there."
        fix = f"kubectl -n {install.namespace} logs {answer.pod} -c {install.container} --tail=50"
        return [Finding(where, "connection-refused", message, "refused", 200, "HTTP status", fix)]
    found = []
    said = f": {excerpt(answer.body)}" if answer.body.strip() else ", with an empty body"
    if answer.status != 200:
        message = f"{who} answered {answer.status} on {answer.path}{said}"
        found.append(
            Finding(where, "wrong-status", message, answer.status, 200, "HTTP status", ask)
        )
    elif not answer.ok:
        message = f"{who} answered 200 on {answer.path}, and the body does not say ok{said}"
        found.append(
            Finding(where, "body-not-ok", message, excerpt(answer.body), "ok", "body", ask)
        )
    # Written so that a time that is no number is not in time.
    if not answer.seconds <= limit_seconds:
        message = f"{who} took {answer.seconds:.3g} s to answer on {answer.path}; the limit is {limit_seconds:g} s."
        found.append(
            Finding(
                where, "slow-answer", message, round(answer.seconds, 3), limit_seconds, "s", ask
            )
        )
    return found


def _proxy(pod: str, path: str, *, install: Install) -> str:
    return f"{install.proxy(pod)}{path}"


def _ask(pod: str, path: str, *, install: Install) -> str:
    return f"kubectl get --raw {shlex.quote(_proxy(pod, path, install=install))}"
