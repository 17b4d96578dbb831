"""The collector's configuration, and the objects that hold it: never a value."""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from msgspec import Struct, field


class Destination(Struct, frozen=True):
    """A destination of the collector's configuration: never its key or URL."""

    name: str
    type: str


FaultCode = Literal[
    "not-yaml", "empty", "required", "wrong-type", "wrong-value", "misspelt", "unknown-type", "name-twice", "unknown-destination",
    "unset-variable",
]  # fmt: skip


class ConfigurationFault(Struct, frozen=True):
    """A fault of a configuration document, without its values.

    :ivar document: its place, ``Secret/x key destinations.yaml`` or a file; ``line`` from 1.
    :ivar path: ``destinations.slack[0].name``; empty for the whole document.
    """

    document: str
    line: int
    path: str
    code: FaultCode
    message: str
    fix: str


class ConfiguredName(Struct, frozen=True):
    """A destination, team or workflow of a configuration document.

    :ivar type: of a destination: ``slack``, ``msteams`` …
    :ivar uses: of a team: the destinations that it names; of a workflow: the types of its actions.
    :ivar variables: of a destination: the environment variables that the collector puts in.
    """

    name: str
    type: str
    document: str
    line: int
    path: str
    uses: tuple[str, ...] = ()
    variables: tuple[str, ...] = ()


class ConfigurationDocument(Struct, frozen=True):
    """A document of the collector's configuration.

    :ivar kind: ``destinations``, ``teams`` or ``workflows``.
    :ivar ignored: keys that the collector's loader does not read, each with its line.
    """

    kind: str
    where: str
    faults: tuple[ConfigurationFault, ...] = ()
    names: tuple[ConfiguredName, ...] = ()
    ignored: tuple[str, ...] = ()


class Environment(Struct, frozen=True):
    """The variable names of the collector's container; ``unread`` are objects whose keys are unknown, each with the reason."""

    names: tuple[str, ...]
    unread: tuple[str, ...] = ()


class ConfigurationReference(Struct, frozen=True):
    """A ConfigMap or Secret that the collector's pod template mounts or takes variables from; ``optional`` where the template says so."""

    kind: str
    name: str
    optional: bool = False


class SecretReference(Struct, frozen=True):
    """A place in the pod template that needs a Secret.

    :ivar keys: the data keys that it needs; empty where it takes all there are.
    :ivar place: for messages: ``env SLACK_API_KEY_ONCALL of container cano-collector``.
    :ivar container: a container's environment takes it, which comes after the volumes are mounted.
    """

    name: str
    keys: tuple[str, ...]
    optional: bool
    place: str
    container: bool = False


class FieldOwner(Struct, frozen=True):
    """An entry of an object's managedFields.

    :ivar changed: the time of the last change of any of its fields; ``None`` for an entry without a time.
    :ivar keys: the data keys that it owns; ``others``: it owns further fields.
    """

    manager: str
    changed: datetime | None
    keys: tuple[str, ...]
    others: bool


class StoredObject(Struct, frozen=True):
    """A ConfigMap or Secret by its metadata: never a value, nor an annotation that could hold one.

    :ivar keys: its known data keys, from managedFields or from the object itself.
    :ivar controlled_by: owners and controllers that keep it as their own source says: ``ExternalSecret/slack``.
    :ivar restored: a backup tool made it again, so that its creation time is that of the restore.
    :ivar last_applied: kubectl's annotation repeats its values.
    """

    kind: str
    name: str
    created: datetime
    keys: tuple[str, ...]
    owners: tuple[FieldOwner, ...]
    controlled_by: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    last_applied: bool = False
    restored: bool = False


class SecretInventory(Struct, frozen=True):
    """The Secrets that the collector references, and what else there is.

    :ivar missing: names that do not exist.
    :ivar unreferenced: names of the collector's Secrets that nothing references; ``None`` where the list is unknown, ``unlooked`` says why.
    :ivar syncing: the volume of the Secrets Store CSI driver, which may create Secrets when a pod mounts it; empty for none.
    """

    references: tuple[SecretReference, ...]
    found: tuple[StoredObject, ...]
    missing: tuple[str, ...]
    unreferenced: tuple[str, ...] | None
    unlooked: str = ""
    syncing: str = ""


class ConfigurationObject(Struct, frozen=True):
    """A ConfigMap or Secret, live or in a backup: never a value of it.

    :ivar keys: each data key with a keyed digest of its value. The digest's key is random for each run, so that digests
        compare within a run and tell nothing of the value.
    :ivar type: of a Secret: ``Opaque`` …
    :ivar data_bytes: the decoded size of all values.
    :ivar file: of a backup: the file's name.
    :ivar server_fields: fields that the API server owns: ``metadata.resourceVersion`` …
    :ivar last_applied: kubectl's annotation repeats its values.
    :ivar missing: the cluster has no such object (404).
    :ivar owners: of a live object: its managedFields.
    """

    kind: str
    namespace: str
    name: str
    keys: Mapping[str, str]
    type: str = ""
    data_bytes: int = 0
    file: str = ""
    server_fields: tuple[str, ...] = ()
    last_applied: bool = False
    missing: bool = False
    owners: tuple[FieldOwner, ...] = ()


class EmergencyConfiguration(Struct, frozen=True):
    """The minimal configuration of ``--emergency-config``.

    :ivar mounted: the object, ``Secret/x``, that holds each kind of document now.
    :ivar environment: the variables of the collector's container.
    :ivar readable_by_others: the permission bits of each file that may hold a key and that every user may read.
    """

    files: tuple[str, ...]
    documents: tuple[ConfigurationDocument, ...]
    mounted: Mapping[str, str]
    environment: Environment
    readable_by_others: Mapping[str, int] = field(default_factory=dict)
