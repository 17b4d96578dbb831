"""Which object a finding is about after a rollout: the identity of a finding.

Findings name pods, and a rollout gives every pod a new name. Waivers, diff, history and flapping
use the owner instead: control, target, code and owner are the identity, and nothing else is.
"""

import re
from collections.abc import Mapping

# A day in a file's name, as the guide and upkeep backup write it: 20260102, with a time or without.
_DAY = re.compile(r"(?<!\d)\d{8}(T\d{6}Z?)?(?!\d)")
_OWNED = ("Pod", "ReplicaSet")


def owner_of(name: str, *, deployment: str, jobs: Mapping[str, str] | None = None) -> str:
    """Return the owner of a finding's object: what keeps its name when pods are replaced.

    :param name: the object, ``Kind/name`` with words behind it: ``Pod/a-6f7d9c-k7w2p container/b``.
    :param deployment: the Deployment of the collector, to which its pods and ReplicaSets belong;
        empty where it is not known, and then the object is returned as it is.
    :param jobs: Job -> the CronJob that made it, of those that are known.
    """
    first, space, rest = name.partition(" ")
    kind, slash, own = first.partition("/")
    if kind in _OWNED and deployment:
        first = f"Deployment/{deployment}"
    elif kind == "Job" and own in (jobs or {}):
        first = f"CronJob/{(jobs or {})[own]}"
    elif kind == "File" and slash:
        first = f"File/{_DAY.sub('DATE', own)}"
    return f"{first}{space}{rest}"
