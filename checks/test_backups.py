"""Check that backups are made, complete and restorable (guide: "Configuration Review", "Backup Verification")."""

import pytest

from upkeep.judges.backups import job, restores, sets


@pytest.mark.control(id="backup-job-healthy", severity="high", guide="Automated maintenance")
@pytest.mark.daily
def test_the_backup_job_saves_the_configuration(judge, backup_jobs, install, now, limits):
    """The backup CronJob runs, succeeds, and writes to a volume that is really mounted.

    The guide's own CronJob declares its volume and never mounts it: it succeeds every night and saves nothing.
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

    Differences are shown by the names of the keys, never by their values; with who made them, and whether pods crash since.
    Fix: docs/runbook.md#config-backed-up
    """
    assert judge(
        sets.configuration_saved(
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
    """The newest backup can be restored: the API server's own dry run accepts it, over the live objects and where they are gone.

    The guide's backup keeps resourceVersion and uid, and its restore is refused exactly when it is needed.
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
    """There is a backup for each day of the window, whole, with the Secrets beside the configuration, and not readable by others.

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
