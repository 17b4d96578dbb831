"""Records of the installed release, the chart repository, and the rehearsed upgrade."""

from datetime import datetime

from msgspec import Struct, field

from upkeep.records.access import AccessAnswer, DryRun


class Installer(Struct, frozen=True):
    """The tool that keeps an object as it is, by the marks that the tool itself writes and trusts.

    :ivar tool: ``Helm``, ``Flux`` (a HelmRelease), ``Flux Kustomization``, ``Argo CD``, or empty.
    :ivar name: its release, HelmRelease, Kustomization or Application; ``namespace`` is where
        that object is, empty where the mark does not say.
    """

    tool: str = ""
    name: str = ""
    namespace: str = ""


class ReleasedObject(Struct, frozen=True):
    """An object of a release's manifest or hooks, by its identity.

    :ivar namespace: empty where the manifest names none.
    :ivar chart: its label ``helm.sh/chart``; empty where it has none.
    """

    api_version: str
    kind: str
    namespace: str
    name: str
    chart: str = ""


class HelmRelease(Struct, frozen=True):
    """A stored revision of a Helm release, without values and without the content of objects.

    :ivar status: Helm's word: deployed, failed, superseded, uninstalled, pending-upgrade …
    :ivar deployed: when this revision was deployed last.
    :ivar storage: the kind of the object that holds it, Secret or ConfigMap.
    :ivar storage_namespace: where that object is: Flux may keep it elsewhere than the release.
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
    storage_namespace: str = ""


class InstalledChart(Struct, frozen=True):
    """The chart that the collector was installed from.

    :ivar source: the release, or the label where no release is stored or readable.
    :ivar status: Helm's word for the release, ``since`` then; empty where the label alone tells.
    :ivar namespace: where the release is stored.
    :ivar unread: why the release could not be read, so that its status is unknown; ``None`` where
        it was read, or none is stored.
    :ivar installer: the tool that keeps the Deployment.
    """

    name: str
    version: str
    source: str
    release: str = ""
    namespace: str = ""
    status: str = ""
    since: datetime | None = None
    unread: Exception | None = None
    installer: Installer = field(default_factory=Installer)


class ChartVersion(Struct, frozen=True):
    """An entry of a repository's index. ``created`` is ``None`` where it is not given.

    :ivar url: of its archive, as the index writes it; ``digest`` is the archive's SHA-256 in
        hexadecimal. Empty where not given.
    """

    version: str
    created: datetime | None
    deprecated: bool = False
    url: str = ""
    digest: str = ""


class ChartIndex(Struct, frozen=True):
    """A repository's versions of one chart.

    :ivar where: the repository, never with credentials.
    :ivar generated: when the index was made.
    """

    where: str
    chart: str
    versions: tuple[ChartVersion, ...]
    generated: datetime | None = None


class ServedApis(Struct, frozen=True):
    """The API versions and kinds that the API server serves.

    :ivar version: as it names itself; ``major`` and ``minor`` are the numbers.
    :ivar api_versions: every group/version, ``v1`` for the core.
    :ivar kinds: (apiVersion, kind) of the requested versions.
    """

    version: str
    major: int
    minor: int
    api_versions: tuple[str, ...]
    kinds: tuple[tuple[str, str], ...]


class ProgramVersions(Struct, frozen=True):
    """The program's own version in each pod, (pod, version), or why it was not asked."""

    versions: tuple[tuple[str, str], ...] = ()
    not_asked: str = ""


class ObjectChange(Struct, frozen=True):
    """The change of one object by an upgrade.

    :ivar action: ``added``, ``changed``, ``removed``, or ``left`` (kept by its resource policy).
    :ivar object: ``Deployment/x``; in another namespace ``Deployment/NAMESPACE/x``.
    :ivar fields: paths that change, never values: ``spec.template.spec.containers[collector].image``.
    """

    action: str
    object: str
    fields: tuple[str, ...] = ()


class UpgradeRehearsal(Struct, frozen=True):
    """An upgrade to the newest chart with the live values, object by object.

    :ivar repository: of the newest chart, never with credentials.
    :ivar helm: the program's version; empty where it was not run for lack of a right.
    :ivar refusal: helm's masked error; there are no changes then.
    :ivar access: the rights of the acting identity that the upgrade needs.
    :ivar dry_runs: one for each object that is added or changed.
    :ivar hooks: ``Job/x`` that Helm would run before or after it; hooks are not rehearsed.
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
