"""Versions: of charts in the order of Semantic Versioning, of the collector as its parts name it.

As in Helm (Masterminds/semver), a leading v and a missing minor or patch are allowed. Python's
``packaging`` follows PEP 440, to which ``1.0.0-rc.1`` is no version.
Source: https://semver.org, items 9 to 11.
"""

import re

from msgspec import Struct

from upkeep.errors import Absent, Malformed
from upkeep.records.releases import ChartIndex, ChartVersion

_SEMVER = re.compile(
    r"v?(\d{1,9})(?:\.(\d{1,9}))?(?:\.(\d{1,9}))?(?:-([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?"
)
_CHART_LABEL = re.compile(rf"(.+?)-({_SEMVER.pattern})")
# At least two numbers: a digest, a branch, ``latest`` and the mutable tag ``1`` are no version.
_NAMED = re.compile(r"\d+(?:\.\d+)+(?:-[0-9A-Za-z.-]+)?")
# Charts cut the label at 63 characters, and then trim hyphens and other signs at its end
# (bitnami/charts#36452, helm/helm#12205): a label of this length may have been cut.
MAYBE_CUT = 60


class Version(Struct, frozen=True):
    """A semantic version without its build metadata (after a plus)."""

    major: int
    minor: int
    patch: int
    prerelease: str = ""

    @property
    def order(self) -> tuple[int, int, int, bool, tuple[tuple[bool, int, str], ...]]:
        """Return the sort key: prereleases before the release, their numbers before words."""
        parts = [part for part in self.prerelease.split(".") if part]
        numbered = tuple(
            (not part.isdecimal(), int(part[:18]) if part.isdecimal() else 0, part)
            for part in parts
        )
        return self.major, self.minor, self.patch, not self.prerelease, numbered

    @property
    def text(self) -> str:
        """Return the version as it is written: ``1.2.3-rc.1``."""
        return f"{self.major}.{self.minor}.{self.patch}" + (
            f"-{self.prerelease}" if self.prerelease else ""
        )


def parse(text: str) -> Version | None:
    """Parse a version; ``None`` where the text is none."""
    found = _SEMVER.fullmatch(text)
    if found is None:
        return None
    return Version(int(found[1]), int(found[2] or 0), int(found[3] or 0), found[4] or "")


def of_chart(text: str, *, chart: str, source: str) -> Version:
    """Parse the version of an installed chart.

    :raises Malformed: the text is no version.
    """
    found = parse(text)
    if found is None:
        raise Malformed(
            f"The version {text!r} of the installed chart {chart} is no semantic version.",
            source=source,
        )
    return found


def offered(index: ChartIndex, *, installed: Version) -> list[tuple[Version, ChartVersion]]:
    """Return the versions of an index that are candidates, oldest first.

    Prereleases count only where one is installed; texts that are no version never count.

    :raises Absent: there is no candidate, or the newest is older than the installed version.
    """
    read = [(found, one) for one in index.versions if (found := parse(one.version)) is not None]
    known = sorted(
        (pair for pair in read if installed.prerelease or not pair[0].prerelease),
        key=lambda pair: pair[0].order,
    )
    if not known:
        count = len(index.versions)
        raise Absent(
            f"The index of {index.where} has no released version of chart {index.chart} "
            f"({count} version{'' if count == 1 else 's'} in all).",
            source=index.where,
            next_step="--chart-repository=URL",
        )
    if known[-1][0].order < installed.order:
        raise Absent(
            f"Chart {index.chart} {installed.text} is installed; the index of {index.where} ends at "
            f"{known[-1][1].version}. It is stale, or of another repository.",
            source=index.where,
            next_step="--chart-repository=URL",
        )
    return known


def of_chart_label(text: str) -> tuple[str, str] | None:
    """Return name and version of a label ``helm.sh/chart``; ``None`` where it may have been cut.

    It is ``NAME-VERSION``, with ``_`` for a plus.
    """
    found = _CHART_LABEL.fullmatch(text.replace("_", "+"))
    return (found[1], found[2]) if found is not None and len(text) < MAYBE_CUT else None


def image_tag(image: str) -> str:
    """Return the tag of an image; empty where a digest alone identifies it."""
    return image.partition("@")[0].rpartition("/")[2].partition(":")[2]


def named(text: str) -> str:
    """Return the version in a tag or label, without a leading v and build metadata.

    Empty where it names none; a label writes ``_`` for a plus.
    """
    bare = text.strip().removeprefix("v").replace("_", "+").partition("+")[0]
    return bare if _NAMED.fullmatch(bare) else ""


def printed(text: str) -> str:
    """Return the first version in a program's output; empty where there is none."""
    found = _NAMED.search(text)
    return found[0] if found else ""
