"""Which rights does the collector's service account hold beyond its need?

Source: docs/guide.rst, "Review RBAC permissions"; https://kubernetes.io/docs/reference/access-authn-authz/rbac/
"""

from collections.abc import Iterator, Sequence

from upkeep.errors import Absent
from upkeep.judges.wording import counted
from upkeep.model import Finding, Judgement, listed
from upkeep.records.access import Grant, PolicyRule
from upkeep.records.workload import Deployment, Install
from upkeep.shell import Command, shell

READ = frozenset({"get", "list", "watch"})
# (group, resource) that the collector may read to enrich an alert. Its Secrets are mounted, and not read from the API.
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
# Reviews that every authenticated subject may create about itself (system:basic-user).
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
    """Judge rbac-least-privilege: the service account holds nothing but reads of what enriches alerts.

    Each rule with an excess is a finding, with the binding that grants it. Non-resource URLs of the API server are readable.

    :raises Absent: no binding of system:authenticated is listed, so that the list is not complete; or there is no finding, and a binding names a
        role that is not listed: the lists contradict each other, or the role was deleted.
    """
    if not any(grant.subject == "Group system:authenticated" for grant in grants):
        raise Absent(
            "The list of bindings is not complete: it has none for system:authenticated.",
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
                message = f"{account} may {what} {where}. {grant.binding} ({grant.role}) grants it to {grant.subject}."
                command = shell("kubectl describe {}", described(grant))
                found.append(Finding(account, code, message, what, "not granted", "", command))
    unlisted = next((grant for grant in grants if not grant.role_listed), None)
    unmeasured = None
    if unlisted is not None:
        unmeasured = Absent(
            f"{unlisted.binding} names {unlisted.role}, which is not in the list of roles. "
            "Its rights are not known.",
            source="roles, clusterroles",
            next_step=shell("kubectl describe {}", described(unlisted)),
        )
    rules = sum(len(grant.rules) for grant in grants)
    observed = f"{counted(rules, 'rule')} of {counted(len(grants), 'binding')}, {len(found)} beyond the list"
    return Judgement(
        tuple(found),
        observed,
        "reads of what enriches alerts",
        "",
        f"Roles and bindings of {account} and its groups",
        unmeasured=unmeasured,
    )


def _excesses(rule: PolicyRule) -> Iterator[tuple[str, str]]:
    """Yield (code, right) of each resource of a rule that is beyond the list, with the gravest code."""
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
                "use all verbs on all resources"
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


def described(grant: Grant) -> Command:
    """Return the arguments of ``kubectl describe`` for the binding."""
    kind, *rest = grant.binding.split("/")
    # RBAC names may hold spaces and semicolons.
    place = shell(" -n {}", rest[0]) if len(rest) > 1 else Command()
    return shell("{} {}{}", kind.lower(), rest[-1], place)
