"""The discovery documents, and as much of the OpenAPI documents as kubectl reads before it writes.

Sources: https://kubernetes.io/docs/concepts/overview/kubernetes-api/#discovery-api and, for the parameters that kubectl looks for,
https://github.com/kubernetes/cli-runtime/blob/v0.36.3/pkg/resource/query_param_verifier_v3.go
"""

from upkeep.demo.state import RESOURCES, Object

SHORT = {
    "namespaces": "ns", "pods": "po", "services": "svc", "endpoints": "ep", "configmaps": "cm", "persistentvolumeclaims": "pvc",
    "serviceaccounts": "sa", "events": "ev", "deployments": "deploy", "replicasets": "rs", "cronjobs": "cj", "poddisruptionbudgets": "pdb",
    "nodes": "no", "resourcequotas": "quota", "limitranges": "limits", "horizontalpodautoscalers": "hpa", "networkpolicies": "netpol",
}  # fmt: skip
# Shown by ``kubectl get all``.
ALL = ("pods", "services", "deployments", "replicasets", "cronjobs", "jobs", "horizontalpodautoscalers")  # fmt: skip
VERBS = ["create", "delete", "get", "list", "patch", "update", "watch"]
# Neither listed nor watched: subresources, reviews and what metrics-server says. Verbs by (version, resource, kind, namespaced).
OTHERS = {
    ("v1", "pods/log", "Pod", True): ["get"],
    ("v1", "pods/exec", "PodExecOptions", True): ["create", "get"],
    ("v1", "pods/proxy", "PodProxyOptions", True): ["get"],
    ("v1", "services/proxy", "ServiceProxyOptions", True): ["get"],
    ("apps/v1", "deployments/scale", "Scale", True): ["patch"],
    ("authentication.k8s.io/v1", "selfsubjectreviews", "SelfSubjectReview", False): ["create"],
    ("authorization.k8s.io/v1", "localsubjectaccessreviews", "LocalSubjectAccessReview", True): ["create"],
    ("authorization.k8s.io/v1", "selfsubjectaccessreviews", "SelfSubjectAccessReview", False): ["create"],
    ("authorization.k8s.io/v1", "selfsubjectrulesreviews", "SelfSubjectRulesReview", False): ["create"],
    ("authorization.k8s.io/v1", "subjectaccessreviews", "SubjectAccessReview", False): ["create"],
    ("metrics.k8s.io/v1beta1", "pods", "PodMetrics", True): ["get", "list"],
}  # fmt: skip


def discovery(path: str, more: list[tuple[str, str]]) -> Object | None:
    """Return the document at a path, of what is stored and of ``more`` (version, kind); ``None`` where there is none."""
    served = {(version, plural, kind, wide): VERBS for plural, (version, kind, wide) in RESOURCES.items()}  # fmt: skip
    served |= {
        (
            version,
            f"{kind.lower().removesuffix('y')}{'ies' if kind.endswith('y') else 's'}",
            kind,
            True,
        ): VERBS
        for version, kind in more
    } | OTHERS
    versions = {("/api/" if one == "v1" else "/apis/") + one: one for one, *_ in served}
    if path == "/api":
        return {"kind": "APIVersions", "versions": ["v1"]}
    if path == "/apis":
        names: dict[str, list[Object]] = {}
        for version in versions.values():
            group, _, own = version.rpartition("/")
            if group:
                names.setdefault(group, []).append({"groupVersion": version, "version": own})
        groups = [{"name": name, "versions": known, "preferredVersion": known[0]} for name, known in names.items()]  # fmt: skip
        return {"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}
    if path == "/openapi/v3":
        return {"paths": {root[1:]: {"serverRelativeURL": f"/openapi/v3{root}"} for root in versions}}  # fmt: skip
    root = path.removeprefix("/openapi/v3")
    if root not in versions:
        return None
    version = versions[root]
    chosen = [(*one[1:], verbs) for one, verbs in served.items() if one[0] == version]
    if root != path:
        return openapi(root, version, {plural: kind for plural, kind, _, verbs in chosen if verbs is VERBS})  # fmt: skip
    resources = [
        {"name": plural, "singularName": kind.lower() if verbs is VERBS else "", "namespaced": wide, "kind": kind, "verbs": verbs}
        | ({"shortNames": [SHORT[plural]]} if plural in SHORT and verbs is VERBS else {})
        | ({"categories": ["all"]} if plural in ALL and verbs is VERBS else {})
        | ({"group": "autoscaling", "version": "v1"} if kind == "Scale" else {})
        for plural, kind, wide, verbs in chosen
    ]  # fmt: skip
    return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": version, "resources": resources}  # fmt: skip


def openapi(root: str, version: str, kinds: dict[str, str]) -> Object:
    """Return the OpenAPI document of a version: that each kind can be patched, as a dry run and with the server's validation."""
    group, _, own = version.rpartition("/")
    parameters = [{"name": name, "in": "query"} for name in ("dryRun", "fieldValidation")]
    paths = {
        f"{root}/{plural}/{{name}}": {
            "patch": {
                "parameters": parameters,
                "x-kubernetes-group-version-kind": {"group": group, "version": own, "kind": kind},
            }
        }
        for plural, kind in kinds.items()
    }
    return {"openapi": "3.0.0", "info": {"title": "demo", "version": own}, "paths": paths}
