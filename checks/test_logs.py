"""Check what the collector's logs say (guide: "Check recent logs for errors", "Log Analysis")."""

import pytest

from upkeep.judges.logs import history, recent


@pytest.mark.control(id="recent-logs-clean", severity="high", guide="Check recent logs for errors")
@pytest.mark.daily
@pytest.mark.emergency
def test_recent_logs_hold_no_error(judge, log_surveys, workload, install, now, limits):
    """The recent log of each container, and of the one before its last restart, holds no error-level line.

    Judged by the level field: the guide's grep counts info lines that mention the word, and misses a panic.
    Fix: docs/runbook.md#recent-logs-clean
    """
    assert judge(recent.clean(log_surveys, workload, now=now, limits=limits, install=install))


@pytest.mark.control(id="repeated-errors", severity="medium", guide="Check for repeated errors")
@pytest.mark.weekly
def test_no_error_comes_again_and_again(judge, log_history, workload, install, now, limits):
    """No error is in a week's logs again and again.

    Lines are alike once identifiers, numbers and times are folded; the guide's sort and uniq count each line once.
    Fix: docs/runbook.md#repeated-errors
    """
    assert judge(history.repeated(log_history, workload, now=now, limits=limits, install=install))


@pytest.mark.control(
    id="no-send-failures", severity="medium", guide="Check for destination failures"
)
@pytest.mark.weekly
def test_every_message_could_be_sent(judge, log_history, workload, install, now, limits):
    """No line of a week's logs says that a message could not be sent.

    Told for each destination: behind every one there is somebody who was not told.
    Fix: docs/runbook.md#no-send-failures
    """
    assert judge(history.all_sent(log_history, workload, now=now, limits=limits, install=install))
