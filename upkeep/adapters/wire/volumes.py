"""Volumes of a pod, and what they are made from.

Source: https://kubernetes.io/docs/reference/kubernetes-api/config-and-storage-resources/volume/ (v1.36; k8s.io/api core/v1 types.go)
"""

from upkeep.adapters.wire.decoding import Wire
from upkeep.adapters.wire.meta import Text


class KeyToPath(Wire, frozen=True):
    """core/v1 KeyToPath."""

    key: Text
    path: Text


class ObjectSource(Wire, frozen=True):
    """core/v1 ConfigMapVolumeSource, ConfigMapProjection and SecretProjection.

    The name is omitempty, and validation requires it.
    Source: https://github.com/kubernetes/kubernetes/blob/v1.36.0/pkg/apis/core/validation/validation.go
    """

    name: Text
    items: tuple[KeyToPath, ...] = ()
    optional: bool | None = None


class SecretSource(Wire, frozen=True):
    """core/v1 SecretVolumeSource, which names its Secret by another field."""

    secretName: Text
    items: tuple[KeyToPath, ...] = ()
    optional: bool | None = None


class ClaimSource(Wire, frozen=True):
    """core/v1 PersistentVolumeClaimVolumeSource."""

    claimName: Text
    readOnly: bool = False


class TokenSource(Wire, frozen=True):
    """core/v1 ServiceAccountTokenProjection; without an audience the token is for the API server."""

    path: Text
    audience: str = ""


class Projection(Wire, frozen=True):
    """core/v1 VolumeProjection, what of it names Secrets and ConfigMaps, or is a token."""

    configMap: ObjectSource | None = None
    secret: ObjectSource | None = None
    serviceAccountToken: TokenSource | None = None


class ProjectedSource(Wire, frozen=True):
    """core/v1 ProjectedVolumeSource: its sources have no omitempty, so that null is none."""

    sources: tuple[Projection, ...] | None


class LocalReference(Wire, frozen=True):
    """core/v1 LocalObjectReference; the name is omitempty."""

    name: str = ""


class OtherSource(Wire, frozen=True):
    """Any other source of a volume, and the Secret that its plugin reads to mount it. CSI's ``readOnly`` is a pointer."""

    readOnly: bool | None = None
    secretRef: LocalReference | None = None
    nodePublishSecretRef: LocalReference | None = None
    secretName: str | None = None
    driver: str = ""


class ImageSource(Wire, frozen=True):
    """core/v1 ImageVolumeSource; the reference may be left out where a controller above sets it."""

    reference: str = ""


class Volume(Wire, frozen=True):
    """core/v1 Volume: one of its sources is there; an emptyDir where none is."""

    name: Text
    configMap: ObjectSource | None = None
    secret: SecretSource | None = None
    persistentVolumeClaim: ClaimSource | None = None
    projected: ProjectedSource | None = None
    emptyDir: OtherSource | None = None
    ephemeral: OtherSource | None = None
    hostPath: OtherSource | None = None
    nfs: OtherSource | None = None
    csi: OtherSource | None = None
    image: ImageSource | None = None
    downwardAPI: OtherSource | None = None
    iscsi: OtherSource | None = None
    fc: OtherSource | None = None
    cephfs: OtherSource | None = None
    rbd: OtherSource | None = None
    glusterfs: OtherSource | None = None
    azureDisk: OtherSource | None = None
    azureFile: OtherSource | None = None
    awsElasticBlockStore: OtherSource | None = None
    gcePersistentDisk: OtherSource | None = None
    vsphereVolume: OtherSource | None = None
    cinder: OtherSource | None = None
    portworxVolume: OtherSource | None = None
    quobyte: OtherSource | None = None
    scaleIO: OtherSource | None = None
    storageos: OtherSource | None = None
    flocker: OtherSource | None = None
    photonPersistentDisk: OtherSource | None = None
    flexVolume: OtherSource | None = None
    gitRepo: OtherSource | None = None
