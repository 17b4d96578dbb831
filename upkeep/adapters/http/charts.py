"""Read the index of a chart repository, a foreign file of some megabytes, and fetch archives.

Source: https://helm.sh/docs/topics/chart_repository/#the-index-file;
https://github.com/helm/helm/blob/main/pkg/repo/v1/index.go.
"""

import dataclasses
import hashlib
import json
import re
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urljoin, urlsplit

from upkeep.adapters.formats import yaml_text
from upkeep.adapters.http.web import UrlApi
from upkeep.adapters.wire.decoding import convert
from upkeep.adapters.wire.helm import ChartEntry
from upkeep.clock import Clock
from upkeep.errors import Absent, Forbidden, Malformed
from upkeep.files import read_bounded
from upkeep.meter import Meter
from upkeep.model import listed, parse_time
from upkeep.records.releases import ChartIndex, ChartVersion
from upkeep.settings.access import HttpAccess
from upkeep.shell import shell

# The largest public repositories have some ten megabytes.
MOST_BYTES = 24 * 1024 * 1024
MOST_NODES = 3_000_000
_NAME = re.compile(r"[\w.-]{1,80}")
STEP = "--chart-repository=URL"
MOST_REDIRECTIONS = 5
MOST_ARCHIVE_BYTES = 64 * 1024 * 1024
OLDEST_YEAR = 2015  # before Helm
_SHA256 = re.compile(r"[0-9a-fA-F]{64}")
_INDEX_FILE = re.compile(r"\.(ya?ml|json)$")


def read(path: Path) -> str:
    """Read an index from a file.

    :raises Unmeasured: it is gone, may not be read, is too large or no text.
    """
    where = str(path)
    try:
        if path.stat().st_size > MOST_BYTES:
            raise Malformed(f"{where} is larger than {MOST_BYTES} bytes.", source=where)
        return read_bounded(path, most_bytes=MOST_BYTES).decode("utf-8")
    except FileNotFoundError:
        raise Absent(f"There is no file {where}.", source=where, next_step=STEP) from None
    except PermissionError:
        raise Forbidden(
            f"{where} may not be read.", source=where, next_step=shell("ls -l {}", where)
        ) from None
    except UnicodeDecodeError:
        raise Malformed(f"{where} is not UTF-8.", source=where) from None
    except OSError as error:
        raise Malformed(f"{where} cannot be read: {error.strerror}.", source=where) from None


def index(text: str, *, chart: str, where: str) -> ChartIndex:
    """Return an index's versions of one chart.

    :param where: the repository, for messages.
    :raises Absent: it has no such chart.
    :raises Malformed: it is no index, or may have been cut off.
    """
    document = _document(text, where)
    entries = document.get("entries")
    if entries and not isinstance(entries, Mapping):
        raise Malformed(f"The index of {where} has entries that are no mapping.", source=where)
    if not entries or not entries.get(chart):
        others = (
            listed(sorted(name for name in map(str, entries or {}) if _NAME.fullmatch(name)))
            or "none"
        )
        raise Absent(
            f"The index of {where} has no chart {chart}; it has {others}.",
            source=where,
            next_step=STEP,
        )
    if not isinstance(document.get("generated", ""), str):
        raise Malformed(
            f"The index of {where} has a field generated of another type.", source=where
        )
    if not isinstance(entries[chart], list):
        raise Malformed(
            f"The versions of chart {chart} in the index of {where} are no list.", source=where
        )
    return ChartIndex(
        where,
        chart,
        tuple(_version(entry, chart, where) for entry in entries[chart]),
        _instant(document.get("generated")),
    )


def _document(text: str, where: str) -> Mapping[str, Any]:
    if text.lstrip()[:1] == "{" and len(text) <= MOST_BYTES:  # helm repo index --json
        try:
            document = json.loads(text)
        except (ValueError, RecursionError):
            raise Malformed(f"The index of {where} is not JSON.", source=where) from None
    else:
        document = yaml_text.texts(
            text, name=f"the index of {where}", most_bytes=MOST_BYTES, most_nodes=MOST_NODES
        )
    if (
        not isinstance(document, Mapping)
        or "entries" not in document
        or not isinstance(document.get("apiVersion"), str)
    ):
        raise Malformed(f"{where} is no index of a chart repository.", source=where, next_step=STEP)
    # Helm writes this field last. YAML that was cut off is still YAML (bitnami/charts#31352).
    if "generated" not in document and not text.lstrip().startswith("{"):
        raise Malformed(
            f"The index of {where} has no field generated: it may have been cut off.",
            source=where,
            next_step=STEP,
        )
    return document


def _version(entry: Any, chart: str, where: str) -> ChartVersion:
    """Return an entry. Its version is parsed later; an invalid time counts as not given."""
    what = f"An entry of chart {chart} in the index of {where}"
    one = convert(entry, ChartEntry, what=what, source=where)
    return ChartVersion(
        one.version,
        _instant(one.created),
        one.deprecated in (True, "true", "True", "TRUE"),
        one.urls[0] if one.urls else "",
        (one.digest or "").removeprefix("sha256:"),
    )


def _instant(text: object) -> datetime | None:
    """Return a time; ``None`` where it is none, or Go's zero time."""
    try:
        instant = parse_time(text) if isinstance(text, str) and text else None
    except (ValueError, OverflowError):
        return None
    return None if instant is None or instant.year < OLDEST_YEAR else instant


def archive(
    entry: ChartVersion,
    repository: HttpAccess | Path,
    folder: Path,
    *,
    clock: Clock,
    meter: Meter,
    deadline_seconds: float,
) -> str:
    """Return a version's archive for helm: a file, a folder beside the index, or ``oci://``.

    It is fetched here and not by helm: no credential is among helm's arguments, and the digest is
    checked.

    :raises Unmeasured: it is missing, or has another digest than the index says.
    """
    if not entry.url:
        raise Absent(f"The index has no URL of version {entry.version}.", next_step=STEP)
    base = (
        repository.parent.absolute().as_uri()
        if isinstance(repository, Path)
        else repository.url.rstrip("/")
    )
    url = _joined(base if _INDEX_FILE.search(base) else f"{base}/", entry.url)
    scheme = urlsplit(url).scheme
    if scheme == "oci":
        return url
    if scheme == "file" and isinstance(repository, Path):
        path = Path(unquote(urlsplit(url).path).replace("\0", ""))
        if path.is_dir():
            return str(path)
        content = _bytes(path)
    elif scheme in ("http", "https"):
        content = _fetched(
            url,
            None if isinstance(repository, Path) else repository,
            clock=clock,
            meter=meter,
            deadline_seconds=deadline_seconds,
        )
    else:
        raise Malformed(
            f"The index has version {entry.version} at a URL that is no file, http, https or oci.",
            next_step=STEP,
        )
    if (
        _SHA256.fullmatch(entry.digest)
        and hashlib.sha256(content).hexdigest() != entry.digest.lower()
    ):
        raise Malformed(
            f"The archive of version {entry.version} has another digest than the index says.",
            next_step="helm repo index, and upload both",
        )
    path = folder / "chart.tgz"
    path.write_bytes(content)
    return str(path)


def _joined(base: str, url: str) -> str:
    """Resolve a URL against another.

    :raises Malformed: it is no URL.
    """
    try:
        joined = urljoin(base, url)
        _origin(joined)
    except ValueError:
        raise Malformed(
            "The URL of the chart's archive is invalid.", source=STEP, next_step=STEP
        ) from None
    return joined


def _bytes(path: Path) -> bytes:
    try:
        if not path.is_file() and path.exists():
            raise Malformed(
                f"The chart's archive {path} is no file.", source=str(path), next_step=STEP
            )
        if path.stat().st_size > MOST_ARCHIVE_BYTES:
            raise Malformed(
                f"The chart's archive {path} is larger than {MOST_ARCHIVE_BYTES} bytes.",
                source=str(path),
            )
        return read_bounded(path, most_bytes=MOST_ARCHIVE_BYTES)
    except OSError as error:
        raise Absent(
            f"The chart's archive {path} cannot be read: {error.strerror}.",
            source=str(path),
            next_step=shell("ls -l {}", str(path)),
        ) from None


def _fetched(
    url: str, repository: HttpAccess | None, *, clock: Clock, meter: Meter, deadline_seconds: float
) -> bytes:
    """Fetch a URL through redirections.

    The repository's credentials go to the repository alone, and https never becomes http.

    :raises Unmeasured: it could not be fetched.
    """
    for _ in range(MOST_REDIRECTIONS):
        own = repository is not None and _origin(repository.url) == _origin(url)
        access = (
            dataclasses.replace(repository, url=url)
            if own and repository is not None
            else HttpAccess(url)
        )
        answer = UrlApi(
            access,
            option="chart archive",
            clock=clock,
            meter=meter,
            deadline_seconds=deadline_seconds,
        ).file()
        if not answer.location:
            return answer.body
        following = _joined(url, answer.location)
        if urlsplit(following).scheme not in ("https", urlsplit(url).scheme):
            raise Malformed(
                f"The archive at {urlsplit(url).hostname} redirects from https to http.",
                source=STEP,
            )
        url = following
    raise Malformed(
        f"The archive at {urlsplit(url).hostname} redirects more than {MOST_REDIRECTIONS} times.",
        source=STEP,
    )


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or {"http": 80, "https": 443}.get(parts.scheme)
