"""Parse the exposition format: a pod's /metrics, read now or saved earlier (``exports``), as Snapshots.

prometheus_client's parser reads the lines. This module refuses what it accepts silently: an empty body, a page of HTML, a cut end, duplicate
series, invalid numbers. Lines of unwanted families are skipped by their bytes, which saves most of the time.

Source: https://prometheus.io/docs/instrumenting/exposition_formats/
"""

import io
import math
import re
from collections.abc import Callable, Collection, Iterator
from datetime import UTC, datetime, timedelta

from prometheus_client.parser import text_string_to_metric_families

from upkeep.adapters.wire.text import printable
from upkeep.domain import counters
from upkeep.domain.metric_names import EXPOSED, PROCESS_START
from upkeep.errors import Malformed, Truncated
from upkeep.records.counters import Sample, Snapshot
from upkeep.shell import shell

# A node's clock may be a little ahead of ours.
MOST_AHEAD = timedelta(minutes=5)
_PARTS = (b"_bucket", b"_sum", b"_count")
_NAME = re.compile(rb"[ \t]*(?:#[ \t]+(?:TYPE|HELP)[ \t]+)?([a-zA-Z_:][a-zA-Z0-9_:]*)(?=[ \t{])")
_COMMENT = re.compile(rb"[ \t]*#")


def parse(
    body: bytes,
    *,
    pod: str,
    taken: datetime,
    source: str = "metrics",
    wanted: Collection[str] = EXPOSED,
    where: str = "",
) -> Snapshot:
    """Return the counters of an exposition.

    :param taken: when it was read.
    :param source: ``metrics`` or ``export``.
    :param wanted: names of families; of a histogram its _bucket, _sum and _count come with it.
    :param where: what to call it in messages; by default the pod's /metrics.
    :raises Truncated: its last line has no end.
    :raises Malformed: it is empty, HTML, no UTF-8, or lacks ``process_start_time_seconds``. So are a
        series twice, a number that is negative or not finite, and a start in the future.
    """
    where = where or f"Pod/{pod} /metrics"
    step = (
        shell("rm {}", where)
        if source == "export"
        else "--collector=URL when something between here and the pod answers in its place"
    )

    def malformed(why: str) -> Malformed:
        return Malformed(f"{where}: {why}", source=where, next_step=step)

    if not body.strip():
        raise malformed("the exposition is empty")
    if body.lstrip()[:1] == b"<":
        raise malformed("this is a page of HTML, not an exposition")
    if not body.endswith(b"\n"):
        raise Truncated(
            f"{where}: the last line has no end, so the rest is missing",
            source=where,
            next_step=step,
        )
    try:
        body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise malformed(f"byte {error.start} is not UTF-8") from None
    kept = list(_wanted_lines(body, {name.encode() for name in wanted} | {PROCESS_START.encode()}))
    samples: list[Sample] = []
    seen: set[tuple[str, frozenset[tuple[str, str]]]] = set()
    try:
        for family in text_string_to_metric_families("".join(line for _, line in kept)):
            for name, labels, value, *_ in family.samples:
                series = (name, frozenset((label, text) for label, text in labels.items() if text))
                if series in seen:
                    raise malformed(f"it holds a series of {name} twice")
                seen.add(series)
                labels = {label: printable(text) for label, text in labels.items()}
                samples.append(Sample(name, labels, _number(value)))
    except ValueError:
        # The parser's own message quotes the line, and a label may hold a secret.
        raise malformed(f"line {_first_bad(kept)} does not parse") from None
    for sample in samples:
        if not (math.isfinite(sample.value) and sample.value >= 0):
            raise malformed(f"a series of {sample.name} is {sample.value:g}")
    return Snapshot(
        pod,
        taken,
        _process_start(samples, taken=taken, malformed=malformed),
        tuple(samples),
        source,
    )


def unaccounted(snapshot: Snapshot) -> int:
    """Return received − processed − errors: work in flight, or lost groups. A later snapshot separates the two."""
    return counters.read(snapshot).unaccounted


def _wanted_lines(body: bytes, wanted: Collection[bytes]) -> Iterator[tuple[int, str]]:
    """Yield the lines of wanted families with their numbers, and lines of an unknown family for the parser to judge."""
    for number, line in enumerate(io.BytesIO(body), start=1):
        match = _NAME.match(line)
        if match is None:
            if line.strip() and not _COMMENT.match(line):
                yield number, line.decode()
            continue
        name = match[1]
        if name in wanted or any(
            name.endswith(part) and name.removesuffix(part) in wanted for part in _PARTS
        ):
            yield number, line.decode()


def _first_bad(lines: list[tuple[int, str]]) -> int:
    for number, line in lines:
        try:
            list(text_string_to_metric_families(line))
        except ValueError:
            return number
    return lines[-1][0]


def _number(value: float) -> float:
    try:
        return float(value)
    except OverflowError:  # an integer of more than 308 digits
        return math.inf


def _process_start(
    samples: list[Sample], *, taken: datetime, malformed: Callable[[str], Malformed]
) -> datetime:
    starts = [sample.value for sample in samples if sample.name == PROCESS_START]
    if len(starts) != 1:
        # Every Go process has it, after the counters: without it the exposition is not whole.
        raise malformed(
            f"it has {len(starts) or 'no'} {PROCESS_START}, but one process has exactly one"
        )
    if starts[0] == 0:
        raise malformed(f"{PROCESS_START} is 0, so the start of the process is not known")
    if starts[0] > (taken + MOST_AHEAD).timestamp():
        raise malformed(
            f"{PROCESS_START} is in the future: the clocks of the node and of this machine differ"
        )
    return datetime.fromtimestamp(starts[0], UTC)
