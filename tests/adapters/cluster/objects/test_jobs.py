"""CronJobs as records: whether their status can know of a success."""

from datetime import datetime
from typing import Any

import pytest

from upkeep.adapters.cluster import objects
from upkeep.errors import Malformed


@pytest.mark.parametrize(
    ("spec", "job", "records"),
    [
        ({}, {}, True),
        ({"successfulJobsHistoryLimit": 1}, {}, True),
        ({"successfulJobsHistoryLimit": 0}, {}, False),
        ({}, {"ttlSecondsAfterFinished": 3600}, True),
        ({"successfulJobsHistoryLimit": 3}, {"ttlSecondsAfterFinished": 0}, False),
    ],
)
def test_a_cron_job_records_its_successes_unless_its_jobs_go_at_once(
    spec: dict[str, Any], job: dict[str, Any], records: bool
):
    """The controller writes lastSuccessfulTime when it sees the Job (kubernetes/kubernetes#122025)."""
    metadata = {
        "name": "b",
        "namespace": "n",
        "uid": "u",
        "creationTimestamp": "2026-01-02T12:00:00Z",
    }
    template = {"spec": {"template": {"spec": {"containers": [{"name": "c", "image": "i"}]}}} | job}
    assert (
        objects.cron_job(
            {
                "metadata": metadata,
                "spec": {"schedule": "0 2 * * *", "jobTemplate": template} | spec,
            }
        ).records_success
        is records
    )


def test_a_time_zone_and_a_deadline_change_nothing_that_is_judged():
    """DataDog/datadog-agent#36975: the status has instants, whatever zone the schedule is in."""
    spec = {"schedule": "30 8 * * 1-6", "timeZone": "Europe/Paris", "startingDeadlineSeconds": 200}
    template = {"spec": {"template": {"spec": {"containers": [{"name": "c", "image": "i"}]}}}}
    success = "2026-01-02T07:31:00Z"
    found = objects.cron_job(
        {
            "metadata": {
                "name": "b",
                "namespace": "n",
                "uid": "u",
                "creationTimestamp": "2026-01-01T00:00:00Z",
            },
            "spec": spec | {"jobTemplate": template},
            "status": {"lastSuccessfulTime": success},
        }
    )
    assert found.last_success == datetime.fromisoformat(success)


@pytest.mark.parametrize(
    ("conditions", "ended"),
    [
        (["SuccessCriteriaMet"], (False, False)),
        (["FailureTarget"], (False, False)),
        (["SuccessCriteriaMet", "Complete"], (True, False)),
        (["FailureTarget", "Failed"], (False, True)),
        (["Suspended"], (False, False)),
    ],
)
def test_a_job_has_ended_where_its_last_condition_says_so(
    conditions: list[str], ended: tuple[bool, bool]
):
    """kubernetes/kubernetes#123412: a policy's condition comes before the pods are gone."""
    said = [{"type": kind, "status": "True"} for kind in conditions]
    found = objects.job(
        {
            "metadata": {
                "name": "j",
                "namespace": "n",
                "uid": "u",
                "creationTimestamp": "2026-01-01T00:00:00Z",
            },
            "status": {"conditions": said},
        }
    )
    assert (found.succeeded, found.failed) == ended


def test_a_job_that_ended_before_it_was_made_is_malformed():
    metadata = {
        "name": "j",
        "namespace": "n",
        "uid": "u",
        "creationTimestamp": "2026-01-01T00:00:00Z",
    }
    ended = {"conditions": [{"type": "Complete", "status": "True"}]}
    for time, fits in (("2025-12-31T23:55:00Z", True), ("2025-12-31T23:54:59Z", False)):
        raw = {"metadata": metadata, "status": ended | {"completionTime": time}}
        if fits:
            assert objects.job(raw).succeeded
        else:
            with pytest.raises(Malformed, match="it ended before it was made"):
                objects.job(raw)
