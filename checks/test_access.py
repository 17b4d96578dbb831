"""Who may do what (guide: quarterly "Security Audit")."""

import pytest

from upkeep.judges import rights


@pytest.mark.control(id="rbac-least-privilege", severity="high", guide="Review RBAC permissions")
@pytest.mark.quarterly
def test_the_service_account_holds_least_privilege(judge, grants, collector, install):
    """The collector's service account holds nothing beyond reading what it enriches alerts with.

    What it may do, whoever takes the collector over may do, too.
    Fix: docs/runbook.md#rbac-least-privilege
    """
    assert judge(rights.least_privilege(grants, collector, install=install))
