"""The index of a chart repository: a file that anybody may have written, of some megabytes.

Source: https://helm.sh/docs/topics/chart_repository/#the-index-file; helm.sh/helm/v3, pkg/repo/index.go.
"""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from upkeep.adapters import documents
from upkeep.errors import Absent, Forbidden, Malformed
from upkeep.model import listed, parse_time
from upkeep.records import ChartIndex, ChartVersion

# The largest public repositories have some ten megabytes.
MOST_BYTES = 24 * 1024 * 1024
MOST_NODES = 3_000_000
_NAME = re.compile(r"[\w.-]{1,80}")
STEP = "--chart-repository=URL"


def read(path: Path) -> str:
    """The text of an index in a file.

    :raises Unmeasured: it is not there any more, may not be read, is too large or no text.
    """
    where = str(path)
    try:
        if path.stat().st_size > MOST_BYTES:
            raise Malformed(f"{where} is larger than {MOST_BYTES} bytes", source=where)
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise Absent(f"there is no file {where}", source=where, next_step=STEP) from None
    except PermissionError:
        raise Forbidden(f"{where} may not be read", source=where, next_step=f"ls -l {where}") from None
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
    if entries is not None and not isinstance(entries, Mapping):
        raise Malformed(f"the index of {where} has entries that are none", source=where)
    if not entries or not entries.get(chart):
        others = listed(sorted(name for name in map(str, entries or {}) if _NAME.fullmatch(name))) or "none"
        raise Absent(
            f"the index of {where} has no chart {chart}; it has {others}: is it the right repository?", source=where, next_step=STEP
        )
    if not isinstance(entries[chart], list):
        raise Malformed(f"the index of {where} has a chart {chart} whose versions are no list", source=where)
    return ChartIndex(where, chart, tuple(_version(entry, chart, where) for entry in entries[chart]))


def _document(text: str, where: str) -> Mapping[str, Any]:
    if text.lstrip()[:1] == "{" and len(text) <= MOST_BYTES:  # helm repo index --json
        try:
            document = json.loads(text)
        except (ValueError, RecursionError):
            raise Malformed(f"the index of {where} is not JSON", source=where) from None
    else:
        document = documents.texts(text, name=f"the index of {where}", most_bytes=MOST_BYTES, most_nodes=MOST_NODES)
    if not isinstance(document, Mapping) or "entries" not in document or "apiVersion" not in document:
        raise Malformed(f"what lies at {where} is no index of a chart repository", source=where, next_step=STEP)
    return document


def _version(entry: Any, chart: str, where: str) -> ChartVersion:
    """An entry. Its version is judged later; a time that is none is no time."""
    try:
        version, created = entry["version"], entry.get("created") or ""
        if not isinstance(version, str) or not isinstance(created, str):
            raise TypeError
    except (KeyError, TypeError, AttributeError):
        raise Malformed(f"the index of {where} has an entry of chart {chart} without a version", source=where) from None
    try:
        instant = parse_time(created) if created else None
    except (ValueError, OverflowError):
        instant = None
    return ChartVersion(version, instant, str(entry.get("deprecated")).lower() == "true")
