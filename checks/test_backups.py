"""Check that backups are made, complete and restorable (guide: "Configuration Review", "Backup Verification")."""

import pytest

from upkeep.judges.backups import job, restores, saved, sets


@pytest.mark.control(id="backup-job-healthy", severity="high", guide="Automated maintenance")
@pytest.mark.daily
def test_the_backup_job_saves_the_configuration(judge, backup_jobs, install, now, limits):
    """The backup CronJob runs, succeeds, and keeps its backups in a mounted volume or an upload.

    The guide's own CronJob never mounts its volume. It succeeds every night and saves nothing.
    Fix: docs/runbook.md#backup-job-healthy
    """
    assert judge(job.job_healthy(backup_jobs, install=install, now=now, limits=limits))


@pytest.mark.control(id="config-backed-up", severity="high", guide="Backup current configuration")
@pytest.mark.weekly
@pytest.mark.emergency
def test_the_configuration_is_backed_up(
    judge, backup_folder, live_configuration, workload_seen, install, now, limits
):
    """The newest backup holds every configuration object of the collector and equals what is live.

    A finding names the keys that differ, who wrote them and whether pods crash since; never a value.
    Fix: docs/runbook.md#config-backed-up
    """
    assert judge(
        saved.configuration_saved(
            backup_folder,
            live_configuration,
            workload_seen,
            install=install,
            now=now,
            limits=limits,
        )
    )


@pytest.mark.control(id="backup-restores", severity="critical", guide="Test configuration restore")
@pytest.mark.monthly
@pytest.mark.emergency
def test_the_backup_restores(
    judge, backup_folder, configuration_references, restore_rehearsal, install
):
    """The API server's dry run accepts the newest backup, over the live objects and as new ones.

    The guide's backup keeps resourceVersion and uid. The API server refuses it once an object has changed.
    Fix: docs/runbook.md#backup-restores
    """
    assert judge(
        restores.restorable(
            backup_folder, configuration_references, restore_rehearsal, install=install
        )
    )


@pytest.mark.control(id="backups-complete", severity="high", guide="Verify backup completeness")
@pytest.mark.monthly
def test_the_backups_are_complete(
    judge, backup_folder, configuration_references, collector, install, now, limits
):
    """The folder holds a whole backup for each day, with Secrets, closed to other users.

    Fix: docs/runbook.md#backups-complete
    """
    assert judge(
        sets.complete(
            backup_folder,
            configuration_references,
            created=collector.created,
            install=install,
            now=now,
            limits=limits,
        )
    )
