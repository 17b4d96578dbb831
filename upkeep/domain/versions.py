"""Versions: a chart's in the order of Semantic Versioning, and the collector's as image, label, environment and program name it.

As Helm reads them (Masterminds/semver): a leading v, and a minor or patch that is left out, are allowed. Python's own ``packaging`` follows other
rules (PEP 440: ``1.0.0-rc.1`` is no version of its), and these are a few lines. Source: https://semver.org, 9 to 11.
"""

import re
from dataclasses import dataclass

from upkeep.errors import Absent, Malformed
from upkeep.records.releases import ChartIndex, ChartVersion

_SEMVER = re.compile(
    r"v?(\d{1,9})(?:\.(\d{1,9}))?(?:\.(\d{1,9}))?(?:-([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?"
)
_CHART_LABEL = re.compile(rf"(.+?)-({_SEMVER.pattern})")
# At least two numbers: a digest, a branch, ``latest`` and the moving tag ``1`` are no version.
_NAMED = re.compile(r"\d+(?:\.\d+)+(?:-[0-9A-Za-z.-]+)?")
MOST_LABEL = 63


@dataclass(frozen=True, slots=True)
class Version:
    """A semantic version; what stands behind a plus is no part of it."""

    major: int
    minor: int
    patch: int
    prerelease: str = ""

    @property
    def order(self) -> tuple[int, int, int, bool, tuple[tuple[bool, int, str], ...]]:
        """What to compare: a prerelease comes before its release, numbers in it before words."""
        parts = [part for part in self.prerelease.split(".") if part]
        numbered = tuple(
            (not part.isdecimal(), int(part[:18]) if part.isdecimal() else 0, part)
            for part in parts
        )
        return self.major, self.minor, self.patch, not self.prerelease, numbered

    @property
    def text(self) -> str:
        """As it is written: ``1.2.3-rc.1``."""
        return f"{self.major}.{self.minor}.{self.patch}" + (
            f"-{self.prerelease}" if self.prerelease else ""
        )


def parse(text: str) -> Version | None:
    """The version that a text is, or ``None``."""
    found = _SEMVER.fullmatch(text)
    if found is None:
        return None
    return Version(int(found[1]), int(found[2] or 0), int(found[3] or 0), found[4] or "")


def of_chart(text: str, *, chart: str, source: str) -> Version:
    """The version of an installed chart.

    :raises Malformed: the text is none.
    """
    found = parse(text)
    if found is None:
        raise Malformed(
            f"the version {text!r} of the installed chart {chart} is no semantic version",
            source=source,
        )
    return found


def offered(index: ChartIndex, *, installed: Version) -> list[tuple[Version, ChartVersion]]:
    """The versions of an index that count for who has a version installed, oldest first: prereleases only for whom has one, and what is no version never.

    :raises Absent: the index has no version that counts, or ends before what is installed.
    """
    read = [(found, one) for one in index.versions if (found := parse(one.version)) is not None]
    known = sorted(
        (pair for pair in read if installed.prerelease or not pair[0].prerelease),
        key=lambda pair: pair[0].order,
    )
    if not known:
        count = len(index.versions)
        raise Absent(
            f"the index of {index.where} has no released version of chart {index.chart} ({count} version{'' if count == 1 else 's'} in all)",
            source=index.where,
            next_step="--chart-repository=URL",
        )
    if known[-1][0].order < installed.order:
        raise Absent(
            f"chart {index.chart} {installed.text} is installed, and the index of {index.where} ends at {known[-1][1].version}: it is old, or another repository's",
            source=index.where,
            next_step="--chart-repository=URL",
        )
    return known


def of_chart_label(text: str) -> tuple[str, str] | None:
    """Name and version of the label ``helm.sh/chart`` (``NAME-VERSION``, a plus written as ``_``), or ``None`` where it may have been cut."""
    found = _CHART_LABEL.fullmatch(text.replace("_", "+"))
    return (found[1], found[2]) if found is not None and len(text) < MOST_LABEL else None


def image_tag(image: str) -> str:
    """The tag of an image, empty where a digest alone names it."""
    return image.partition("@")[0].rpartition("/")[2].partition(":")[2]


def named(text: str) -> str:
    """The version that a tag or a label names, without a leading v and what stands behind a plus (``_`` in a label); empty where it names none."""
    bare = text.strip().removeprefix("v").replace("_", "+").partition("+")[0]
    return bare if _NAMED.fullmatch(bare) else ""


def printed(text: str) -> str:
    """The first version in what a program printed; empty where there is none."""
    found = _NAMED.search(text)
    return found[0] if found else ""
