"""CronJobs as records: whether their status can know of a success."""

from typing import Any

import pytest

from upkeep.adapters.cluster import objects


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
