"""The collector's health paths (guide: "Verify health endpoint")."""

import pytest

from upkeep.judges import health


@pytest.mark.control(id="health-ok", severity="critical", guide="Verify health endpoint")
@pytest.mark.daily
@pytest.mark.emergency
@pytest.mark.gate
def test_every_pod_answers_that_it_is_well(judge, health_answers, workload, install, limits, now):
    """Every pod answers 200 with an ok body on each probe path, in time.

    The guide asks one pod, whichever the Service picks; a second one that is ill stays unseen.
    Fix: docs/runbook.md#health-ok
    """
    assert judge(health.ok(health_answers, workload, install=install, limits=limits, now=now))
