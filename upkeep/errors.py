"""Errors: what keeps a control from an outcome?

::

    UpkeepError
    ├── BadInput                  wrong user input: exit code 4, with the fix
    ├── NotApplicable             declared absent (``--absent``): skipped, with the reason
    └── Unmeasured                no measurement: pytest ERROR, outcome *unknown*, never pass, fail or skip
        ├── Forbidden             the server refused the request (403)
        ├── Unauthenticated       the server rejected the credentials (401): an expired or wrong token
        ├── Unreachable           no answer: connection refused, no route, TLS, DNS
        │   └── Unavailable       only 429 or 5xx answers until the deadline
        ├── TimedOut              no answer before the deadline
        ├── Absent                a required object or value does not exist
        ├── Malformed             an answer of another form
        │   └── Truncated         an answer that ended early
        ├── Ambiguous             several objects match
        └── TooEarly              not enough history yet

Source of the outcomes: README.md, "Results", and ARCHITECTURE.md, "What may never happen".
"""

from collections.abc import Callable
from typing import ClassVar, ParamSpec


class UpkeepError(Exception):
    """The root of the tree. The message is for a person and never contains a secret."""


class BadInput(UpkeepError):
    """Unusable user input. The message names the file, key or option, the expected value and the fix."""


class NotApplicable(UpkeepError):
    """The subject of the control is declared absent; the message is the declared reason."""


class Unmeasured(UpkeepError):
    """A measurement that was not taken.

    :param message: the error and its cause.
    :param source: the request, for example ``GET /apis/apps/v1/namespaces/monitoring/deployments``.
    :param next_step: one command or option that fixes it, ready to paste. It is never masked, so
        every name from outside is quoted for the shell and no secret is in it.
    """

    reason: ClassVar[str] = "unmeasured"

    def __init__(self, message: str, *, source: str = "", next_step: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.source = source
        self.next_step = next_step


class Forbidden(Unmeasured):
    """The server refused the request (403)."""

    reason = "forbidden"


class Unauthenticated(Unmeasured):
    """The server rejected the credentials (401): an expired or invalid token."""

    reason = "unauthenticated"


class Unreachable(Unmeasured):
    """No connection, or one that ended before the answer began."""

    reason = "unreachable"


class Unavailable(Unreachable):
    """The server answered 429 or 5xx until the deadline."""

    reason = "unavailable"


class TimedOut(Unmeasured):
    """No complete answer before the deadline."""

    reason = "timed-out"


class Absent(Unmeasured):
    """An empty answer or a 404 for a required object."""

    reason = "absent"


class Malformed(Unmeasured):
    """An answer of another form: an HTML page, invalid JSON, an impossible number."""

    reason = "malformed"


class Truncated(Malformed):
    """An answer that ended early."""

    reason = "truncated"


class Ambiguous(Unmeasured):
    """Several objects match; the message lists them and names the option that selects one."""

    reason = "ambiguous"


class TooEarly(Unmeasured):
    """Not enough history yet; the message says when to retry."""

    reason = "too-early"


_Arguments = ParamSpec("_Arguments")


def missing_of(
    require: Callable[_Arguments, None], *args: _Arguments.args, **kwargs: _Arguments.kwargs
) -> Unmeasured | None:
    """Return the error that a demand raises; ``None`` where it is met."""
    try:
        require(*args, **kwargs)
    except Unmeasured as error:
        return error
    return None


def of_reason(reason: str) -> type[Unmeasured]:
    """Return the kind of ``Unmeasured`` whose reason that is.

    :raises LookupError: no kind has this reason.
    """
    kinds = [Unmeasured]
    for kind in kinds:
        if kind.reason == reason:
            return kind
        kinds += kind.__subclasses__()
    raise LookupError(f"no kind of Unmeasured has the reason {reason!r}")
