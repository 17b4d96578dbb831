"""The folder of exports: expositions that every run saves, and the guide's monthly ``metrics-YYYYMMDD.txt``.

A file of ``upkeep export`` has a section for each pod, whose first line has pod and time. The guide's file has one
exposition of an unknown pod. Files are untrusted input: a fault of a monthly file only shortens the history.
Source: docs/guide.rst, "Export metrics for analysis".
"""

import os
import re
import stat
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from itertools import zip_longest
from pathlib import Path

from upkeep.adapters.formats import exposition
from upkeep.adapters.wire.text import printable
from upkeep.domain import counters
from upkeep.domain.metric_names import (
    MOST_FILES,
    OPEN_FILES,
    PROCESSED,
    PROCESSED_OUTCOME,
    PROCESSING,
    SENDING,
    SENT,
)
from upkeep.errors import Ambiguous, BadInput, Malformed
from upkeep.files import read_bounded, write_whole
from upkeep.model import parse_time, rfc3339, utc
from upkeep.records.counters import (
    ExportFault,
    ExportFaultCode,
    ExportFolder,
    MetricsExport,
    Snapshot,
)
from upkeep.shell import shell

EPOCH = datetime.fromtimestamp(0, UTC)
MOST_BYTES = 64 * 1024 * 1024
# The day of a name is local to its writer: from UTC-12 to UTC+14.
BEHIND, AHEAD = timedelta(hours=12), timedelta(hours=14)
_STAMP = "%Y%m%dT%H%M%SZ"
_HEADER = re.compile(rb"# upkeep namespace=(\S+) pod=(\S+) taken=(\S+)\n")
_WHOLE = re.compile(
    rb"# upkeep export namespace=(\S+) deployment=(\S+) pods=(\d{1,6}) taken=(\S+)\n"
)
_NAME = re.compile(r"metrics-(?P<day>\d{8})(?:-(?P<time>\d{6}))?\.txt")


def write(
    folder: Path, bodies: Mapping[str, bytes], *, namespace: str, deployment: str, taken: datetime
) -> Path:
    """Write the expositions of all pods as ``metrics-YYYYMMDD.txt``, atomically.

    It overwrites nothing: a further export of the day has the time in its name.

    :param bodies: the exposition of each pod, by its name.
    :raises BadInput: the folder cannot be written, or holds an export of this second.
    """
    said = rfc3339(taken)
    parts = [
        f"# upkeep export namespace={namespace} deployment={deployment} pods={len(bodies)} taken={said}\n".encode()
    ]
    for pod, body in sorted(bodies.items()):
        parts += [f"# upkeep namespace={namespace} pod={pod} taken={said}\n".encode(), body]
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = folder / f"metrics-{taken.astimezone(UTC):%Y%m%d}.txt"
        if path.exists():
            path = folder / f"metrics-{taken.astimezone(UTC):%Y%m%d-%H%M%S}.txt"
        if path.exists():
            raise BadInput(
                f"--exports={folder}: an export of this second exists; nothing was written"
            )
        write_whole(path, b"".join(parts))
    except OSError as error:
        raise BadInput(
            f"--exports={folder}: cannot be written ({error.strerror}); name a writable folder"
        ) from None
    return path


def read(folder: Path, *, now: datetime) -> ExportFolder:
    """Return the monthly exports, newest first; none for a missing folder.

    :raises Malformed: the folder cannot be read.
    """
    try:
        names = sorted(os.listdir(folder)) if folder.exists() else []
    except OSError as error:
        raise _unreadable(folder, error) from None
    found = [
        _export(folder / name, match, now=now)
        for name in names
        if (match := _NAME.fullmatch(name)) is not None
    ]
    return ExportFolder(
        str(folder), tuple(sorted(found, key=lambda one: (one.taken, one.file), reverse=True))
    )


def _export(path: Path, match: re.Match[str], *, now: datetime) -> MetricsExport:
    named, said_by = _of_name(match), "name"
    taken = named or EPOCH

    def faulty(code: ExportFaultCode, message: str) -> MetricsExport:
        shown = printable(path.name)
        return MetricsExport(
            shown, taken, said_by, faults=(ExportFault(code, f"{shown} {message}"),)
        )

    if named is None:
        return faulty("export-unusable", "has no valid day in its name")
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            os.close(descriptor)
            return faulty("export-not-regular", "is no regular file")
        with open(descriptor, "rb") as file:
            body = file.read(MOST_BYTES + 1)
    except OSError as error:
        return faulty("export-unreadable", f"cannot be read ({error.strerror})")
    if len(body) > MOST_BYTES:
        return faulty("export-too-large", f"is larger than {MOST_BYTES >> 20} MiB")
    modified = datetime.fromtimestamp(status.st_mtime, UTC)
    if taken - AHEAD <= modified <= taken + timedelta(days=1) + BEHIND:
        taken, said_by = modified, "file"
    whole = _WHOLE.match(body)
    pods = None
    if whole is not None:
        try:
            taken, said_by = parse_time(whole[4].decode("utf-8", "replace")), "export"
        except ValueError:
            return faulty("export-unusable", "has no time in its first line")
        body, pods = body[whole.end() :], int(whole[3])
    if taken > now + exposition.MOST_AHEAD:
        return faulty(
            "export-from-the-future", f"has the time {utc(taken)}, which is in the future"
        )
    snapshots, faults = [], []
    sections = list(_sections(body)) if whole is not None else [("", "", taken, body)]
    for namespace, pod, at, part in sections:
        try:
            snapshot = exposition.parse(
                part, pod=pod, taken=at, source="export", where=f"{path.name}{pod and f', {pod}'}"
            )
            missing = _missing(snapshot)
        except (Malformed, Ambiguous) as error:
            faults.append(ExportFault("export-unusable", error.message))
            continue
        if missing:
            whose = pod or "its pod"
            message = f"{path.name} lacks {' and '.join(missing)} of {whose}, which later comparisons need"
            faults.append(ExportFault("families-not-exported", message))
        else:
            snapshots.append((namespace, snapshot))
    if not sections:
        faults.append(ExportFault("export-unusable", f"{path.name} holds no exposition"))
    if pods is not None and pods != len(sections):
        faults.append(
            ExportFault(
                "export-cut",
                f"{path.name} announces {pods} pods and holds {len(sections)}",
            )
        )
    return MetricsExport(path.name, taken, said_by, tuple(snapshots), tuple(faults))


def _sections(body: bytes) -> Iterator[tuple[str, str, datetime, bytes]]:
    """Yield namespace, pod, time and exposition of each section; a section without a time does not parse."""
    heads = list(_HEADER.finditer(body))
    for head, following in zip_longest(heads, heads[1:]):
        namespace, pod, taken = (part.decode("utf-8", "replace") for part in head.groups())
        try:
            at = parse_time(taken)
        except ValueError:
            at = EPOCH  # before the start of its process, so that it does not parse
        yield namespace, pod, at, body[head.end() : following.start() if following else len(body)]


def _missing(snapshot: Snapshot) -> list[str]:
    """Return the missing families that every process exposes, or that its counters require: a filtered file lacks them."""
    names = {sample.name for sample in snapshot.samples}
    missing = [name for name in (OPEN_FILES, MOST_FILES) if name not in names]
    found = counters.read(snapshot)
    for family, events in (
        (PROCESSING, found.total(PROCESSED, PROCESSED_OUTCOME)),
        (SENDING, found.total(SENT)),
    ):
        if events and not found.total(family):
            missing.append(family.names[0].removesuffix("_bucket"))
    return missing


def _of_name(match: re.Match[str]) -> datetime | None:
    """Return the time of a name, without one the beginning of its day; ``None`` for a 31st of February."""
    try:
        return datetime.strptime(
            f"{match['day']}{match['time'] or '000000'}+0000", "%Y%m%d%H%M%S%z"
        )
    except ValueError:
        return None


def _unreadable(folder: Path, error: OSError) -> Malformed:
    return Malformed(
        f"--exports={folder}: cannot be read ({error.strerror})",
        source=str(folder),
        next_step=shell("ls -ld {}", str(folder)),
    )


def keep(snapshot_body: bytes, *, folder: Path, namespace: str, pod: str, taken: datetime) -> Path:
    """Save an exposition for later runs, atomically; create a missing folder.

    :raises BadInput: the folder cannot be written.
    """
    path = folder / f"exposition-{namespace}-{pod}-{taken.astimezone(UTC).strftime(_STAMP)}.txt"
    header = f"# upkeep namespace={namespace} pod={pod} taken={rfc3339(taken)}\n".encode()
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_whole(path, header + snapshot_body)
    except OSError as error:
        raise BadInput(
            f"--exports={folder}: cannot be written ({error.strerror}); name a writable folder"
        ) from None
    return path


def load_kept(folder: Path, *, namespace: str, pods: str) -> tuple[Snapshot, ...]:
    """The expositions that earlier runs kept of a Deployment's pods, oldest first. A folder that is not there yet holds none.

    A file with another form of name is not ours.

    :param pods: a regular expression for the names of the pods.

    :raises Malformed: a file cannot be read, does not parse, or its first line contradicts its name.
    """
    form = re.compile(
        rf"exposition-{re.escape(namespace)}-(?P<pod>{pods})-(?P<stamp>\d{{8}}T\d{{6}}Z)\.txt"
    )
    try:
        paths = sorted(folder.iterdir()) if folder.exists() else []
    except OSError as error:
        raise _unreadable(folder, error) from None
    found = []
    for path in paths:
        match = form.fullmatch(path.name)
        if match is not None:
            snapshot = _load(path, namespace=namespace, pod=match["pod"], stamp=match["stamp"])
            found += [] if snapshot is None else [snapshot]
    return tuple(sorted(found, key=lambda snapshot: (snapshot.taken, snapshot.pod)))


def _load(path: Path, *, namespace: str, pod: str, stamp: str) -> Snapshot | None:
    """Return a saved exposition; ``None`` for one of another namespace: the name is the same for a-b/c and a/b-c."""

    def malformed(why: str) -> Malformed:
        return Malformed(f"{path}: {why}", source=str(path), next_step=shell("rm {}", str(path)))

    try:
        body = read_bounded(path, most_bytes=MOST_BYTES, follow=False)
    except OSError as error:
        raise malformed(f"cannot be read ({error.strerror})") from None
    header = _HEADER.match(body)
    if header is None:
        raise malformed("lacks the first line of a saved exposition")
    said_namespace, said_pod, said_taken = (
        part.decode("utf-8", "replace") for part in header.groups()
    )
    if said_namespace != namespace and f"{said_namespace}-{said_pod}" == f"{namespace}-{pod}":
        return None
    try:
        taken = parse_time(said_taken)
    except ValueError:
        raise malformed("its first line has no time") from None
    if (said_namespace, said_pod, taken.strftime(_STAMP)) != (namespace, pod, stamp):
        raise malformed("its first line contradicts its name")
    return exposition.parse(
        body[header.end() :], pod=pod, taken=taken, source="export", where=str(path)
    )
