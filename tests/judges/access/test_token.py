"""service-account-token-not-mounted: pods as admitted, the next pods, and the workflow that uses a token."""

import pytest
from msgspec.structs import replace

from tests.judges.samples import deployment, install, pod, template, workload
from upkeep.errors import Absent, Forbidden, Malformed
from upkeep.judges.access.token import token_not_mounted
from upkeep.model import Judgement
from upkeep.records.access import ServiceAccount
from upkeep.records.configuration import (
    ConfigurationDocument,
    ConfigurationFault,
    ConfiguredName,
)
from upkeep.records.workload import ContainerSpec, Pod, PodTemplate

PLACE = "/var/run/secrets/kubernetes.io/serviceaccount"
BARE = template().containers[0]
HOLDER = replace(BARE, token_mounts=(PLACE,))
SILENT = ServiceAccount("default")
WITHOUT = ServiceAccount("default", automount=False)
REFUSED = Forbidden("refused")


def workflows(*actions: str, faults: tuple[ConfigurationFault, ...] = ()) -> ConfigurationDocument:
    name = ConfiguredName("logs", "", "w", 1, "active_workflows[0]", uses=actions)
    return ConfigurationDocument("workflows", "Secret/w", faults, (name,))


ENRICHING = (workflows("issue_enrichment"),)


def admitted(*containers: ContainerSpec) -> tuple[Pod, ...]:
    return tuple(pod(name, specs=containers) for name in "ab")


def judge(
    container: ContainerSpec,
    automount: bool | None,
    account: ServiceAccount | Exception = SILENT,
    documents: tuple[ConfigurationDocument, ...] | Exception = ENRICHING,
    of: PodTemplate | None = None,
) -> Judgement:
    made = of or template(automount=automount)
    return token_not_mounted(
        workload(*admitted(container), template=made), account, documents, install=install()
    )


def test_a_template_that_says_no_passes_without_account_and_configuration():
    judgement = judge(BARE, False, REFUSED, REFUSED)
    assert (judgement.findings, judgement.observed) == (
        (),
        "0 of 2 pods mount a token; the pod template sets automountServiceAccountToken to false",
    )


def test_an_account_that_says_no_passes_where_the_template_says_nothing():
    judgement = judge(BARE, None, WITHOUT, REFUSED)
    assert judgement.findings == ()
    assert judgement.observed.endswith(
        "ServiceAccount/default sets automountServiceAccountToken to false"
    )


@pytest.mark.parametrize(
    ("automount", "account", "said"),
    [
        (None, SILENT, "the pod template does not set automountServiceAccountToken"),
        (None, REFUSED, "the pod template does not set automountServiceAccountToken"),
        (True, WITHOUT, "the pod template sets automountServiceAccountToken to true"),
        (
            None,
            ServiceAccount("default", automount=True),
            "ServiceAccount/default sets automountServiceAccountToken to true",
        ),
    ],
)
def test_a_token_that_no_workflow_uses_fails_with_the_setting_and_the_patch(
    automount: bool | None, account: ServiceAccount | Exception, said: str
):
    (finding,) = judge(HOLDER, automount, account).findings
    assert (finding.code, finding.observed) == ("token-automounted", said)
    assert finding.message == (
        f"Pods of Deployment/cano-collector mount a token of ServiceAccount/default: {said}. "
        "No workflow has the action pod_logs, which uses the Kubernetes API."
    )
    assert finding.next == (
        "kubectl -n monitoring patch deployment cano-collector -p "
        """'{"spec":{"template":{"spec":{"automountServiceAccountToken":false}}}}'"""
    )


def test_the_next_pods_are_judged_by_the_settings_of_now():
    """The account was changed after the pods started: theirs say nothing about the next ones."""
    (finding,) = judge(BARE, None, SILENT).findings
    assert finding.code == "token-automounted"
    assert finding.message.startswith("The next pods of Deployment/cano-collector mount a token")


def test_a_token_in_the_pods_alone_fails_with_a_restart():
    for automount, account in ((False, SILENT), (None, WITHOUT)):
        (finding,) = judge(HOLDER, automount, account).findings
        assert (finding.code, finding.observed, finding.limit) == ("token-in-pods", 2, 0)
        assert finding.next == "kubectl -n monitoring rollout restart deployment cano-collector"


def test_a_volume_of_the_template_holds_a_token_whatever_the_field_says():
    made = template(automount=False, containers=(HOLDER,))
    (finding,) = judge(HOLDER, False, of=made).findings
    assert (finding.code, finding.observed) == (
        "token-volume",
        f"container cano-collector at {PLACE}",
    )


def test_a_workflow_that_reads_pod_logs_declares_the_need():
    judgement = judge(HOLDER, True, documents=(workflows("severity_router", "pod_logs"),))
    assert judgement.findings == ()
    assert judgement.observed.endswith("; pod_logs of 1 workflow uses it: logs")


def test_without_pods_the_template_decides():
    made = workload(pod("a", phase="Succeeded"), template=template(automount=False), replicas=0)
    assert token_not_mounted(made, SILENT, (), install=install())


def test_an_unknown_account_is_unknown_where_it_decides():
    with pytest.raises(Forbidden):
        judge(BARE, None, REFUSED)


def test_an_unknown_configuration_is_unknown_where_a_token_is_mounted():
    with pytest.raises(Forbidden):
        judge(HOLDER, True, documents=REFUSED)


def test_a_faulty_document_hides_the_action():
    fault = ConfigurationFault("w", 1, "active_workflows[1]", "required", "x", "y")
    with pytest.raises(Malformed, match="may hide the action pod_logs"):
        judge(HOLDER, True, documents=(workflows("label_filter", faults=(fault,)),))
    assert judge(HOLDER, True, documents=(workflows("pod_logs", faults=(fault,)),))


def test_a_pod_without_a_container_is_not_judged():
    with pytest.raises(Absent):
        token_not_mounted(
            workload(pod("a", specs=()), template=deployment().template),
            SILENT,
            (),
            install=install(),
        )
