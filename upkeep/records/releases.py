"""What Helm installed, and what its repository offers."""

from dataclasses import dataclass
from datetime import datetime


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
