"""Which targets does this worker take? ``--shard=INDEX/COUNT``; the results are joined by ``upkeep merge``.

INDEX counts from 0, as ``JOB_COMPLETION_INDEX`` of a Kubernetes Job with ``completionMode: Indexed``.
Source: https://kubernetes.io/docs/tasks/job/indexed-parallel-processing-static/
"""

import re
from collections.abc import Mapping, Sequence

from msgspec import Struct

from upkeep.errors import BadInput

OF_A_JOB = "JOB_COMPLETION_INDEX"
MOST_SHARDS = 10_000
_FORM = re.compile(r"(\d{1,5})/(\d{1,5})")


class Shard(Struct, frozen=True):
    """One worker's part of the targets.

    :ivar index: from 0. :ivar targets: the names of all targets, of every worker.
    """

    index: int
    count: int
    targets: tuple[str, ...]

    @property
    def own(self) -> tuple[str, ...]:
        """Return the names of this worker's targets: every COUNT-th, so that neighbours are spread."""
        return self.targets[self.index :: self.count]


def shard_of(
    given: str | None, *, shards: int | None, environ: Mapping[str, str], targets: Sequence[str]
) -> Shard | None:
    """Return this worker's part; ``None`` where the run is not divided.

    :param given: ``--shard`` or ``UPKEEP_SHARD``. :param shards: the settings file's; a Job's index counts with it alone.
    :raises BadInput: another form, an index beyond the count, no named target, or none for this worker.
    """
    where, text = "--shard", given
    if text is None and shards is not None and environ.get(OF_A_JOB):
        where, text = OF_A_JOB, f"{environ[OF_A_JOB]}/{shards}"
    if text is None:
        return None
    found = _FORM.fullmatch(text)
    if found is None:
        raise BadInput(f"{where}={text[:40]}: expected INDEX/COUNT, such as 0/4.")
    index, count = int(found[1]), int(found[2])
    if not index < count <= MOST_SHARDS:
        raise BadInput(
            f"{where}={text}: INDEX counts from 0 to COUNT - 1, and COUNT is at most {MOST_SHARDS}."
        )
    if list(targets) == [""]:
        raise BadInput(f"{where} divides named targets. Add --target='*'.")
    shard = Shard(index, count, tuple(targets))
    if not shard.own:
        raise BadInput(f"{where}={text}: no target is left: there are {len(targets)}. Lower COUNT.")
    return shard
