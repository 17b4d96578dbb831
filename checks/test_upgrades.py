"""Whether an upgrade would go through, before anybody does it (guide: "Upgrade Planning")."""

import pytest

from upkeep.judges import upgrade_rehearsals


@pytest.mark.control(id="upgrade-rehearsed", severity="medium", guide="Test upgrade in staging")
@pytest.mark.quarterly
def test_an_upgrade_would_be_accepted(judge, upgrade_rehearsal, install):
    """helm renders the newest chart with the live values, and the API server's dry run accepts every object that would change.

    helm's own dry run asks no admission: a field that cannot be changed stops the real upgrade in the middle.
    Fix: docs/runbook.md#upgrade-rehearsed
    """
    assert judge(upgrade_rehearsals.upgrade(upgrade_rehearsal, install=install))
