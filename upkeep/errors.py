"""Everything that can keep upkeep from an answer, as one tree.

::

    UpkeepError
    ├── BadInput                  the user's words are wrong: exit code 4, one sentence, what to do
    ├── NotApplicable             declared absent on purpose (``--absent``): skipped, with the reason
    └── Unmeasured                could not look: pytest ERROR, outcome *unknown*, never pass, fail or skip
        ├── Forbidden             the identity may not look (403)
        ├── Unauthenticated       the identity is not accepted: an expired token, a wrong one (401)
        ├── Unreachable           nobody answered: refused, no route, TLS, name resolution
        │   └── Unavailable       somebody answered that they cannot (429, 5xx), until the deadline
        ├── TimedOut              no answer within the deadline
        ├── Absent                nothing is there where something must be
        ├── Malformed             an answer that is not what was asked for
        │   └── Truncated         an answer that ended early
        ├── Ambiguous             more than one thing could have been meant
        └── TooEarly              there will be enough to judge, later

Source of the outcomes: design.md, "Outcomes" and "What may never happen".
"""

from typing import ClassVar


class UpkeepError(Exception):
    """The root of the tree. The message is one sentence for a person; it never holds a secret."""


class BadInput(UpkeepError):
    """The user's input cannot be used. The message names the file, key or option, what was expected and what to do."""


class NotApplicable(UpkeepError):
    """What the control looks at was declared absent; the message is the declared reason."""


class Unmeasured(UpkeepError):
    """A measurement could not be taken.

    :param message: what could not be looked at, and why; one sentence.
    :param source: what was asked, for instance ``GET /apis/apps/v1/namespaces/monitoring/deployments``.
    :param next_step: the one line that ends it, ready to paste where there is a command.
    """

    reason: ClassVar[str] = "unmeasured"

    def __init__(self, message: str, *, source: str = "", next_step: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.source = source
        self.next_step = next_step


class Forbidden(Unmeasured):
    """The API answered 403: the identity may not look."""

    reason = "forbidden"


class Unauthenticated(Unmeasured):
    """The API answered 401: the token has expired or was never valid."""

    reason = "unauthenticated"


class Unreachable(Unmeasured):
    """No connection, or one that ended before an answer began."""

    reason = "unreachable"


class Unavailable(Unreachable):
    """429 or 5xx of the API server, and still so when the deadline came."""

    reason = "unavailable"


class TimedOut(Unmeasured):
    """No whole answer within the deadline."""

    reason = "timed-out"


class Absent(Unmeasured):
    """Empty, or a 404, where something must be."""

    reason = "absent"


class Malformed(Unmeasured):
    """The answer is not of the form that was asked for: an HTML page, broken JSON, an impossible number."""

    reason = "malformed"


class Truncated(Malformed):
    """The answer ended before its end."""

    reason = "truncated"


class Ambiguous(Unmeasured):
    """Several things could have been meant; the message lists them and names the option that decides."""

    reason = "ambiguous"


class TooEarly(Unmeasured):
    """Nothing is wrong with the look, but there is not enough history yet; the message says when there will be."""

    reason = "too-early"


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
