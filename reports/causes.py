"""Causes: which results are the likely effect of another result?

Relations are between findings: by their codes, and by the pod or object where both have one. Only real
behaviour of Kubernetes or the collector is listed. A result follows from another only when each of its
findings does, so no finding of its own is hidden. The cause is likely, not proven: two faults can
happen at once.

Source: https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/; docs/collector.md,
"Configuration files" (the faults that stop the start).
"""

from collections.abc import Callable, Sequence

from msgspec import Struct

from upkeep.model import SEVERITIES, Finding, Outcome, Result

Related = Callable[[Finding, Finding], bool]
# Faults of a document that stop the collector's start. It ignores a misspelt key.
STOPS_THE_START = frozenset(
    {
        "not-yaml",
        "empty",
        "required",
        "wrong-type",
        "wrong-value",
        "name-twice",
        "unknown-destination",
        "unset-variable",
    }
)
# A pod or container that does not serve; a Deployment with too few replicas.
DOWN = frozenset(
    {
        "container-waiting",
        "container-ended",
        "init-container-failing",
        "container-starting",
        "pod-not-ready",
    }
)
UP_AND_NOT_READY = frozenset({"container-not-ready"})
TOO_FEW = frozenset({"replicas-not-ready", "rollout-failed"})
# A fatal line is no effect of a pod that is down: the process ends itself after it.
LOGGED = frozenset({"error-logged", "panic-logged", "dpanic-logged"})
# Controls that read pods: without a pod they have nothing to read.
READ_PODS = frozenset(
    {
        "alerts-accounted-for", "alerts-flow", "alerts-not-dropped", "capacity-ahead", "cpu-memory-headroom", "connections-headroom", "destinations-fast",
        "destinations-succeed", "destinations-used", "disk-headroom", "error-rate-low", "health-ok", "latency-stable", "metrics-exported",
        "metrics-scraped", "no-send-failures", "pods-stable", "processing-fast", "recent-logs-clean", "repeated-errors", "runs-hardened", "scaling-sound",
        "survives-node-loss",
    }
)  # fmt: skip
READ_LOGS = frozenset(
    {"no-send-failures", "processing-fast", "recent-logs-clean", "repeated-errors"}
)


class Story(Struct, frozen=True):
    """A result that did not pass, with its likely effects: failures first, then unknown ones."""

    cause: Result
    symptoms: tuple[Result, ...] = ()


class _Relation(Struct, frozen=True):
    """Findings with these causes lead to findings with these symptoms, where they are related."""

    causes: frozenset[str]
    symptoms: frozenset[str]
    related: Related


def _any(cause: Finding, symptom: Finding) -> bool:
    return True


def _same(cause: Finding, symptom: Finding) -> bool:
    """Return whether both are about the same pod or object, whichever container."""
    return _about(cause) == _about(symptom)


def _crash(cause: Finding, symptom: Finding) -> bool:
    """Return whether a container ended by itself: no image pull error, and not killed for its memory."""
    return (
        symptom.code != "container-waiting" or symptom.observed == "CrashLoopBackOff"
    ) and "OOMKilled" not in symptom.message


def _ended(cause: Finding, symptom: Finding) -> bool:
    """Return whether a container ended by itself, in the pod of the cause or in its Deployment."""
    return _crash(cause, symptom) and (symptom.code in TOO_FEW or _same(cause, symptom))


def _killed(cause: Finding, symptom: Finding) -> bool:
    return _same(cause, symptom) and "OOMKilled" in symptom.message


def _unmounted(cause: Finding, symptom: Finding) -> bool:
    """Return whether a container cannot be created because an object that it references is missing."""
    return symptom.code in TOO_FEW or symptom.observed in (
        "CreateContainerConfigError",
        "ContainerCreating",
    )


def _unschedulable(cause: Finding, symptom: Finding) -> bool:
    return symptom.code in TOO_FEW or symptom.observed == "Unschedulable"


def _over_quota(cause: Finding, symptom: Finding) -> bool:
    return "exceeded quota" in symptom.message  # the API server's words


def _words(*codes: str) -> frozenset[str]:
    return frozenset(codes)


_CRASHED = DOWN | UP_AND_NOT_READY | TOO_FEW | {"container-restarted"}
RELATIONS = (
    # A change of the configuration makes it wrong; what is wrong, or gone, keeps the collector from starting.
    _Relation(_words("changed-before-crash"), STOPS_THE_START | {"misspelt"}, _same),
    _Relation(_words("changed-before-crash"), _words("unknown-destination", "name-twice"), _any),  # between documents
    _Relation(STOPS_THE_START | {"changed-before-crash"}, _CRASHED, _crash),
    # What it says in its last line, where it does not start; alone, the line is the cause that is known.
    _Relation(STOPS_THE_START | {"changed-before-crash"}, _words("fatal-logged"), _any),
    _Relation(_words("fatal-logged"), _CRASHED, _ended),
    _Relation(_words("configuration-object-gone"), DOWN | TOO_FEW, _unmounted),
    # No room for a pod.
    _Relation(_words("quota-too-small"), TOO_FEW, _over_quota),
    _Relation(_words("nodes-full"), DOWN | TOO_FEW, _unschedulable),
    # Memory that ends.
    _Relation(_words("memory-nearly-used"), _CRASHED, _killed),
    # The kubelet's probe hears the same answer, takes the pod out, and restarts it.
    _Relation(_words("wrong-status", "slow-answer"), UP_AND_NOT_READY | {"container-restarted"}, _same),
    _Relation(_words("wrong-status", "slow-answer"), TOO_FEW, _any),
    # A pod that is down: restarts, log and events of it, no answer, no endpoint, no scrape; and alerts that do not arrive.
    _Relation(DOWN | UP_AND_NOT_READY, LOGGED | {"container-restarted", "event-warned", "scrape-failed", "not-scraped"}, _same),
    _Relation(DOWN, _words("connection-refused"), _same),
    _Relation(DOWN | UP_AND_NOT_READY | TOO_FEW | {"zero-replicas"}, _words("no-ready-endpoint"), _any),
    _Relation(TOO_FEW | {"zero-replicas"}, _words("event-warned"), lambda cause, symptom: not symptom.object.startswith("Pod/")),
    _Relation(
        _words("no-ready-endpoint", "no-service", "no-port-to-collector", "target-port-unresolved", "not-routed", "wrong-port", "wrong-path"),
        _words("routed-alerts-do-not-arrive", "no-alerts"),
        _any,
    ),
)  # fmt: skip


def stories(results: Sequence[Result]) -> tuple[Story, ...]:
    """Return the results that did not pass: causes with their effects first, the gravest first.

    Every failed, due or unknown result is in exactly one story, as its cause or as a symptom.
    """
    short = [
        result
        for result in results
        if result.outcome in (Outcome.FAIL, Outcome.DUE, Outcome.UNKNOWN)
    ]
    causes: dict[int, int] = {}
    for number, result in enumerate(short):
        found = next(
            (other for other, one in enumerate(short) if other != number and _follows(result, one)),
            None,
        )
        if found is not None and not _leads_to(found, number, causes):
            causes[number] = found

    def below(number: int) -> list[Result]:
        return [
            one
            for child, cause in causes.items()
            if cause == number
            for one in (short[child], *below(child))
        ]

    told = [
        Story(
            short[number],
            tuple(sorted(below(number), key=lambda one: one.outcome is Outcome.UNKNOWN)),
        )
        for number in range(len(short))
        if number not in causes
    ]
    return tuple(
        sorted(
            told,
            key=lambda story: (not story.symptoms, SEVERITIES.index(story.cause.control.severity)),
        )
    )


def _leads_to(number: int, end: int, causes: dict[int, int]) -> bool:
    """Return whether the causes of a result lead to the other one."""
    while number != end and number in causes:
        number = causes[number]
    return number == end


def _follows(symptom: Result, cause: Result) -> bool:
    """Return whether every finding of a result is a likely effect of a failed one."""
    if symptom.target != cause.target or cause.outcome is not Outcome.FAIL:
        return False
    if symptom.outcome is Outcome.UNKNOWN:
        return any(_blinds(finding, symptom) for finding in cause.findings)
    if symptom.outcome is not Outcome.FAIL or not symptom.findings:
        return False
    if (
        any(finding.code == "no-ready-endpoint" for finding in symptom.findings)
        and symptom.limit != 0
    ):
        return False  # some pod is ready: that the Service has no endpoint is a fault of its own
    return all(any(_makes(one, finding) for one in cause.findings) for finding in symptom.findings)


def _makes(cause: Finding, symptom: Finding) -> bool:
    return any(
        cause.code in relation.causes
        and symptom.code in relation.symptoms
        and relation.related(cause, symptom)
        for relation in RELATIONS
    )


def _blinds(cause: Finding, symptom: Result) -> bool:
    """Return whether a finding keeps a control from its measurement: a dead pod has no metrics or log."""
    name = symptom.control.id
    if cause.code == "zero-replicas":
        return symptom.reason == "absent" and name in READ_PODS
    if cause.code in DOWN and _about(cause).partition("/")[2] in symptom.summary:
        return symptom.reason in ("unreachable", "absent") and name in READ_PODS
    return cause.code in TOO_FEW and symptom.reason == "too-early" and name in READ_LOGS


def _about(finding: Finding) -> str:
    """Return ``Kind/name`` of a finding, without the part."""
    return finding.object.partition(" ")[0]
