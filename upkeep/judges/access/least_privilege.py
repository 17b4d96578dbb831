"""What the collector itself may do.

Source: the guide's "Review RBAC permissions".
"""

from collections.abc import Iterator, Sequence
from shlex import quote

from upkeep.errors import Absent
from upkeep.judges.wording import counted
from upkeep.model import Finding, Judgement, listed
from upkeep.records.access import Grant, PolicyRule
from upkeep.records.workload import Deployment, Install

READ = frozenset({"get", "list", "watch"})
# What the collector may look at to enrich an alert: (group, resource). Secrets are mounted, and never read from the API.
READABLE = frozenset(
    {
        *(("", name) for name in ("pods", "pods/log", "events", "nodes", "namespaces", "services", "endpoints", "configmaps", "replicationcontrollers",
                                  "persistentvolumeclaims", "persistentvolumes", "limitranges", "resourcequotas")),
        *(("apps", name) for name in ("deployments", "replicasets", "statefulsets", "daemonsets")),
        *(("batch", name) for name in ("jobs", "cronjobs")),
        *(("autoscaling", name) for name in ("horizontalpodautoscalers",)),
        *(("networking.k8s.io", name) for name in ("ingresses", "networkpolicies")),
        *(("metrics.k8s.io", name) for name in ("pods", "nodes")),
        ("events.k8s.io", "events"), ("discovery.k8s.io", "endpointslices"), ("policy", "poddisruptionbudgets"),
    }
)  # fmt: skip
# What every authenticated subject may ask about itself (system:basic-user).
ASKED = frozenset(
    {
        ("authorization.k8s.io", "selfsubjectaccessreviews"), ("authorization.k8s.io", "selfsubjectrulesreviews"),
        ("authentication.k8s.io", "selfsubjectreviews"),
    }
)  # fmt: skip
RUNS = frozenset(
    {
        "pods/exec",
        "pods/attach",
        "pods/portforward",
        "pods/proxy",
        "services/proxy",
        "nodes/proxy",
        "pods/ephemeralcontainers",
    }
)
RISES = frozenset({"escalate", "bind", "impersonate"})


def least_privilege(
    grants: Sequence[Grant], collector: Deployment, *, install: Install
) -> Judgement:
    """rbac-least-privilege: the service account holds nothing beyond reading what it may enrich alerts with.

    Each rule with an excess is a finding, with the binding that grants it. Paths that are no resources are the API server's own, and readable.

    :raises Absent: not even what every authenticated subject has is granted, so not all was seen.
    """
    if not any(grant.subject == "Group system:authenticated" for grant in grants):
        raise Absent(
            "no binding of system:authenticated is listed, so not all were seen",
            source="clusterrolebindings",
            next_step="run again",
        )
    account = f"ServiceAccount/{collector.template.service_account}"
    found = []
    for grant in grants:
        for rule in grant.rules:
            for code, what in _excesses(rule):
                where = (
                    f"in namespace {grant.namespace}" if grant.namespace else "in every namespace"
                )
                message = f"{account} may {what} {where}, by {grant.binding} ({grant.role}) as {grant.subject}."
                command = f"kubectl describe {described(grant)}"
                found.append(Finding(account, code, message, what, "not granted", "", command))
    rules = sum(len(grant.rules) for grant in grants)
    observed = f"{counted(rules, 'rule')} of {counted(len(grants), 'binding')}, {len(found)} beyond the list"
    return Judgement(
        tuple(found),
        observed,
        "reads of what enriches alerts",
        "",
        f"Roles and bindings of {account} and its groups",
    )


def _excesses(rule: PolicyRule) -> Iterator[tuple[str, str]]:
    """What of a rule is beyond the list: (code, what it allows); the gravest word for each resource."""
    named = f" {listed(list(rule.names))}" if rule.names else ""
    if rule.urls and not set(rule.verbs) <= {*READ, "head"}:
        yield "right-beyond-list", f"{listed(list(rule.verbs))} {listed(list(rule.urls))}"
    for group in rule.groups:
        for resource in rule.resources:
            allowed = (group, resource) in READABLE and set(rule.verbs) <= READ
            asked = (group, resource) in ASKED and set(rule.verbs) <= {"create"}
            if allowed or asked or not rule.verbs:
                continue
            verbs = [
                verb for verb in rule.verbs if (group, resource) not in READABLE or verb not in READ
            ]
            everything = resource == group == "*" and "*" in verbs and not named
            what = (
                "do anything"
                if everything
                else f"{listed(verbs)} {resource}{f'.{group}' if group else ''}{named}"
            )
            yield _code(group, resource, set(verbs)), what


def _code(group: str, resource: str, verbs: set[str]) -> str:
    if "*" in verbs or resource == "*" or group == "*" or resource.startswith("*/"):
        return "wildcard-right"
    if verbs & RISES:
        return "rights-can-rise"
    if resource in RUNS:
        return "runs-in-others"
    if (group, resource) == ("", "secrets"):
        return "secrets-readable" if verbs <= READ else "secrets-writable"
    return "right-beyond-list"


def described(grant: Grant) -> str:
    """What ``kubectl describe`` wants for the binding."""
    kind, *rest = grant.binding.split("/")
    # RBAC takes any name that can stand in a path, spaces and semicolons, too.
    return f"{kind.lower()} {quote(rest[-1])}" + (f" -n {rest[0]}" if len(rest) > 1 else "")
