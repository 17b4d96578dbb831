"""Check what the collector's logs say (guide: "Check recent logs for errors", "Log Analysis")."""

import pytest

from upkeep.judges.logs import history, recent


@pytest.mark.control(id="recent-logs-clean", severity="high", guide="Check recent logs for errors")
@pytest.mark.daily
@pytest.mark.emergency
def test_recent_logs_hold_no_error(judge, log_surveys, workload, install, now, limits):
    """The recent logs of each container and of its previous run hold no error-level line.

    The level field decides: the guide's grep counts info lines with the word, and misses a panic.
    Fix: docs/runbook.md#recent-logs-clean
    """
    assert judge(recent.clean(log_surveys, workload, now=now, limits=limits, install=install))


@pytest.mark.control(id="repeated-errors", severity="medium", guide="Check for repeated errors")
@pytest.mark.weekly
def test_no_error_comes_again_and_again(judge, log_history, workload, install, now, limits):
    """No error pattern repeats in a week's logs beyond the limit.

    Identifiers, numbers and times are folded; the guide's sort and uniq count each line once.
    Fix: docs/runbook.md#repeated-errors
    """
    assert judge(history.repeated(log_history, workload, now=now, limits=limits, install=install))


@pytest.mark.control(
    id="no-send-failures", severity="medium", guide="Check for destination failures"
)
@pytest.mark.weekly
def test_every_message_could_be_sent(judge, log_history, workload, install, now, limits):
    """A week's logs hold no failed send.

    Failed sends are counted for each destination.
    Fix: docs/runbook.md#no-send-failures
    """
    assert judge(history.all_sent(log_history, workload, now=now, limits=limits, install=install))
