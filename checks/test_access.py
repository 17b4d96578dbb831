"""Who may do what (guide: quarterly "Security Audit")."""

import pytest

from upkeep.judges import guarding, rights


@pytest.mark.control(id="rbac-least-privilege", severity="high", guide="Review RBAC permissions")
@pytest.mark.quarterly
def test_the_service_account_holds_least_privilege(judge, grants, collector, install):
    """The collector's service account holds nothing beyond reading what it enriches alerts with.

    What it may do, whoever takes the collector over may do, too.
    Fix: docs/runbook.md#rbac-least-privilege
    """
    assert judge(rights.least_privilege(grants, collector, install=install))


@pytest.mark.control(id="secrets-guarded", severity="high", guide="Audit secret management")
@pytest.mark.quarterly
def test_the_secrets_are_guarded(judge, rbac_policy, secret_inventory, config_map_exposures, collector, secret_readers, install):
    """Who can read the collector's Secrets is on the allowed list, and no credential stands where no right to Secrets is needed.

    A right to start pods or to act as others reads Secrets as well as a right to list them, and a ConfigMap is read by everybody.
    Fix: docs/runbook.md#secrets-guarded
    """
    assert judge(guarding.guarded(rbac_policy, secret_inventory, config_map_exposures, collector, allowed=secret_readers, install=install))
