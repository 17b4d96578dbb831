"""What only a person can confirm (guide: "Disaster Recovery Testing", "Documentation Update")."""

import pytest

from upkeep.judges import attestations


@pytest.mark.control(id="recovery-rehearsed", severity="medium", guide="Test recovery procedure in staging")
@pytest.mark.monthly
def test_recovery_was_rehearsed(judge, attested, target_name, install, now, limits):
    """Recovery was rehearsed in staging this month, and somebody else looked at what came of it.

    A backup that nobody has restored is a hope.
    Fix: docs/runbook.md#recovery-rehearsed
    """
    assert judge(attestations.confirmed("recovery-rehearsed", attested, target=target_name, now=now, limits=limits, install=install))


@pytest.mark.control(id="documentation-current", severity="low", guide="Documentation update")
@pytest.mark.monthly
def test_the_documentation_was_reviewed(judge, attested, target_name, install, now, limits):
    """Runbook, procedures and configuration examples were reviewed this month.

    What is read for the first time in an emergency is wrong in the emergency.
    Fix: docs/runbook.md#documentation-current
    """
    assert judge(attestations.confirmed("documentation-current", attested, target=target_name, now=now, limits=limits, install=install))
