"""API versions that a Kubernetes minor stops serving, announced removals included.

Source: the lifecycle marks of k8s.io/api v0.37.1, Kubernetes 1.37.1 (``APILifecycleRemoved`` and
``APILifecycleReplacement`` in ``zz_generated.prerelease-lifecycle.go``). Older removals and other
modules (apiextensions, apiregistration) are from
https://kubernetes.io/docs/reference/using-api/deprecation-guide/. Reviews and subresources are left
out: they are never installed.

A beta version is served for three minors after its deprecation, a stable one within its major
version (https://kubernetes.io/docs/reference/using-api/deprecation-policy/, rules 4a and 4b). So
1.40 still serves what 1.37 has not deprecated, and the table is complete to 1.40. An alpha version
may go in any minor.
"""

from collections.abc import Mapping

from msgspec import Struct

# The newest minor whose marks were read, and the last one for which the table is complete.
MARKED_MINOR, COMPLETE_MINOR = 37, 40


class Removal(Struct, frozen=True):
    """A removal: the first Kubernetes 1.``minor`` without it.

    :ivar replacement: the apiVersion to use instead; empty where there is none.
    """

    minor: int
    replacement: str


_ROWS = (
    # minor, apiVersion, what replaces it, kinds
    (16, "apps/v1beta1", "apps/v1", "ControllerRevision Deployment StatefulSet"),
    (
        16,
        "apps/v1beta2",
        "apps/v1",
        "ControllerRevision DaemonSet Deployment ReplicaSet StatefulSet",
    ),
    (16, "extensions/v1beta1", "apps/v1", "DaemonSet Deployment ReplicaSet"),
    (16, "extensions/v1beta1", "networking.k8s.io/v1", "NetworkPolicy"),
    (16, "extensions/v1beta1", "policy/v1beta1", "PodSecurityPolicy"),
    (
        22,
        "admissionregistration.k8s.io/v1beta1",
        "admissionregistration.k8s.io/v1",
        "MutatingWebhookConfiguration ValidatingWebhookConfiguration",
    ),
    (22, "apiextensions.k8s.io/v1beta1", "apiextensions.k8s.io/v1", "CustomResourceDefinition"),
    (22, "apiregistration.k8s.io/v1beta1", "apiregistration.k8s.io/v1", "APIService"),
    (22, "certificates.k8s.io/v1beta1", "certificates.k8s.io/v1", "CertificateSigningRequest"),
    (22, "coordination.k8s.io/v1beta1", "coordination.k8s.io/v1", "Lease"),
    (22, "extensions/v1beta1", "networking.k8s.io/v1", "Ingress"),
    (22, "networking.k8s.io/v1beta1", "networking.k8s.io/v1", "Ingress IngressClass"),
    (
        22,
        "rbac.authorization.k8s.io/v1beta1",
        "rbac.authorization.k8s.io/v1",
        "ClusterRole ClusterRoleBinding Role RoleBinding",
    ),
    (22, "scheduling.k8s.io/v1beta1", "scheduling.k8s.io/v1", "PriorityClass"),
    (
        22,
        "storage.k8s.io/v1beta1",
        "storage.k8s.io/v1",
        "CSIDriver CSINode StorageClass VolumeAttachment",
    ),
    (24, "storage.k8s.io/v1alpha1", "storage.k8s.io/v1", "VolumeAttachment"),
    (24, "storage.k8s.io/v1alpha1", "storage.k8s.io/v1beta1", "CSIStorageCapacity"),
    (25, "autoscaling/v2beta1", "autoscaling/v2", "HorizontalPodAutoscaler"),
    (25, "batch/v1beta1", "batch/v1", "CronJob"),
    (25, "discovery.k8s.io/v1beta1", "discovery.k8s.io/v1", "EndpointSlice"),
    (25, "events.k8s.io/v1beta1", "events.k8s.io/v1", "Event"),
    (25, "node.k8s.io/v1beta1", "node.k8s.io/v1", "RuntimeClass"),
    (25, "policy/v1beta1", "", "PodSecurityPolicy"),
    (25, "policy/v1beta1", "policy/v1", "PodDisruptionBudget"),
    (26, "autoscaling/v2beta2", "autoscaling/v2", "HorizontalPodAutoscaler"),
    (
        26,
        "flowcontrol.apiserver.k8s.io/v1beta1",
        "flowcontrol.apiserver.k8s.io/v1beta3",
        "FlowSchema PriorityLevelConfiguration",
    ),
    (27, "storage.k8s.io/v1beta1", "storage.k8s.io/v1", "CSIStorageCapacity"),
    (
        29,
        "flowcontrol.apiserver.k8s.io/v1beta2",
        "flowcontrol.apiserver.k8s.io/v1beta3",
        "FlowSchema PriorityLevelConfiguration",
    ),
    (
        32,
        "admissionregistration.k8s.io/v1alpha1",
        "admissionregistration.k8s.io/v1",
        "ValidatingAdmissionPolicy ValidatingAdmissionPolicyBinding",
    ),
    (
        32,
        "flowcontrol.apiserver.k8s.io/v1beta3",
        "flowcontrol.apiserver.k8s.io/v1",
        "FlowSchema PriorityLevelConfiguration",
    ),
    (
        34,
        "admissionregistration.k8s.io/v1beta1",
        "admissionregistration.k8s.io/v1",
        "ValidatingAdmissionPolicy ValidatingAdmissionPolicyBinding",
    ),
    (35, "storage.k8s.io/v1alpha1", "storage.k8s.io/v1", "VolumeAttributesClass"),
    (37, "certificates.k8s.io/v1alpha1", "", "ClusterTrustBundle"),
    (37, "networking.k8s.io/v1beta1", "networking.k8s.io/v1", "IPAddress ServiceCIDR"),
    (37, "storage.k8s.io/v1beta1", "storage.k8s.io/v1", "VolumeAttributesClass"),
    (
        38,
        "admissionregistration.k8s.io/v1alpha1",
        "admissionregistration.k8s.io/v1",
        "MutatingAdmissionPolicy MutatingAdmissionPolicyBinding",
    ),
    (38, "coordination.k8s.io/v1alpha2", "", "LeaseCandidate"),
    (
        38,
        "resource.k8s.io/v1beta1",
        "resource.k8s.io/v1",
        "DeviceClass ResourceClaim ResourceClaimTemplate ResourceSlice",
    ),
    (39, "coordination.k8s.io/v1beta1", "", "LeaseCandidate"),
    (39, "resource.k8s.io/v1alpha3", "", "DeviceTaintRule"),
    (
        39,
        "resource.k8s.io/v1beta2",
        "resource.k8s.io/v1",
        "DeviceClass ResourceClaim ResourceClaimTemplate ResourceSlice",
    ),
    (
        40,
        "admissionregistration.k8s.io/v1beta1",
        "admissionregistration.k8s.io/v1",
        "MutatingAdmissionPolicy MutatingAdmissionPolicyBinding",
    ),
    (
        40,
        "certificates.k8s.io/v1beta1",
        "certificates.k8s.io/v1",
        "ClusterTrustBundle PodCertificateRequest",
    ),
    (
        40,
        "storagemigration.k8s.io/v1beta1",
        "storagemigration.k8s.io/v1",
        "StorageVersionMigration",
    ),
    (42, "resource.k8s.io/v1alpha3", "", "ResourcePoolStatusRequest"),
    (42, "resource.k8s.io/v1beta2", "", "DeviceTaintRule"),
    (43, "lifecycle.k8s.io/v1alpha1", "", "EvictionRequest"),
    (43, "scheduling.k8s.io/v1beta1", "", "PodGroup Workload"),
)
REMOVALS: Mapping[tuple[str, str], Removal] = {
    (api_version, kind): Removal(minor, replacement)
    for minor, api_version, replacement, kinds in _ROWS
    for kind in kinds.split()
}


def of_kubernetes(api_version: str) -> bool:
    """Tell whether the group is one of Kubernetes' own; custom resources serve all others."""
    group = api_version.rpartition("/")[0]
    return "." not in group or group.endswith(".k8s.io")
