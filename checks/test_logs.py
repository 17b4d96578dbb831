"""The collector's logs (guide: "Check recent logs for errors")."""

import pytest

from upkeep.judges import logs


@pytest.mark.control(id="recent-logs-clean", severity="high", guide="Check recent logs for errors")
@pytest.mark.daily
@pytest.mark.emergency
def test_recent_logs_hold_no_error(judge, log_surveys, workload, install, now, limits):
    """The recent log of each container, and of the one before its last restart, holds no error-level line.

    Judged by the level field: the guide's grep counts info lines that mention the word, and misses a panic.
    Fix: docs/runbook.md#recent-logs-clean
    """
    assert judge(logs.clean(log_surveys, workload, now=now, limits=limits, install=install))
