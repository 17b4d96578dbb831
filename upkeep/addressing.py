"""A printed command goes to the cluster that the run looked at, also where that is not the one that it would go to by itself.

What only lists does so as the identity that the run looks as: it has the right, for the run did the same. What writes, rehearses or asks for rights
is for whoever is on call: as the acting identity, where there is one. So are ``describe``, ``logs`` and ``rollout status``, which get the object by its
name first: the smallest Role to look with may only list it.
"""

import re
from dataclasses import dataclass
from shlex import quote

# Where a command begins: at the start, behind another one, as another way, and at the start of a line.
_BEGINS = r"(?:^|(?<=[|;&(\n])|(?<=[|;&(:] )|(?<=&& )|(?<=, or ))"
_PROGRAM = re.compile(
    _BEGINS + r"(kubectl|helm|pytest|upkeep (?:backup|export|drill restore))(?= -| [a-z])"
)
_LOOKS = re.compile(
    r"(?: -n \S+| --?\S+)* (?:get|top|events|api-resources|api-versions|version|auth whoami)\b"
)


@dataclass(frozen=True, slots=True)
class Address:
    """What a command must say to get to the cluster.

    :ivar context: likewise ``kubeconfig``; empty where kubectl's default is the same.
    :ivar acting: the context of the acting identity; ``None`` where there is none, and the same identity looks and acts.
    """

    context: str = ""
    kubeconfig: str = ""
    acting: str | None = None


def addressed(step: str, address: Address) -> str:
    """A next step whose commands name the cluster. What is no command stays as it is."""

    def named(found: re.Match[str]) -> str:
        program = found[1]
        acts = program == "helm" or (program == "kubectl" and not _LOOKS.match(step, found.end()))
        context = address.context if address.acting is None or not acts else address.acting
        options = [
            ("kube-context" if program == "helm" else "context", context),
            ("kubeconfig", address.kubeconfig),
        ]
        return " ".join(
            [program, *(f"--{option}={quote(value)}" for option, value in options if value)]
        )

    return _PROGRAM.sub(named, step)
