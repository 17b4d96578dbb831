"""The index of a chart repository: a file that anybody may have written, of some megabytes.

Source: https://helm.sh/docs/topics/chart_repository/#the-index-file; helm.sh/helm/v3, pkg/repo/index.go.
"""

import dataclasses
import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from shlex import quote
from typing import Any
from urllib.parse import unquote, urljoin, urlsplit

from upkeep.adapters.folders.files import read_bounded
from upkeep.adapters.formats import yaml_text
from upkeep.adapters.http.web import UrlApi
from upkeep.clock import Clock
from upkeep.errors import Absent, Forbidden, Malformed
from upkeep.meter import Meter
from upkeep.model import listed, parse_time
from upkeep.records.releases import ChartIndex, ChartVersion
from upkeep.settings import HttpAccess

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
    """The text of an index in a file.

    :raises Unmeasured: it is not there any more, may not be read, is too large or no text.
    """
    where = str(path)
    try:
        if path.stat().st_size > MOST_BYTES:
            raise Malformed(f"{where} is larger than {MOST_BYTES} bytes", source=where)
        return read_bounded(path, most_bytes=MOST_BYTES).decode("utf-8")
    except FileNotFoundError:
        raise Absent(f"there is no file {where}", source=where, next_step=STEP) from None
    except PermissionError:
        raise Forbidden(
            f"{where} may not be read", source=where, next_step=f"ls -l {quote(where)}"
        ) from None
    except UnicodeDecodeError:
        raise Malformed(f"{where} is not UTF-8", source=where) from None
    except OSError as error:
        raise Malformed(f"{where} cannot be read: {error.strerror}", source=where) from None


def index(text: str, *, chart: str, where: str) -> ChartIndex:
    """What an index says of one chart.

    :param where: the repository, for messages.
    :raises Absent: it has no such chart. :raises Malformed: it is no index.
    """
    entries = _document(text, where).get("entries")
    if entries and not isinstance(entries, Mapping):
        raise Malformed(f"the index of {where} has entries that are none", source=where)
    if not entries or not entries.get(chart):
        others = (
            listed(sorted(name for name in map(str, entries or {}) if _NAME.fullmatch(name)))
            or "none"
        )
        raise Absent(
            f"the index of {where} has no chart {chart}; it has {others}: is it the right repository?",
            source=where,
            next_step=STEP,
        )
    if not isinstance(entries[chart], list):
        raise Malformed(
            f"the index of {where} has a chart {chart} whose versions are no list", source=where
        )
    return ChartIndex(
        where, chart, tuple(_version(entry, chart, where) for entry in entries[chart])
    )


def _document(text: str, where: str) -> Mapping[str, Any]:
    if text.lstrip()[:1] == "{" and len(text) <= MOST_BYTES:  # helm repo index --json
        try:
            document = json.loads(text)
        except (ValueError, RecursionError):
            raise Malformed(f"the index of {where} is not JSON", source=where) from None
    else:
        document = yaml_text.texts(
            text, name=f"the index of {where}", most_bytes=MOST_BYTES, most_nodes=MOST_NODES
        )
    if (
        not isinstance(document, Mapping)
        or "entries" not in document
        or "apiVersion" not in document
    ):
        raise Malformed(
            f"what lies at {where} is no index of a chart repository", source=where, next_step=STEP
        )
    return document


def _version(entry: Any, chart: str, where: str) -> ChartVersion:
    """An entry. Its version is judged later; a time that is none is no time."""
    try:
        version, created = entry["version"], entry.get("created") or ""
        if not isinstance(version, str) or not isinstance(created, str):
            raise TypeError
    except (KeyError, TypeError, AttributeError):
        raise Malformed(
            f"the index of {where} has an entry of chart {chart} without a version", source=where
        ) from None
    try:
        instant = parse_time(created) if created else None
    except (ValueError, OverflowError):
        instant = None
    if instant is not None and instant.year < OLDEST_YEAR:  # Go's zero time
        instant = None
    urls, digest = entry.get("urls"), str(entry.get("digest") or "").removeprefix("sha256:")
    url = urls[0] if isinstance(urls, list) and urls and isinstance(urls[0], str) else ""
    return ChartVersion(
        version, instant, str(entry.get("deprecated")).lower() == "true", url, digest
    )


def archive(
    entry: ChartVersion,
    repository: HttpAccess | Path,
    folder: Path,
    *,
    clock: Clock,
    meter: Meter,
    deadline_seconds: float,
) -> str:
    """A version's archive as helm takes it: a file, a folder beside the index, or the ``oci://`` address that the index has.

    It is fetched here, into the folder, and not by helm: so no credential is among its words, and what came is what the index says.

    :raises Unmeasured: it is not there, or another one than the index says.
    """
    if not entry.url:
        raise Absent(f"the index does not say where version {entry.version} lies", next_step=STEP)
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
            f"the index has version {entry.version} at an address that is neither of a file nor of the web",
            next_step=STEP,
        )
    if (
        _SHA256.fullmatch(entry.digest)
        and hashlib.sha256(content).hexdigest() != entry.digest.lower()
    ):
        raise Malformed(
            f"the archive of version {entry.version} has another digest than the index says",
            next_step="helm repo index, and upload both",
        )
    path = folder / "chart.tgz"
    path.write_bytes(content)
    return str(path)


def _joined(base: str, url: str) -> str:
    """The address that one leads to from another.

    :raises Malformed: it is none.
    """
    try:
        joined = urljoin(base, url)
        _origin(joined)
    except ValueError:
        raise Malformed(
            "the archive of the chart lies at an address that is none", source=STEP, next_step=STEP
        ) from None
    return joined


def _bytes(path: Path) -> bytes:
    try:
        if not path.is_file() and path.exists():
            raise Malformed(
                f"the chart's archive {path} is no file", source=str(path), next_step=STEP
            )
        if path.stat().st_size > MOST_ARCHIVE_BYTES:
            raise Malformed(
                f"the chart's archive {path} is larger than {MOST_ARCHIVE_BYTES} bytes",
                source=str(path),
            )
        return read_bounded(path, most_bytes=MOST_ARCHIVE_BYTES)
    except OSError as error:
        raise Absent(
            f"the chart's archive {path} cannot be read: {error.strerror}",
            source=str(path),
            next_step=f"ls -l {quote(str(path))}",
        ) from None


def _fetched(
    url: str, repository: HttpAccess | None, *, clock: Clock, meter: Meter, deadline_seconds: float
) -> bytes:
    """The bytes at a URL, wherever it leads. The repository's credentials go to the repository alone, and nothing goes from https to http.

    :raises Unmeasured: they could not be had.
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
                f"the archive at {urlsplit(url).hostname} lies behind a redirection out of TLS",
                source=STEP,
            )
        url = following
    raise Malformed(
        f"the archive at {urlsplit(url).hostname} is redirected more than {MOST_REDIRECTIONS} times",
        source=STEP,
    )


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or {"http": 80, "https": 443}.get(parts.scheme)
