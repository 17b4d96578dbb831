"""The backup of the collector's configuration (guide: "Automated maintenance", "Backup Verification")."""

import pytest

from upkeep.judges import backups


@pytest.mark.control(id="backup-job-healthy", severity="high", guide="Automated maintenance")
@pytest.mark.daily
def test_the_backup_job_saves_the_configuration(judge, backup_jobs, install, now, limits):
    """The backup CronJob runs, succeeds, and writes to a volume that is really mounted.

    The guide's own CronJob declares its volume and never mounts it: it succeeds every night and saves nothing.
    Fix: docs/runbook.md#backup-job-healthy
    """
    assert judge(backups.job_healthy(backup_jobs, install=install, now=now, limits=limits))
