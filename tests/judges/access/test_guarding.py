"""secrets-guarded: subjects that are allowed by default and by the settings, findings, and credentials in plain text."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.judges.samples import NOW, deployment, install, template
from upkeep.errors import Absent
from upkeep.judges.access.guarding import guarded
from upkeep.masking import mask
from upkeep.model import Judgement
from upkeep.records.access import Exposure, ExposureSurvey, Grant, PolicyRule, RbacPolicy
from upkeep.records.configuration import SecretInventory, SecretReference, StoredObject

EVERYTHING = PolicyRule(("*",), ("*",), ("*",))
LISTS = PolicyRule(("list",), ("",), ("secrets",))
MASTERS = Grant(
    "ClusterRoleBinding/cluster-admin",
    "ClusterRole/cluster-admin",
    "Group system:masters",
    "",
    (EVERYTHING,),
    default=True,
)
SURVEY = ExposureSurvey(("ConfigMap/cano-collector-config",), (), ())
REFERENCE = SecretReference(
    "cano-collector-secrets",
    ("slack-webhook",),
    False,
    "env SLACK_WEBHOOK of container cano-collector",
)
STORED = StoredObject("Secret", "cano-collector-secrets", NOW, ("slack-webhook",), ())


def grant(
    subject: str = "Group sre",
    *,
    name: str = "read",
    namespace: str = "monitoring",
    rules: tuple[PolicyRule, ...] = (LISTS,),
    default: bool = False,
) -> Grant:
    kind, place = ("RoleBinding/", f"{namespace}/") if namespace else ("ClusterRoleBinding/", "")
    return Grant(f"{kind}{place}{name}", f"ClusterRole/{name}", subject, namespace, rules, default)


def judge(
    *grants: Grant,
    allowed: tuple[str, ...] = (),
    stored: tuple[StoredObject, ...] = (STORED,),
    references: tuple[SecretReference, ...] = (REFERENCE,),
    survey: ExposureSurvey = SURVEY,
    account: str = "cano-collector",
    exposures: tuple[Exposure, ...] = (),
    policy: tuple[Grant, ...] = (MASTERS,),
) -> Judgement:
    inventory = SecretInventory(references, stored, (), None)
    collector = deployment(template=template(service_account=account), exposures=exposures)
    return guarded(
        RbacPolicy((*policy, *grants), {}),
        inventory,
        survey,
        collector,
        allowed=allowed,
        install=install(),
    )


def told(*grants: Grant, **options: Any) -> list[tuple[str, str]]:
    return [(finding.object, finding.code) for finding in judge(*grants, **options).findings]


def test_the_control_plane_alone_passes_and_is_counted() -> None:
    judgement = judge()
    assert (judgement.findings, judgement.limit) == ((), "the allowed list")
    assert mask(judgement.observed) == judgement.observed
    assert (
        judgement.observed
        == "1 subject can read 1 Secret, 1 allowed by default, 0 by the settings; 1 ConfigMap searched"
    )


CONTROLLER = {"name": "system:controller:job-controller", "namespace": "", "default": True}


@pytest.mark.parametrize(
    ("one", "allowed"),
    [
        (grant("ServiceAccount kube-system/job-controller", **CONTROLLER), True),
        (grant("ServiceAccount kube-system/other", **CONTROLLER), False),  # somebody added it
        (grant("ServiceAccount team/job-controller", **CONTROLLER), False),
        (grant("User jane", **CONTROLLER), False),
        (
            grant("ServiceAccount kube-system/job-controller", **CONTROLLER | {"default": False}),
            False,
        ),
        (
            grant(
                "User system:kube-controller-manager",
                name="system:kube-controller-manager",
                namespace="",
                default=True,
            ),
            True,
        ),
        (
            grant("User system:kube-controller-manager", name="other", namespace="", default=True),
            False,
        ),
        (grant("User jane", name="cluster-admin", namespace="", default=True), False),
        (grant("Group system:masters", name="mine", namespace=""), False),
        (grant("Group kubeadm:cluster-admins", name="kubeadm:cluster-admins", namespace=""), True),
        (grant("ServiceAccount kube-system/helm", namespace=""), False),
        (grant("ServiceAccount monitoring/cano-collector"), True),
        (grant("User system:serviceaccount:monitoring:cano-collector", namespace=""), True),
        (grant("ServiceAccount other/cano-collector"), False),
        (grant("Group system:serviceaccounts:monitoring"), False),
        (grant("Group system:nodes"), False),
    ],
)
def test_who_is_allowed_without_a_word(one: Grant, allowed: bool) -> None:
    assert (told(one) == []) is allowed


def test_the_account_that_every_pod_has_is_not_the_collectors_own() -> None:
    assert told(grant("ServiceAccount monitoring/default"), account="default") == [
        ("ServiceAccount/monitoring/default", "reads-secrets")
    ]


@pytest.mark.parametrize(
    ("entry", "subject", "allowed"),
    [
        ("Group sre", "Group sre", True),
        ("Group sr*", "Group sre", True),
        ("Group sr", "Group sre", False),
        ("User sre", "Group sre", False),
        ("ServiceAccount vault/*", "ServiceAccount vault/agent", True),
        ("ServiceAccount vault/*", "ServiceAccount vault2/agent", False),
        ("ServiceAccount vault/agent", "User system:serviceaccount:vault:agent", True),
    ],
)
def test_the_settings_allow_whom_they_name(entry: str, subject: str, allowed: bool) -> None:
    judgement = judge(grant(subject), allowed=(entry,))
    assert bool(judgement) is allowed
    assert ("1 allowed by default, 1 by the settings" in judgement.observed) is allowed
    assert (f"allowed without such a right: {entry}" in judgement.observed) is not allowed


def test_a_reader_is_told_with_its_ways_and_the_binding() -> None:
    starts = PolicyRule(("create",), ("",), ("pods",))
    (finding,) = judge(grant(rules=(starts, LISTS))).findings
    assert (finding.object, finding.code, finding.observed, finding.limit) == (
        "Group/sre",
        "reads-secrets",
        "list secrets; create pods",
        "not granted",
    )
    assert finding.message == (
        "Group sre can read the collector's Secrets in namespace monitoring: RoleBinding/monitoring/read (ClusterRole/read) "
        "grants list secrets; create pods. To allow it, add --secret-reader='Group sre'."
    )
    assert finding.next == "kubectl describe rolebinding read -n monitoring"


def test_everybody_is_told_to_be_everybody() -> None:
    (finding,) = judge(grant("Group system:authenticated", namespace="")).findings
    assert finding.message.startswith(
        "Group system:authenticated (every authenticated user) can read the collector's Secrets in every namespace: "
    )


@pytest.mark.parametrize(
    ("rule", "code"),
    [
        (LISTS, "reads-secrets"),
        (PolicyRule(("impersonate",), ("",), ("groups", "users")), "becomes-reader"),
        (
            PolicyRule(
                ("bind", "create"), ("rbac.authorization.k8s.io",), ("clusterroles", "rolebindings")
            ),
            "grants-itself-more",
        ),
        (PolicyRule(("create",), ("",), ("pods/exec",)), "enters-collector"),
        (PolicyRule(("create",), ("apps",), ("deployments",)), "mounts-secrets"),
    ],
)
def test_each_way_has_its_word(rule: PolicyRule, code: str) -> None:
    assert told(grant(namespace="", rules=(rule,))) == [("Group/sre", code)]


def test_zero_one_and_many_readers_and_a_finding_for_each_binding() -> None:
    assert told() == []
    assert len(told(grant())) == 1
    assert told(grant(), grant(name="again"), grant("User jane")) == [
        ("Group/sre", "reads-secrets"), ("Group/sre", "reads-secrets"), ("User/jane", "reads-secrets"),
    ]  # fmt: skip


def test_a_credential_in_plain_sight_is_told_by_its_place() -> None:
    shown = Exposure("ConfigMap/c", "key x.yaml", "webhook URL", (3, 9))
    env = Exposure(
        "Deployment/cano-collector", "env LEGACY_TOKEN of container cano-collector", "Slack token"
    )
    first, second = judge(survey=replace(SURVEY, found=(shown,)), exposures=(env,)).findings
    assert (first.object, first.code, first.observed, first.limit) == (
        "ConfigMap/c",
        "credential-in-configmap",
        "webhook URL in key x.yaml",
        "none",
    )
    assert first.message == (
        "ConfigMap/c key x.yaml, lines 3, 9 holds a credential (webhook URL) in plain text. "
        "Move it into a Secret, refer to it by a variable, and rotate it."
    )
    assert first.next == "kubectl -n monitoring edit configmap c"
    assert (second.object, second.code) == ("Deployment/cano-collector", "credential-in-deployment")
    assert second.next == "kubectl -n monitoring edit deployment cano-collector"


def test_a_secret_that_repeats_its_values_in_an_annotation_is_told() -> None:
    (finding,) = judge(stored=(replace(STORED, last_applied=True),)).findings
    assert (finding.object, finding.code) == (
        "Secret/cano-collector-secrets",
        "secret-in-annotation",
    )
    assert (
        finding.next
        == "kubectl -n monitoring annotate secret cano-collector-secrets kubectl.kubernetes.io/last-applied-configuration-"
    )


def test_where_not_even_an_administrator_is_seen_nothing_is_judged() -> None:
    with pytest.raises(Absent, match="The list of bindings is not complete"):
        judge(policy=())


def test_without_a_secret_nobody_reads_one_and_plain_sight_is_judged_all_the_same() -> None:
    judgement = judge(grant(), references=(), stored=(), policy=())
    assert (judgement.findings, judgement.observed) == (
        (),
        "no Secret is referenced; 1 ConfigMap searched",
    )
    assert (
        told(
            references=(),
            stored=(),
            survey=replace(SURVEY, found=(Exposure("ConfigMap/c", "key x", "private key"),)),
        )
        != []
    )


def test_config_maps_that_are_not_there_are_said() -> None:
    assert judge(survey=ExposureSurvey((), ("ConfigMap/gone",), ())).observed.endswith(
        "; 0 ConfigMaps searched; missing: ConfigMap/gone"
    )


SUBJECTS = st.sampled_from(
    [
        "Group sre",
        "User jane",
        "ServiceAccount vault/agent",
        "ServiceAccount monitoring/cano-collector",
        "Group system:masters",
    ]
)
RULES = st.sampled_from(
    [
        LISTS,
        EVERYTHING,
        PolicyRule(("get",), ("",), ("pods",)),
        PolicyRule(("create",), ("",), ("pods",)),
    ]
)
GRANTS = st.builds(
    lambda subject, rule, name, default: grant(subject, rules=(rule,), name=name, default=default),
    SUBJECTS,
    RULES,
    st.sampled_from(["a", "b"]),
    st.booleans(),
)
ENTRIES = st.lists(
    st.sampled_from(["Group sre", "User *", "User j*", "ServiceAccount vault/*"]), max_size=2
).map(tuple)


@given(st.lists(GRANTS, max_size=4), GRANTS, ENTRIES, st.booleans())
def test_more_of_anything_bad_never_makes_a_pass(
    grants: list[Grant], further: Grant, allowed: tuple[str, ...], shown: bool
) -> None:
    before = judge(*grants, allowed=allowed)
    survey = (
        replace(SURVEY, found=(Exposure("ConfigMap/c", "key x", "private key"),))
        if shown
        else SURVEY
    )
    after = judge(*grants, further, allowed=allowed, survey=survey)
    assert {finding.object for finding in before.findings} <= {
        finding.object for finding in after.findings
    }
    assert not shown or not after


@given(st.lists(GRANTS, max_size=4), ENTRIES)
def test_a_shorter_list_never_makes_a_pass(grants: list[Grant], allowed: tuple[str, ...]) -> None:
    assert bool(judge(*grants, allowed=allowed)) or not bool(judge(*grants, allowed=()))


def test_names_of_bindings_and_subjects_are_no_commands() -> None:
    """RBAC takes any name that can stand in a path, and any text for a user."""
    (finding,) = judge(grant(name="x; touch y", subject="User a b")).findings
    assert finding.next == "kubectl describe rolebinding 'x; touch y' -n monitoring"
    assert finding.message.endswith("To allow it, add --secret-reader='User a b'.")
    (finding,) = judge(grant(subject="User a\ntouch y\n")).findings
    assert finding.next == "kubectl describe rolebinding read -n monitoring"
