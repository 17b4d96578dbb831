"""What is kept of the collector's metrics (guide: "Metrics Analysis")."""

import pytest

from upkeep.judges import exports


@pytest.mark.control(id="metrics-exported", severity="low", guide="Export metrics for analysis")
@pytest.mark.monthly
def test_the_metrics_were_exported(judge, export_folder, workload, install, now, limits):
    """The metrics of every pod were saved this month, whole, with the families that later comparisons need.

    The guide's command asks one pod, whichever the Service picks; the others are in no file.
    Fix: docs/runbook.md#metrics-exported
    """
    assert judge(exports.metrics_exported(export_folder, workload, install=install, now=now, limits=limits))
