"""Check the collector's configuration (guide: "Configuration Review")."""

import pytest

from upkeep.judges.configuration import freshness, validity


@pytest.mark.control(id="config-valid", severity="critical", guide="Validate YAML syntax")
@pytest.mark.weekly
@pytest.mark.emergency
@pytest.mark.gate
def test_the_configuration_is_valid(
    judge, configuration_documents, environment, configuration_written, now, install
):
    """Every configuration document parses and satisfies the collector's rules.

    A fault stops the collector at its next start, or drops alerts.
    Fix: docs/runbook.md#config-valid
    """
    assert judge(
        validity.valid(
            configuration_documents, environment, configuration_written, now=now, install=install
        )
    )


@pytest.mark.control(id="config-fresh", severity="low", guide="CanoCollectorConfigOld")
@pytest.mark.weekly
def test_the_configuration_is_looked_after(
    judge, configuration_metadata, attested_if_any, target_name, install, now, limits
):
    """The configuration changed within the limit, or two people signed it off unchanged.

    No program exposes the metric of the guide's alert CanoCollectorConfigOld.
    Fix: docs/runbook.md#config-fresh
    """
    assert judge(
        freshness.configuration_fresh(
            configuration_metadata,
            attested_if_any,
            target=target_name,
            now=now,
            limits=limits,
            install=install,
        )
    )
