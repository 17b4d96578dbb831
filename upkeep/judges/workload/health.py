"""health-ok: does every pod answer on every health path, in time?

Source: the guide's "Verify health endpoint", asked of each pod and not of one behind the Service.
"""

from collections.abc import Sequence
from datetime import datetime

from upkeep import errors
from upkeep.errors import Absent, Unmeasured
from upkeep.judges.wording import counted, excerpt
from upkeep.judges.workload.pods import some_live, starting
from upkeep.limits import Limits
from upkeep.model import Finding, Judgement, listed
from upkeep.records.serving import HealthAnswer, Unanswered
from upkeep.records.workload import Install, Workload
from upkeep.shell import Command, shell


def ok(
    answers: Sequence[HealthAnswer | Unanswered],
    workload: Workload,
    *,
    install: Install,
    limits: Limits,
    now: datetime,
) -> Judgement:
    """Judge health-ok: each pod answers 200 with an ok body on each health path, in time.

    The limit is ``limits["health_latency"]``, in seconds. Terminating and finished pods do not
    count, nor does a pod that only needs time in a rollout: pods-ready judges that.

    :raises Absent: there is no pod or no path, or an answer is missing.
    :raises Unmeasured: no answer of a pod itself arrived, and no other answer is wrong.
    """
    early = starting(workload, now=now)
    pods = {pod.name for pod in some_live(workload)} - early
    if not install.health_paths:
        raise Absent("No health path is known", source="pod template")
    asked = [one for one in answers if isinstance(one, HealthAnswer) and one.pod in pods]
    unanswered = sorted(
        (one for one in answers if isinstance(one, Unanswered) and one.pod in pods),
        key=lambda one: (one.pod, one.path),
    )
    given = {(one.pod, one.path) for one in answers}
    missing = sorted({(pod, path) for pod in pods for path in install.health_paths} - given)
    limit = limits["health_latency"]
    found: list[Finding] = []
    for answer in sorted(
        asked, key=lambda one: (one.pod, one.path, one.status, one.ok, one.seconds, one.body)
    ):
        found += _of_answer(answer, install=install, limit_seconds=limit)
    unmeasured = _error(unanswered[0]) if unanswered else None
    if missing:
        unmeasured = Absent(
            f"No answer of {listed([f'pod {pod} on {path}' for pod, path in missing])}",
            source=f"GET {_proxy(*missing[0], install=install)}",
            next_step=_ask(*missing[0], install=install),
        )
    good = sum(answer.status == 200 and answer.ok for answer in asked)
    slowest = max((answer.seconds for answer in asked), default=0.0)
    observed = (
        f"{good} of {counted(len(asked), 'answer')} from {counted(len(pods), 'pod')} are 200 and ok "
        f"on {', '.join(install.health_paths)}; slowest {slowest:.3g} s"
    )
    if early:
        observed += f"; {counted(len(early), 'pod')} of a rollout still starting"
    if unanswered or missing:
        observed += f"; not measured: {counted(len(unanswered) + len(missing), 'answer')}"
    if unanswered:
        observed += f" ({unanswered[0].message})"
    basis = "an HTTP request to each pod on each of its health paths"
    return Judgement(tuple(found), observed, limit, "s", basis, unmeasured=unmeasured)


def _error(unanswered: Unanswered) -> Unmeasured:
    """Return the error that the record stands for."""
    kind: type[Unmeasured] = getattr(errors, unanswered.kind)
    return kind(unanswered.message, source=unanswered.source, next_step=unanswered.next_step)


def _of_answer(answer: HealthAnswer, *, install: Install, limit_seconds: float) -> list[Finding]:
    where, who = f"Pod/{answer.pod}", f"Pod {answer.pod}"
    ask = _ask(answer.pod, answer.path, install=install)
    if answer.status == 0:
        message = (
            f"{who} refused the connection on port {install.port} for {answer.path}: "
            "no process listens there."
        )
        fix = shell(
            "kubectl -n {} logs {} -c {} --tail=50",
            install.namespace,
            answer.pod,
            install.container,
        )
        return [Finding(where, "connection-refused", message, "refused", 200, "HTTP status", fix)]
    found = []
    said = f": {excerpt(answer.body)}" if answer.body.strip() else " with an empty body"
    if answer.status != 200:
        message = f"{who} answered {answer.status} on {answer.path}{said}"
        found.append(
            Finding(where, "wrong-status", message, answer.status, 200, "HTTP status", ask)
        )
    elif not answer.ok:
        message = f"{who} answered 200 on {answer.path}; its status is not ok{said}"
        found.append(
            Finding(where, "body-not-ok", message, excerpt(answer.body), "ok", "body", ask)
        )
    # In this form a time that is not a number is too late.
    if not answer.seconds <= limit_seconds:
        message = (
            f"{who} answered on {answer.path} after {answer.seconds:.3g} s "
            f"(limit {limit_seconds:g} s)."
        )
        found.append(
            Finding(
                where, "slow-answer", message, round(answer.seconds, 3), limit_seconds, "s", ask
            )
        )
    return found


def _proxy(pod: str, path: str, *, install: Install) -> str:
    return f"{install.proxy(pod)}{path}"


def _ask(pod: str, path: str, *, install: Install) -> Command:
    return shell("kubectl get --raw {}", _proxy(pod, path, install=install))
