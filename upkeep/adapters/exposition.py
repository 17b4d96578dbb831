"""The exposition format: a pod's /metrics, and the expositions that earlier runs saved, as Snapshots.

prometheus_client's parser reads the lines; what it accepts in silence is refused here: an empty body, a page of HTML, a cut end, duplicate
series, numbers that are none. Lines of families that nobody wants are passed over by their bytes, which is where the time goes.
Source: https://prometheus.io/docs/instrumenting/exposition_formats/, collector.md ("Metrics").
"""

import io
import math
import re
from collections.abc import Callable, Collection, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from upkeep import counts
from upkeep.adapters.files import write_whole
from upkeep.errors import BadInput, Malformed, Truncated
from upkeep.metric_names import EXPOSED, FAMILIES, PROCESS_START
from upkeep.model import parse_time, rfc3339
from upkeep.records import Sample, Snapshot

__all__ = ["FAMILIES", "load_saved", "parse", "save", "unaccounted"]

# A node's clock may be a little ahead of ours.
MOST_AHEAD = timedelta(minutes=5)
_PARTS = (b"_bucket", b"_sum", b"_count")
_NAME = re.compile(rb"[ \t]*(?:#[ \t]+(?:TYPE|HELP)[ \t]+)?([a-zA-Z_:][a-zA-Z0-9_:]*)(?=[ \t{])")
_COMMENT = re.compile(rb"[ \t]*#")
_STAMP = "%Y%m%dT%H%M%SZ"
_HEADER = re.compile(rb"# upkeep namespace=(\S+) pod=(\S+) taken=(\S+)\n")


def parse(
    body: bytes, *, pod: str, taken: datetime, source: str = "metrics", wanted: Collection[str] = EXPOSED, where: str = ""
) -> Snapshot:
    """The counters of an exposition.

    :param taken: when it was read.
    :param source: ``metrics`` or ``export``.
    :param wanted: names of families; of a histogram its _bucket, _sum and _count come with it.
    :param where: what to call it in messages; by default the pod's /metrics.
    :raises Truncated: its last line has no end.
    :raises Malformed: it is empty, a page of HTML, no UTF-8, without ``process_start_time_seconds``, holds a series twice, or a number of a
        wanted family is not finite or negative, or the process starts in the future.
    """
    where = where or f"Pod/{pod} /metrics"
    step = f"rm {where}" if source == "export" else "--collector=URL when something between here and the pod answers in its place"

    def malformed(why: str) -> Malformed:
        return Malformed(f"{where}: {why}", source=where, next_step=step)

    if not body.strip():
        raise malformed("empty, where an exposition must be")
    if body.lstrip()[:1] == b"<":
        raise malformed("a page of HTML, no exposition")
    if not body.endswith(b"\n"):
        raise Truncated(f"{where}: the last line has no end, so the rest is missing", source=where, next_step=step)
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
                    raise malformed(f"a series of {name} is there twice")
                seen.add(series)
                samples.append(Sample(name, dict(labels), _number(value)))
    except ValueError:
        # The parser's own message quotes the line, and nobody knows what a label holds.
        raise malformed(f"line {_first_bad(kept)} does not parse") from None
    for sample in samples:
        if not (math.isfinite(sample.value) and sample.value >= 0):
            raise malformed(f"a series of {sample.name} is {sample.value:g}")
    return Snapshot(pod, taken, _process_start(samples, taken=taken, malformed=malformed), tuple(samples), source)


def unaccounted(snapshot: Snapshot) -> int:
    """Received − processed − errors: what is in flight, or lost. Where it is not 0 a later snapshot tells which."""
    return counts.read(snapshot).unaccounted


def _wanted_lines(body: bytes, wanted: Collection[bytes]) -> Iterator[tuple[int, str]]:
    """The lines of wanted families with their numbers, and those whose family cannot be told, which the parser must judge."""
    for number, line in enumerate(io.BytesIO(body), start=1):
        match = _NAME.match(line)
        if match is None:
            if line.strip() and not _COMMENT.match(line):
                yield number, line.decode()
            continue
        name = match[1]
        if name in wanted or any(name.endswith(part) and name.removesuffix(part) in wanted for part in _PARTS):
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


def _process_start(samples: list[Sample], *, taken: datetime, malformed: Callable[[str], Malformed]) -> datetime:
    starts = [sample.value for sample in samples if sample.name == PROCESS_START]
    if len(starts) != 1:
        # Every process of the Go client has it, and it comes after the counters: without it the exposition is not whole.
        raise malformed(f"{len(starts) or 'no'} {PROCESS_START}, where a whole exposition of one process has one")
    if starts[0] == 0:
        raise malformed(f"{PROCESS_START} is 0: the process does not know when it started")
    if starts[0] > (taken + MOST_AHEAD).timestamp():
        raise malformed(f"{PROCESS_START} lies in the future: the clocks of the node and of this machine differ")
    return datetime.fromtimestamp(starts[0], UTC)


def save(snapshot_body: bytes, *, folder: Path, namespace: str, pod: str, taken: datetime) -> Path:
    """Keep an exposition for later runs, whole or not at all. The folder is made when it is missing.

    :raises BadInput: the folder cannot be written.
    """
    path = folder / f"exposition-{namespace}-{pod}-{taken.astimezone(UTC).strftime(_STAMP)}.txt"
    header = f"# upkeep namespace={namespace} pod={pod} taken={rfc3339(taken)}\n".encode()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_whole(path, header + snapshot_body)
    except OSError as error:
        raise BadInput(f"--exports={folder}: cannot be written ({error.strerror}); name a folder that can") from None
    return path


def load_saved(folder: Path, *, namespace: str, pod_prefix: str) -> tuple[Snapshot, ...]:
    """The expositions that earlier runs saved of a Deployment's pods, oldest first. A folder that is not there yet holds none.

    A file with another form of name is not ours. The pod's name is the prefix and one or two words (hash, suffix), so that
    ``cano-collector-`` does not take in the pods of ``cano-collector-staging``.

    :raises Malformed: one of ours cannot be read, does not parse, or says another pod or time than its name.
    """
    form = re.compile(
        rf"exposition-{re.escape(namespace)}-(?P<pod>{re.escape(pod_prefix)}[0-9a-z]+(?:-[0-9a-z]+)?)-(?P<stamp>\d{{8}}T\d{{6}}Z)\.txt"
    )
    try:
        paths = sorted(folder.iterdir()) if folder.exists() else []
    except OSError as error:
        raise Malformed(
            f"--exports={folder}: cannot be read ({error.strerror})", source=str(folder), next_step=f"ls -ld {folder}"
        ) from None
    found = []
    for path in paths:
        match = form.fullmatch(path.name)
        if match is not None:
            snapshot = _load(path, namespace=namespace, pod=match["pod"], stamp=match["stamp"])
            found += [] if snapshot is None else [snapshot]
    return tuple(sorted(found, key=lambda snapshot: (snapshot.taken, snapshot.pod)))


def _load(path: Path, *, namespace: str, pod: str, stamp: str) -> Snapshot | None:
    """One saved exposition; ``None`` where its header says that it is another namespace's (names alone do not tell a-b/c from a/b-c)."""

    def malformed(why: str) -> Malformed:
        return Malformed(f"{path}: {why}", source=str(path), next_step=f"rm {path}")

    try:
        body = path.read_bytes()
    except OSError as error:
        raise malformed(f"cannot be read ({error.strerror})") from None
    header = _HEADER.match(body)
    if header is None:
        raise malformed("has the name of a saved exposition, and not its first line")
    said_namespace, said_pod, said_taken = (part.decode("utf-8", "replace") for part in header.groups())
    if said_namespace != namespace and f"{said_namespace}-{said_pod}" == f"{namespace}-{pod}":
        return None
    try:
        taken = parse_time(said_taken)
    except ValueError:
        raise malformed("its first line says no time") from None
    if (said_namespace, said_pod, taken.strftime(_STAMP)) != (namespace, pod, stamp):
        raise malformed("its first line says another pod or time than its name")
    return parse(body[header.end() :], pod=pod, taken=taken, source="export", where=str(path))
