"""upgrade-rehearsed: what helm and the API server said, object by object; and nothing that was not rehearsed passes."""

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.judges.samples import install
from upkeep.domain.access.granting import granting
from upkeep.errors import Absent
from upkeep.judges.releases.upgrades import upgrade
from upkeep.model import Judgement
from upkeep.records.access import AccessAnswer, DryRun
from upkeep.records.releases import ObjectChange, UpgradeRehearsal

INSTALL = install()
MAY = AccessAnswer("the acting identity", "list", "", "secrets", "", "monitoring", True)
CHANGE = ObjectChange(
    "changed",
    "Deployment/cano-collector",
    ("spec.template.spec.containers[cano-collector].image", "spec.replicas"),
)
RAN = DryRun("patch", "Deployment/cano-collector", True, 200)
GOOD = UpgradeRehearsal(
    "cano",
    "monitoring",
    "cano-collector",
    "0.0.25",
    "0.0.26",
    "https://charts.example",
    "v3.22.0",
    "",
    (CHANGE,),
    (MAY,),
    (RAN,),
)
COMMAND = (
    "helm get values cano -n monitoring -o yaml | helm upgrade cano cano-collector --repo https://charts.example --version 0.0.26 -n monitoring "
    "--reset-values -f - --dry-run=server --hide-secret"
)


def judged(**changes: object) -> Judgement:
    return upgrade(replace(GOOD, **changes), install=INSTALL)


def test_an_upgrade_that_would_be_accepted_passes_and_says_what_changes():
    judgement = judged()
    assert judgement.findings == ()
    assert (
        judgement.observed
        == "0.0.25 to 0.0.26: ~Deployment/cano-collector (spec.template.spec.containers[cano-collector].image, spec.replicas)"
    )
    assert judgement.limit == "accepted"
    assert judgement.basis == (
        "helm v3.22.0 upgrade --dry-run=server with the live values, as the acting identity; then PATCH or POST dryRun=All of each object that is added "
        "or changed; not rehearsed: removals, hooks, and the charts' crds folders, which helm does not upgrade"
    )
    assert judged(hooks=("Job/a", "Job/b")).basis.endswith(
        "not rehearsed: removals, 2 hooks (Job/a, Job/b), and the charts' crds folders, which helm does not upgrade"
    )


def test_an_upgrade_that_changes_nothing_passes():
    assert judged(changes=(), dry_runs=()).observed == "0.0.25 to 0.0.26: nothing would change"


def test_what_is_shown_has_an_end_and_begins_with_what_changes():
    many = tuple(ObjectChange("added", f"ConfigMap/{number}") for number in range(20))
    runs = tuple(DryRun("create", one.object, True, 201) for one in many)
    fields = replace(CHANGE, fields=tuple(f"f{number}" for number in range(9)))
    observed = judged(changes=(*many, fields), dry_runs=(*runs, RAN)).observed
    assert observed == (
        "0.0.25 to 0.0.26: ~Deployment/cano-collector (f0, f1, f2, f3 and 5 more), +ConfigMap/0, +ConfigMap/1, +ConfigMap/2, +ConfigMap/3, +ConfigMap/4 "
        "and 15 more"
    )


def test_helms_refusal_is_told_with_the_command_that_shows_it():
    judgement = judged(refusal="template: no such value", changes=(), dry_runs=())
    (finding,) = judgement.findings
    assert (finding.object, finding.code, finding.observed, finding.limit) == (
        "HelmRelease/cano",
        "upgrade-refused",
        "refused",
        "accepted",
    )
    assert (
        finding.message
        == "helm refused the dry run of the upgrade of release cano from cano-collector 0.0.25 to 0.0.26: template: no such value"
    )
    assert finding.next == COMMAND
    assert judgement.observed == "0.0.25 to 0.0.26: not rendered"
    assert (
        judgement.basis
        == "helm v3.22.0 upgrade --dry-run=server with the live values, as the acting identity"
    )


@pytest.mark.parametrize(
    "words",
    ["spec.selector: Invalid value: ‹masked›: field is immutable", "spec: Forbidden: updates to statefulset spec for fields other than 'replicas' are forbidden",
     "spec.clusterIPs[0]: Invalid value: ‹masked›: may not change once set", "data: Forbidden: field is immutable when `immutable` is set",
     "spec.storageClassName: cannot be changed"],
)  # fmt: skip
def test_a_field_that_cannot_be_changed_is_named(words: str):
    refused = replace(
        RAN,
        accepted=False,
        status=422,
        reason="Invalid",
        message=words,
        fields=("spec.selector", "spec.x"),
    )
    (finding,) = judged(dry_runs=(refused,)).findings
    assert (finding.object, finding.code, finding.observed, finding.limit) == (
        "Deployment/cano-collector",
        "upgrade-immutable",
        422,
        200,
    )
    assert finding.message.startswith(
        "The upgrade to 0.0.26 changes spec.selector, spec.x of Deployment/cano-collector, which is immutable (422 "
    )
    (finding,) = judged(dry_runs=(replace(refused, fields=()),)).findings
    assert "changes a field of Deployment/cano-collector" in finding.message


@pytest.mark.parametrize(
    ("status", "reason", "words"),
    [(403, "Forbidden", "admission webhook: images of this field are immutable"), (422, "Invalid", "spec.replicas: must be positive"), (409, "Conflict", "conflict with kubectl")],
)  # fmt: skip
def test_any_other_refusal_is_one_too(status: int, reason: str, words: str):
    refused = replace(RAN, accepted=False, status=status, reason=reason, message=words)
    (finding,) = judged(dry_runs=(refused,)).findings
    assert (finding.code, finding.observed) == ("upgrade-object-refused", status)
    assert f"({status} {reason}, {words})" in finding.message


def test_a_missing_right_is_named_with_the_command_that_gives_it():
    denied = replace(MAY, allowed=False)
    (finding,) = judged(access=(denied,), helm="", changes=(), dry_runs=()).findings
    assert (finding.object, finding.code, finding.observed) == (
        "HelmRelease/cano",
        "upgrade-forbidden",
        "forbidden",
    )
    assert (
        finding.message
        == "The acting identity may not list secrets in monitoring. It cannot upgrade release cano."
    )
    assert finding.next == granting("list", "secrets", namespace="monitoring")
    wide = replace(
        denied,
        verb="patch",
        group="rbac.authorization.k8s.io",
        resource="clusterroles",
        name="x",
        namespace="",
    )
    (finding,) = judged(access=(MAY, wide)).findings
    assert finding.message.startswith(
        "The acting identity may not patch clusterroles.rbac.authorization.k8s.io x in the cluster"
    )
    assert finding.next == granting(
        "patch", "clusterroles", group="rbac.authorization.k8s.io", name="x"
    )


def test_an_upgrade_that_would_take_the_collector_away_fails():
    gone = ObjectChange("removed", "Deployment/cano-collector")
    (finding,) = judged(changes=(gone,), dry_runs=()).findings
    assert (finding.object, finding.code, finding.observed, finding.limit) == (
        "Deployment/cano-collector",
        "upgrade-removes-collector",
        "removed",
        "kept",
    )
    for other in (
        ObjectChange("removed", "Deployment/other"),
        replace(gone, action="left"),
        ObjectChange("removed", "ConfigMap/cano-collector"),
    ):
        assert judged(changes=(other,), dry_runs=()).findings == ()
    elsewhere = replace(gone, object="Deployment/monitoring/cano-collector")
    assert [
        one.code
        for one in judged(namespace="helm", changes=(elsewhere, gone), dry_runs=()).findings
    ] == ["upgrade-removes-collector"]


@pytest.mark.parametrize(
    "changes",
    [
        {"access": ()},
        {"helm": ""},
        {"dry_runs": ()},
        {"changes": (CHANGE, ObjectChange("added", "ConfigMap/x"))},
    ],
)
def test_what_was_not_rehearsed_is_not_judged(changes: dict[str, object]):
    with pytest.raises(Absent, match="not rehearsed: no dry run was sent"):
        judged(**changes)


BAD = st.sampled_from(
    [
        {"refusal": "no"}, {"access": (MAY, replace(MAY, verb="update", allowed=False))},
        {"dry_runs": (RAN, DryRun("create", "ConfigMap/x", False, 403, "Forbidden", "no"))},
        {"changes": (CHANGE, ObjectChange("removed", "Deployment/cano-collector"))},
    ]
)  # fmt: skip


@given(st.lists(BAD, min_size=1))
def test_one_thing_that_is_wrong_is_enough(bad: list[dict[str, object]]):
    """Whatever else is wrong or missing beside, it never passes."""
    changes: dict[str, object] = {}
    for one in bad:
        changes |= one
    assert judged(**changes).findings
    assert not judged(**{"helm": "", "dry_runs": (), **changes})


def test_names_of_the_cluster_and_the_chart_are_one_word_in_a_command():
    hostile = "x; touch '$(id)'"
    denied = replace(MAY, allowed=False, namespace=hostile, name=hostile)
    judgement = judged(release=hostile, namespace=hostile, access=(denied,), refusal="no")
    assert [
        hostile in shlex.split(one.next) or f"secrets/{hostile}" in shlex.split(one.next)
        for one in judgement.findings
    ] == [True, True]
    assert not any(
        word.endswith(";") for one in judgement.findings for word in shlex.split(one.next)
    )
