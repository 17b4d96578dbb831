"""Check the sign-offs that only a person can give (guide: quarterly checklist)."""

import pytest

from upkeep.judges.attestations import signoffs


@pytest.mark.control(
    id="recovery-rehearsed", severity="medium", guide="Test recovery procedure in staging"
)
@pytest.mark.monthly
def test_recovery_was_rehearsed(judge, attested, target_name, install, now, limits):
    """Recovery was rehearsed in staging this month, and somebody else looked at what came of it.

    A backup that nobody has restored is a hope.
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
    """Runbook, procedures and configuration examples were reviewed this month.

    What is read for the first time in an emergency is wrong in the emergency.
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
    """The architecture was reviewed this quarter, and somebody else looked at what came of it.

    What grew since then was never decided.
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
    """Rights, secrets and network of the collector were audited this quarter.

    What checks find are known kinds of faults; a person finds the others.
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
    """The runbooks were brought up to date this quarter.

    A step that has changed is found in the night otherwise.
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
    """The emergency procedures were reviewed this quarter.

    Who must be called has changed more often than the document.
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


@pytest.mark.control(id="config-fresh", severity="low", guide="CanoCollectorConfigOld")
@pytest.mark.weekly
def test_the_configuration_is_looked_after(
    judge, configuration_metadata, attested_if_any, target_name, install, now, limits
):
    """The configuration changed within the limit, or a person confirmed that it is still right.

    The guide's alert needs a metric that nothing exposes.
    Fix: docs/runbook.md#config-fresh
    """
    assert judge(
        signoffs.configuration_fresh(
            configuration_metadata,
            attested_if_any,
            target=target_name,
            now=now,
            limits=limits,
            install=install,
        )
    )
