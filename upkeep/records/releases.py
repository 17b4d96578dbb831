"""What Helm installed, and what its repository offers."""

from dataclasses import dataclass
from datetime import datetime

from upkeep.records.access import AccessAnswer, DryRun


@dataclass(frozen=True, slots=True)
class ReleasedObject:
    """The identity of an object of a release's manifest or hooks; ``namespace`` is empty where the manifest does not name one."""

    api_version: str
    kind: str
    namespace: str
    name: str


@dataclass(frozen=True, slots=True)
class HelmRelease:
    """A revision of a Helm release as its storage holds it, reduced to identities: no values, no content of objects.

    :ivar status: Helm's own word: deployed, failed, superseded, uninstalled, pending-install, pending-upgrade …
    :ivar deployed: when this revision was deployed last.
    :ivar storage: the kind of the object that holds it, Secret or ConfigMap.
    """

    name: str
    namespace: str
    revision: int
    status: str
    chart_name: str
    chart_version: str
    app_version: str
    deployed: datetime
    storage: str
    objects: tuple[ReleasedObject, ...]


@dataclass(frozen=True, slots=True)
class InstalledChart:
    """The chart that the collector was installed from.

    :ivar source: what says so: the release, or a label where there is none to be read.
    :ivar status: Helm's word for the release, and ``since`` when it became that; empty where the label alone tells.
    """

    name: str
    version: str
    source: str
    release: str = ""
    namespace: str = ""
    status: str = ""
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class ChartVersion:
    """An entry of a repository's index; ``created`` is ``None`` where it does not say.

    :ivar url: where its archive lies, as the index writes it; ``digest`` is the archive's SHA-256, hexadecimal. Empty where it does not say.
    """

    version: str
    created: datetime | None
    deprecated: bool = False
    url: str = ""
    digest: str = ""


@dataclass(frozen=True, slots=True)
class ChartIndex:
    """What a repository offers of one chart; ``where`` names the repository, never with credentials."""

    where: str
    chart: str
    versions: tuple[ChartVersion, ...]


@dataclass(frozen=True, slots=True)
class ServedApis:
    """What the API server serves.

    :ivar version: its own word for its version; ``major`` and ``minor`` are the numbers.
    :ivar api_versions: every group/version, ``v1`` for the core.
    :ivar kinds: (apiVersion, kind) of the versions that were asked for.
    """

    version: str
    major: int
    minor: int
    api_versions: tuple[str, ...]
    kinds: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class ProgramVersions:
    """What the collector's program says of itself: (pod, version) of each pod, or why it was not asked."""

    versions: tuple[tuple[str, str], ...] = ()
    not_asked: str = ""


@dataclass(frozen=True, slots=True)
class ObjectChange:
    """What an upgrade would do with an object of the release.

    :ivar action: ``added``, ``changed``, ``removed``, or ``left``: no longer the release's, and kept by its resource policy.
    :ivar object: ``Deployment/x``, with ``NAMESPACE/`` before the name where that is not the release's.
    :ivar fields: the paths of what changes, never a value: ``spec.template.spec.containers[collector].image``.
    """

    action: str
    object: str
    fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class UpgradeRehearsal:
    """An upgrade of the release to the newest chart, with the live values: rendered by helm, each object rehearsed by the API server.

    :ivar repository: where the newest chart comes from, never with credentials.
    :ivar helm: the version of the program; empty where it was not run, because the acting identity may not.
    :ivar refusal: why helm would not do it, in its own words, masked; then there are no changes.
    :ivar access: what the acting identity may do of what the upgrade needs.
    :ivar dry_runs: one for each object that is added or changed.
    :ivar hooks: what Helm would run before or after it, ``Job/x``; a hook is not rehearsed.
    """

    release: str
    namespace: str
    chart: str
    installed: str
    newest: str
    repository: str = ""
    helm: str = ""
    refusal: str = ""
    changes: tuple[ObjectChange, ...] = ()
    access: tuple[AccessAnswer, ...] = ()
    dry_runs: tuple[DryRun, ...] = ()
    hooks: tuple[str, ...] = ()
