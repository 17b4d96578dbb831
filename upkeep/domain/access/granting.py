"""Which kubectl command gives a right that someone lacks? An administrator runs it.

``kubectl auth can-i`` would only repeat the answer. Source:
https://kubernetes.io/docs/reference/access-authn-authz/rbac/#command-line-utilities
"""

import re

from upkeep.records.access import AccessAnswer
from upkeep.shell import Command, chain, shell

# Who acts is a person whose name at the API server is in no record: the server says it (kubectl 1.28).
# Source: https://kubernetes.io/docs/reference/kubectl/generated/kubectl_auth/kubectl_auth_whoami/
_WHO_ACTS = Command('"$(kubectl auth whoami -o=jsonpath={.status.userInfo.username})"')
_ACCOUNT = re.compile(r"system:serviceaccount:([^:]+):([^:]+)")
_PATH = re.compile(
    r"(GET|POST|PATCH) /(?:api|apis/([^/]+))/[^/]+(?:/namespaces/([^/]+))?/([^/?]+)"
    r"(?:/([^/?]+))?(?:/([^/?]+))?"
)
_VERBS = {"POST": "create", "PATCH": "patch"}
# Rights of every authenticated user, by these roles of Kubernetes: only their bindings can be gone.
_REVIEWS = "authorization.k8s.io"
BASIC, DISCOVERY = "system:basic-user", "system:discovery"


def granting(
    verb: str,
    resource: str,
    *,
    group: str = "",
    subresource: str = "",
    namespace: str = "",
    name: str = "",
    user: str = "",
) -> Command:
    """Return the command that gives a right: a role of its own and its binding.

    :param namespace: empty for a right in the whole cluster. :param name: the one object, where it is one.
    :param user: as the API server calls it; empty for the acting identity.
    """
    kind = "role" if namespace else "clusterrole"
    place = shell(" -n {}", namespace) if namespace else Command()
    full = f"{resource}{f'.{group}' if group else ''}{f'/{subresource}' if subresource else ''}"
    role = "-".join(filter(None, ("upkeep", verb, resource, subresource, name)))
    # No verb is about a name that is not there yet.
    one = shell(" --resource-name={}", name) if name and verb not in ("create", "list") else ""
    word, who = Command(kind), _subject(user)
    what = shell("--verb={} --resource={}{}", verb, full, Command(one))
    made = shell("kubectl{} create {} {} {}", place, word, role, what)
    bound = shell("kubectl{} create {}binding {} --{}={} {}", place, word, role, word, role, who)
    return chain((made, bound))


def granting_answer(answer: AccessAnswer, *, user: str = "") -> Command:
    """Return the command that gives the right that an access review denied, for its one object alone."""
    return granting(
        answer.verb,
        answer.resource,
        group=answer.group,
        subresource=answer.subresource,
        namespace=answer.namespace,
        name=answer.name,
        user=user,
    )


def granting_request(source: str, user: str) -> Command:
    """Return the command that gives the right of a refused request.

    :param source: the request, as ``PATCH /apis/apps/v1/namespaces/a/deployments/b``.
    """
    found = _PATH.match(source)
    if found is None or found[2] == _REVIEWS:
        role = DISCOVERY if found is None else BASIC
        named = f"upkeep-{role.partition(':')[2]}"
        return shell(
            "kubectl create clusterrolebinding {} --clusterrole={} {}", named, role, _subject(user)
        )
    method, group, namespace, resource, name, subresource = found.groups(default="")
    verb = _VERBS.get(method) or ("get" if name else "list")
    return granting(
        verb,
        resource,
        group=group,
        subresource=subresource,
        namespace=namespace,
        name=name,
        user=user,
    )


def _subject(user: str) -> Command:
    if not user:
        return shell("--user={}", _WHO_ACTS)
    account = _ACCOUNT.fullmatch(user)
    if account is not None:
        return shell("--serviceaccount={}", f"{account[1]}:{account[2]}")
    return shell("--user={}", user)
