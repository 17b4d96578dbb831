"""Check the installed version and its upgrade (guide: "Upgrade Planning")."""

import pytest

from upkeep.judges.releases import upgrades, versions


@pytest.mark.control(id="version-known", severity="medium", guide="Check current version")
@pytest.mark.quarterly
def test_the_version_that_runs_is_known(judge, workload, program_versions, install):
    """Image tag, APP_VERSION, label and the program itself name one version, the same on every pod.

    Where they disagree nobody knows which faults are fixed, and an upgrade begins with a guess.
    Fix: docs/runbook.md#version-known
    """
    assert judge(versions.version_known(workload, program_versions, install=install))


@pytest.mark.control(id="up-to-date", severity="low", guide="Check for new versions")
@pytest.mark.quarterly
def test_the_installed_chart_is_recent(judge, installed_chart, chart_index, now, limits, install):
    """The installed chart is at most a minor behind the newest of its repository, or has been further behind for less than a quarter.

    Each version that is skipped makes the upgrade larger that is done in a hurry one day.
    Fix: docs/runbook.md#up-to-date
    """
    assert judge(
        versions.up_to_date(installed_chart, chart_index, now=now, limits=limits, install=install)
    )


@pytest.mark.control(id="apis-served", severity="medium", guide="Upgrade planning")
@pytest.mark.quarterly
def test_the_cluster_serves_what_the_release_is_made_of(judge, helm_release, served_apis):
    """The API server serves every apiVersion of the release, and the next Kubernetes minor will.

    An API that goes with an upgrade of the cluster does not take the objects along: it is the next helm upgrade, or rollback, that fails.
    Fix: docs/runbook.md#apis-served
    """
    assert judge(versions.apis_served(helm_release, served_apis))


@pytest.mark.control(id="upgrade-rehearsed", severity="medium", guide="Test upgrade in staging")
@pytest.mark.quarterly
def test_an_upgrade_would_be_accepted(judge, upgrade_rehearsal, install):
    """helm renders the newest chart with the live values, and the API server's dry run accepts every object that would change.

    helm's own dry run asks no admission: a field that cannot be changed stops the real upgrade in the middle.
    Fix: docs/runbook.md#upgrade-rehearsed
    """
    assert judge(upgrades.upgrade(upgrade_rehearsal, install=install))
