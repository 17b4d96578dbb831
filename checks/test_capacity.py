"""Whether what there is fits, now and next quarter (guide: quarterly "Performance Optimization", "Capacity Planning")."""

import pytest

from upkeep.judges import capacity, sizing


@pytest.mark.control(id="right-sized", severity="low", guide="Analyze resource usage patterns")
@pytest.mark.quarterly
def test_requests_and_limits_fit_what_is_used(judge, usage_history, workload, now, limits, install):
    """Requests and limits fit what the containers use: the p95 of a week is neither a small part of the request nor nearly all of it.

    What is requested and never used is taken from others; what is used and not requested is slowed down, or evicted, first.
    Fix: docs/runbook.md#right-sized
    """
    assert judge(sizing.right_sized(usage_history, workload, now=now, limits=limits, install=install))


@pytest.mark.control(id="capacity-ahead", severity="medium", guide="Capacity Planning")
@pytest.mark.quarterly
def test_capacity_suffices_for_the_quarter_ahead(judge, volume_history, work_history, autoscalers_seen, now, limits, install):
    """The volume of alerts, as it grows, leaves processing room for a quarter.

    More pods take a minute to ask for when nothing is late, and longer in an emergency.
    Fix: docs/runbook.md#capacity-ahead
    """
    assert judge(
        capacity.capacity_ahead(
            volumes=volume_history, work=work_history, autoscalers=autoscalers_seen, now=now, limits=limits, install=install
        )
    )
