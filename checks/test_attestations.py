"""Check the sign-offs of people (guide: "Monthly Tasks", "Quarterly Tasks")."""

import pytest

from upkeep.judges.attestations import signoffs


@pytest.mark.control(
    id="recovery-rehearsed", severity="medium", guide="Test recovery procedure in staging"
)
@pytest.mark.monthly
def test_recovery_was_rehearsed(judge, attested, target_name, install, now, limits):
    """Two people signed off a rehearsal of recovery in staging within the limit.

    Only a restore proves a backup.
    Fix: docs/runbook.md#recovery-rehearsed
    """
    assert judge(
        signoffs.confirmed(
            "recovery-rehearsed",
            attested,
            target=target_name,
            now=now,
            limits=limits,
            install=install,
        )
    )


@pytest.mark.control(id="documentation-current", severity="low", guide="Documentation update")
@pytest.mark.monthly
def test_the_documentation_was_reviewed(judge, attested, target_name, install, now, limits):
    """Two people signed off a review of runbook, procedures and configuration examples.

    An outdated step costs time in an emergency.
    Fix: docs/runbook.md#documentation-current
    """
    assert judge(
        signoffs.confirmed(
            "documentation-current",
            attested,
            target=target_name,
            now=now,
            limits=limits,
            install=install,
        )
    )


@pytest.mark.control(id="architecture-reviewed", severity="low", guide="Architecture review")
@pytest.mark.quarterly
def test_the_architecture_was_reviewed(judge, attested, target_name, install, now, limits):
    """Two people signed off a review of the architecture within the limit.

    Load and dependencies change without a decision.
    Fix: docs/runbook.md#architecture-reviewed
    """
    assert judge(
        signoffs.confirmed(
            "architecture-reviewed",
            attested,
            target=target_name,
            now=now,
            limits=limits,
            install=install,
        )
    )


@pytest.mark.control(id="security-audited", severity="low", guide="Security Audit")
@pytest.mark.quarterly
def test_the_security_was_audited(judge, attested, target_name, install, now, limits):
    """Two people signed off an audit of the collector's rights, Secrets and network.

    Checks find known kinds of faults; an audit finds others.
    Fix: docs/runbook.md#security-audited
    """
    assert judge(
        signoffs.confirmed(
            "security-audited",
            attested,
            target=target_name,
            now=now,
            limits=limits,
            install=install,
        )
    )


@pytest.mark.control(id="runbooks-updated", severity="low", guide="Update runbooks")
@pytest.mark.quarterly
def test_the_runbooks_were_updated(judge, attested, target_name, install, now, limits):
    """Two people signed off an update of the runbooks within the limit.

    Commands and names change with each release.
    Fix: docs/runbook.md#runbooks-updated
    """
    assert judge(
        signoffs.confirmed(
            "runbooks-updated",
            attested,
            target=target_name,
            now=now,
            limits=limits,
            install=install,
        )
    )


@pytest.mark.control(
    id="emergency-procedures-reviewed", severity="low", guide="Emergency procedure review"
)
@pytest.mark.quarterly
def test_the_emergency_procedures_were_reviewed(judge, attested, target_name, install, now, limits):
    """Two people signed off a review of the emergency procedures within the limit.

    The people on call change more often than the document.
    Fix: docs/runbook.md#emergency-procedures-reviewed
    """
    assert judge(
        signoffs.confirmed(
            "emergency-procedures-reviewed",
            attested,
            target=target_name,
            now=now,
            limits=limits,
            install=install,
        )
    )
