"""Where alerts are sent (guide: "Check destination success rates")."""

import pytest

from upkeep.judges import destinations as judges
from upkeep.judges import trends


@pytest.mark.control(id="destinations-succeed", severity="high", guide="Check destination success rates")
@pytest.mark.daily
@pytest.mark.gate
def test_every_destination_takes_its_messages(judge, counter_history, destinations, install, now, limits):
    """Every destination takes the messages that are sent to it; each configured one is listed, also without traffic.

    A destination that fails is a team that is not told.
    Fix: docs/runbook.md#destinations-succeed
    """
    assert judge(judges.succeed(counter_history, destinations, now=now, limits=limits, install=install))


@pytest.mark.control(id="destinations-used", severity="low", guide="Check for unused destinations")
@pytest.mark.weekly
def test_every_destination_is_used(judge, counter_history, destinations, configuration_documents, install, now, limits):
    """Every destination is named by the team that alerts reach, and got a message in the window.

    What nobody is told through is a promise that is not kept, or a key that should be taken back.
    Fix: docs/runbook.md#destinations-used
    """
    assert judge(judges.used(counter_history, destinations, configuration_documents, now=now, limits=limits, install=install))


@pytest.mark.control(id="destinations-fast", severity="medium", guide="Analyze destination performance")
@pytest.mark.monthly
@pytest.mark.emergency
def test_every_destination_takes_its_messages_quickly(judge, timing_history, destinations, install, now, limits):
    """Every destination takes its messages quickly, and no slower than it used to.

    The guide prints the buckets of a histogram; what they say of each destination is nobody's to add up by hand.
    Fix: docs/runbook.md#destinations-fast
    """
    assert judge(trends.destinations_fast(timing_history, destinations, now=now, limits=limits, install=install))
