"""Where alerts are sent (guide: "Check destination success rates")."""

import pytest

from upkeep.judges import destinations as judges


@pytest.mark.control(id="destinations-succeed", severity="high", guide="Check destination success rates")
@pytest.mark.daily
@pytest.mark.gate
def test_every_destination_takes_its_messages(judge, counter_history, destinations, install, now, limits):
    """Every destination takes the messages that are sent to it; each configured one is listed, also without traffic.

    A destination that fails is a team that is not told.
    Fix: docs/runbook.md#destinations-succeed
    """
    assert judge(judges.succeed(counter_history, destinations, now=now, limits=limits, install=install))
