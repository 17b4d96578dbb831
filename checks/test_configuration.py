"""Check the collector's configuration (guide: "Configuration Review")."""

import pytest

from upkeep.judges.configuration import validity


@pytest.mark.control(id="config-valid", severity="critical", guide="Validate YAML syntax")
@pytest.mark.weekly
@pytest.mark.emergency
@pytest.mark.gate
def test_the_configuration_is_valid(
    judge, configuration_documents, environment, configuration_written, now, install
):
    """Every configuration document parses safely and satisfies the collector's rules.

    One fault keeps the collector from its next start, or sends alerts to nobody.
    Fix: docs/runbook.md#config-valid
    """
    assert judge(
        validity.valid(
            configuration_documents, environment, configuration_written, now=now, install=install
        )
    )
