"""What the collector is told to do (guide: "Configuration Review")."""

import pytest

from upkeep.judges import attestations
from upkeep.judges import configuration as judges


@pytest.mark.control(id="config-valid", severity="critical", guide="Validate YAML syntax")
@pytest.mark.weekly
@pytest.mark.emergency
@pytest.mark.gate
def test_the_configuration_is_valid(judge, configuration_documents, environment, configuration_written, now, install):
    """Every configuration document parses safely and satisfies the collector's rules.

    One fault keeps the collector from its next start, or sends alerts to nobody.
    Fix: docs/runbook.md#config-valid
    """
    assert judge(judges.valid(configuration_documents, environment, configuration_written, now=now, install=install))


@pytest.mark.control(id="config-fresh", severity="low", guide="CanoCollectorConfigOld")
@pytest.mark.weekly
def test_the_configuration_is_looked_after(judge, configuration_metadata, attested_if_any, target_name, install, now, limits):
    """The configuration changed within the limit, or a person confirmed that it is still right.

    The guide's alert needs a metric that nothing exposes.
    Fix: docs/runbook.md#config-fresh
    """
    assert judge(
        attestations.configuration_fresh(
            configuration_metadata, attested_if_any, target=target_name, now=now, limits=limits, install=install
        )
    )
