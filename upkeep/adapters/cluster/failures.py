"""What an exception of urllib3, or an answer that refuses, says about a request."""

import re
from typing import NamedTuple

import urllib3
from urllib3 import exceptions as urllib3_errors

from upkeep.adapters.cluster.answers import Answer, another_program, look, status_object
from upkeep.adapters.cluster.identity.connection import Configuration
from upkeep.adapters.wire.proxies import shown
from upkeep.adapters.wire.unreached import (
    PROXY_CREDENTIALS,
    is_late,
    proxy_credentials,
    proxy_refusal,
    step,
    why,
)
from upkeep.errors import (
    Absent,
    Forbidden,
    Malformed,
    TimedOut,
    Unauthenticated,
    Unavailable,
    Unmeasured,
    Unreachable,
)
from upkeep.masking import mask
from upkeep.records.rights import ACCOUNT
from upkeep.shell import Command, chain, shell

# net/http's answer to a path without a handler: the API server gives it for a group that it does not serve.
NO_HANDLER = b"404 page not found"
# A request for one object: its namespace, and the Service with its port, the Secret or the ConfigMap.
_NAMED = re.compile(
    r"/namespaces/([^/]+)/(?:services/([^/:]+:[^/]+)/proxy|secrets/([^/]+)$|configmaps/([^/]+)$)"
)
# forbiddenMessage in k8s.io/apiserver, pkg/endpoints/handlers/responsewriters/errors.go
_USER = re.compile(r'is forbidden: User "([^"]{1,253})" cannot ')
# Who is throttled: a server that answers 429 is well, and its /readyz says so.
# Source: https://kubernetes.io/docs/reference/debug-cluster/flow-control/
QUEUES = "/debug/api_priority_and_fairness/dump_priority_levels"
RETRIED = frozenset({429, 500, 502, 503, 504})


class Ends(NamedTuple):
    """When a request must have ended, on the monotonic clock, and the words for it."""

    at: float
    words: str
    next_step: str


def retry_after(response: urllib3.BaseHTTPResponse, *, otherwise: float) -> float:
    """Return the seconds that it asks to wait; none, or 0, is no leave to ask without a pause."""
    text = str(response.headers.get("Retry-After", ""))
    # A number of ten digits is longer than any deadline, and Python refuses one of thousands.
    return float(text[:10]) if text.isdecimal() and text.strip("0") else otherwise


def refusal(
    answer: Answer,
    source: str,
    *,
    configuration: Configuration,
    right_step: Command,
    deadline_seconds: float,
) -> Unmeasured:
    """Return what a status other than success means.

    :param configuration: of the server that was asked.
    :param right_step: the command that gives this identity the right that it lacks.
    """
    server, proxy = configuration.host.rstrip("/"), shown(configuration.proxy)
    if answer.status == PROXY_CREDENTIALS and proxy:
        return Unreachable(
            f"{server} cannot be reached: {proxy_refusal(answer.status, proxy=proxy)}",
            source=source,
            next_step=proxy_credentials(server, proxy=proxy),
        )
    status = status_object(answer)
    message = mask(str((status or {}).get("message") or f"HTTP {answer.status}"))[:300]
    if answer.status == 401:
        return Unauthenticated(
            f"{server} does not accept the credentials (401): the token has expired "
            "or was never valid",
            source=source,
            next_step="log in again (a new token for this context), then: kubectl auth whoami",
        )
    if answer.status in RETRIED:
        return unavailable(
            answer.status, message, source, server=server, deadline_seconds=deadline_seconds
        )
    if status is None and answer.status == 404 and answer.body.strip() == NO_HANDLER:
        return Absent(
            f"{server} does not serve this API (404)",
            source=source,
            next_step="kubectl api-versions",
        )
    if status is None:
        return another_program(answer, source=source, server=server)
    if answer.status == 403:
        return Forbidden(message, source=source, next_step=right_step)
    if answer.status in (404, 410):
        return Absent(message, source=source)
    return Malformed(f"{source}: unexpected answer {answer.status}: {message}", source=source)


def user_of(answer: Answer) -> str:
    """Return whom a 403 of the RBAC authoriser refuses; empty where it names no user."""
    found = _USER.search(str((status_object(answer) or {}).get("message")))
    return found[1] if found and mask(found[1]) == found[1] else ""


def measuring_right(source: str, namespace: str, *, user: str) -> Command:
    """Return the command that gives whoever measures the right that a request lacks.

    :param namespace: the collector's.
    :param user: who was refused; empty for the service account that ``upkeep rbac`` makes.
    The Role is printed offline: what it cannot know is the name of an object, and the request does.
    """
    options = [shell(" --namespace={}", namespace)] if namespace else []
    asked = _NAMED.search(source)
    where, service, secret, config_map = asked.groups() if asked else ("", "", "", "")
    if service:
        options.append(shell(" --service={}/{}", where, service))
    elif secret and where == namespace:
        options.append(shell(" --secret={}", secret))
    elif config_map and where == namespace:
        options.append(shell(" --configmap={}", config_map))
    options.append(subject_option(user, namespace))
    return shell("upkeep rbac{} | kubectl apply -f -", chain(options, between=""))


def subject_option(user: str, namespace: str) -> Command:
    """Return the option of ``upkeep rbac`` for the refused user; empty for upkeep's own account."""
    account = user.removeprefix(f"system:serviceaccount:{namespace}:")
    if account != user:
        return shell(" --service-account={}", account) if account != ACCOUNT else Command()
    return shell(" --user={}", user) if user else Command()


def unavailable(
    status: int, message: str, source: str, *, server: str, deadline_seconds: float
) -> Unavailable:
    """Return that a server could not answer until the deadline."""
    return Unavailable(
        f"{server} answered {status} until the deadline of {deadline_seconds:g} s: {message}",
        source=source,
        next_step=shell(
            "--limit=request_deadline={}s, or kubectl get --raw {}",
            f"{deadline_seconds * 3:g}",
            QUEUES,
        )
        if status == 429
        else look(server),
    )


def unanswered(
    error: urllib3_errors.HTTPError,
    source: str,
    ends: Ends,
    *,
    refused: int,
    configuration: Configuration,
    deadline_seconds: float,
) -> Unmeasured:
    """Return why a request has no answer; ``refused`` is the status of the answer before."""
    server, proxy = configuration.host.rstrip("/"), shown(configuration.proxy)
    through = f" through the proxy {proxy}" if proxy else ""
    late = is_late(error)
    if late and refused:
        return unavailable(
            refused, f"HTTP {refused}", source, server=server, deadline_seconds=deadline_seconds
        )
    if late:
        return TimedOut(
            f"{source}: no answer from {server}{through} within {ends.words}",
            source=source,
            next_step=shell("{}, or {}", look(server), Command(ends.next_step)),
        )
    return Unreachable(
        f"{server} cannot be reached: {why(error, proxy=proxy)}",
        source=source,
        next_step=step(error, server, otherwise=look(server), proxy=proxy),
    )
