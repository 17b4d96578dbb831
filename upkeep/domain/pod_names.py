"""Which names can the pods of a Deployment have had?

Owner references and UIDs decide for pods that exist. Only events and stored series of deleted pods
need this: they keep a name and nothing else. The rules are those of the API server and of the
Deployment controller, so a name here is derived and not guessed.

Source: https://github.com/kubernetes/apiserver/blob/master/pkg/storage/names/generate.go (a
generateName is cut at 58 characters, and 5 random ones follow);
https://github.com/kubernetes/apimachinery/blob/master/pkg/util/rand/rand.go (their alphabet).
"""

from upkeep.records.workload import Workload

LONGEST_PREFIX = 58
RANDOM = "[0-9a-z]{5}"
# A pod-template-hash has no vowels: ``cano-collector-agent-x7k2p`` is a DaemonSet's pod.
HASH = "[bcdfghjklmnpqrstvwxz2456789]"
LONGEST_HASH = 10


def of_replica_set(name: str) -> str:
    """Return a regular expression (RE2 and Python) for the names of a ReplicaSet's pods."""
    return _escaped(f"{name}-"[:LONGEST_PREFIX]) + RANDOM


def of_deployment(name: str) -> str:
    """Return a regular expression for the pod names of any ReplicaSet that a Deployment made.

    It covers ReplicaSets beyond revisionHistoryLimit, which no longer exist.
    """
    room = LONGEST_PREFIX - len(f"{name}-")
    if room <= 0:
        return of_replica_set(name)
    if room > LONGEST_HASH:  # neither the hash nor the hyphen behind it is cut
        return f"{_escaped(name)}-{HASH}{{1,{LONGEST_HASH}}}-{RANDOM}"
    return f"{_escaped(name)}-{HASH}{{1,{room}}}-?{RANDOM}"


def of_workload(workload: Workload) -> str:
    """Return a regular expression for the names of a Deployment's pods, deleted ones included.

    Existing pods count by their names, whatever those look like. Known ReplicaSets count by their
    names, adopted ones included.
    """
    return "|".join(
        dict.fromkeys(
            [
                *sorted(_escaped(pod.name) for pod in workload.pods),
                *sorted(of_replica_set(one.name) for one in workload.replica_sets),
                of_deployment(workload.deployment.name),
            ]
        )
    )


def _escaped(name: str) -> str:
    """Return a DNS name as a pattern that needs no backslash inside a PromQL string."""
    return name.replace(".", "[.]")
