"""What pods take, after defaults."""

import pytest

from tests.judges.samples import template
from upkeep.domain import demands
from upkeep.records.placement import Demand, LimitRange
from upkeep.records.workload import ContainerResources, ContainerSpec


@pytest.mark.parametrize(
    ("said", "ranges", "found"),
    [
        ({}, (), (None, None)),
        ({"memory_limit_bytes": 9}, (), (9, 9)),  # a limit is the request, too
        ({"memory_request_bytes": 5, "memory_limit_bytes": 9}, (), (5, 9)),
        (
            {},
            (
                LimitRange(
                    "r", "Container", default_limit={"memory": 8}, default_request={"memory": 4}
                ),
            ),
            (4, 8),
        ),
        (
            {"memory_request_bytes": 5},
            (
                LimitRange(
                    "r", "Container", default_limit={"memory": 8}, default_request={"memory": 4}
                ),
            ),
            (5, 8),
        ),
        (
            {"memory_limit_bytes": 9},
            (LimitRange("r", "Container", default_request={"memory": 4}),),
            (9, 9),
        ),
        ({}, (LimitRange("r", "Pod", default_limit={"memory": 8}),), (None, None)),
        (
            {},
            (
                LimitRange("r", "Container"),
                LimitRange("s", "Container", default_limit={"memory": 8}),
            ),
            (None, 8),
        ),
    ],
)
def test_what_a_container_gets_that_does_not_say(said: dict[str, int], ranges: tuple, found: tuple):
    one = demands.with_defaults(
        ContainerSpec("c", "i", resources=ContainerResources("c", **said)), ranges
    )
    assert (one.memory_request_bytes, one.memory_limit_bytes) == found


def test_a_limit_of_cpu_is_the_request_too():
    spec = ContainerSpec("c", "i", resources=ContainerResources("c", cpu_limit_nanocores=9))
    assert demands.demand(template(containers=(spec,))) == Demand(cpu_request=9, cpu_limit=9)


def test_what_a_template_takes_with_its_init_containers_and_sidecars():
    def container(name: str, memory: int, **more: bool) -> ContainerSpec:
        return ContainerSpec(
            name, "i", resources=ContainerResources(name, memory_request_bytes=memory), **more
        )

    own = template(containers=(container("a", 100), container("b", 50)))
    assert demands.demand(own).memory_request == 150
    first = (container("s", 30, restarts=True), container("i", 200))
    both = template(containers=own.containers, init_containers=first)
    assert demands.demand(both).memory_request == 230
    whole = template(
        containers=own.containers,
        init_containers=first,
        resources=ContainerResources("", memory_request_bytes=70),
    )
    assert demands.demand(whole).memory_request == 70
