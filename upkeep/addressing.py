"""Addressing: which cluster and which identity does a printed command use?

A command that only lists uses the context of the run, which did the same request. Every other command
uses the acting identity, where there is one. ``describe``, ``logs`` and ``rollout status`` belong to the
others: they get an object by its name, and the smallest Role may only list it.
"""

import re
from shlex import quote

from msgspec import Struct
from msgspec.structs import replace

# The begin of a command: the start of the text or of a line, after another command, or after "or".
_BEGINS = r"(?:^|(?<=[|;&(\n])|(?<=[|;&(:] )|(?<=&& )|(?<=, or ))"
# What is quoted is a value: a name from outside can look like a command. An apostrophe of prose (Prometheus' log)
# is behind a letter; a value never is (``upkeep.shell``).
_QUOTED = r"""(?<![A-Za-z])'[^']*'(?:"'"'[^']*')*|"[^"]*\""""
_PROGRAM = re.compile(
    f"{_QUOTED}|{_BEGINS}"
    + r"(kubectl|helm|upkeep (?:run|backup|export|drill restore))(?= -| [a-z])"
)
_LOOKS = re.compile(
    r"(?: -n \S+| --?\S+)* (?:get|top|events|api-resources|api-versions|version|auth whoami"
    # Who lacks a right cannot give it.
    r"|create (?:cluster)?role(?:binding)?)\b"
)


class Address(Struct, frozen=True):
    """The options that lead a command to the cluster.

    :ivar context: the kubeconfig context; empty where it is kubectl's default. So is ``kubeconfig``.
    :ivar acting: the context of the acting identity; ``None`` without one.
    :ivar table: the place of this target's settings, where the run refuses its options.
    """

    context: str = ""
    kubeconfig: str = ""
    acting: str | None = None
    table: str = ""


def addressed(step: str, address: Address) -> str:
    """Return a next step whose commands name the cluster. Other text stays unchanged."""

    def named(found: re.Match[str]) -> str:
        program = found[1]
        if program is None and found[0].startswith('"$(') and address.acting is not None:
            # The one substitution asks who acts.
            return f'"$({addressed(found[0][3:-2], replace(address, context=address.acting))})"'
        if program is None:
            return found[0]
        acts = program == "helm" or (program == "kubectl" and not _LOOKS.match(step, found.end()))
        context = address.context if address.acting is None or not acts else address.acting
        if step.startswith(" config ", found.end()):
            context = ""  # about the file, and no cluster
        options = [
            ("kube-context" if program == "helm" else "context", context),
            ("kubeconfig", address.kubeconfig),
        ]
        return " ".join(
            [program, *(f"--{option}={quote(value)}" for option, value in options if value)]
        )

    return _PROGRAM.sub(named, step)
