"""What the collector is told to do (guide: "Configuration Review")."""

import pytest

from upkeep.judges import configuration as judges


@pytest.mark.control(id="config-valid", severity="critical", guide="Validate YAML syntax")
@pytest.mark.weekly
@pytest.mark.gate
def test_the_configuration_is_valid(judge, configuration_documents, environment, install):
    """Every configuration document parses safely and satisfies the collector's rules.

    One fault keeps the collector from its next start, or sends alerts to nobody.
    Fix: docs/runbook.md#config-valid
    """
    assert judge(judges.valid(configuration_documents, environment, install=install))
