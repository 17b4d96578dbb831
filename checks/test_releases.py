"""Check the installed version and its upgrade (guide: "Upgrade Planning")."""

import pytest

from upkeep.judges.releases import served_apis as apis
from upkeep.judges.releases import up_to_date, upgrades, version_known


@pytest.mark.control(id="version-known", severity="medium", guide="Check current version")
@pytest.mark.quarterly
def test_the_version_that_runs_is_known(judge, workload, program_versions, install):
    """Image tag, APP_VERSION, label and program name one version, the same on every pod.

    Without it the fixed faults are unknown, and an upgrade begins with a guess.
    Fix: docs/runbook.md#version-known
    """
    assert judge(version_known.version_known(workload, program_versions, install=install))


@pytest.mark.control(id="up-to-date", severity="low", guide="Check for new versions")
@pytest.mark.quarterly
def test_the_installed_chart_is_recent(judge, installed_chart, chart_index, now, limits, install):
    """The installed chart is at most a minor behind the newest, or more for less than a quarter.

    Each skipped version makes a later, urgent upgrade larger.
    Fix: docs/runbook.md#up-to-date
    """
    assert judge(
        up_to_date.up_to_date(installed_chart, chart_index, now=now, limits=limits, install=install)
    )


@pytest.mark.control(id="apis-served", severity="medium", guide="Upgrade planning")
@pytest.mark.quarterly
def test_the_cluster_serves_what_the_release_is_made_of(judge, helm_release, served_apis):
    """This Kubernetes minor and the next serve every apiVersion of the release.

    A removed API keeps its objects; the next helm upgrade or rollback fails.
    Fix: docs/runbook.md#apis-served
    """
    assert judge(apis.apis_served(helm_release, served_apis))


@pytest.mark.control(id="upgrade-rehearsed", severity="medium", guide="Test upgrade in staging")
@pytest.mark.quarterly
def test_an_upgrade_would_be_accepted(judge, upgrade_rehearsal, install):
    """helm renders the newest chart with the live values; each changed object's dry run is accepted.

    helm's own dry run skips admission: an immutable field stops the real upgrade midway.
    Fix: docs/runbook.md#upgrade-rehearsed
    """
    assert judge(upgrades.upgrade(upgrade_rehearsal, install=install))
