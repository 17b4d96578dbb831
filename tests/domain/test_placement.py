"""Where pods may go, and what they take there."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from upkeep.domain import placement
from upkeep.records.placement import (
    Apart,
    Demand,
    NodeRoom,
    NodeTerm,
    Placement,
    Spread,
    Toleration,
)
from upkeep.records.selectors import LabelSelector

NODE = NodeRoom("n", 10**9, 10**9, 10, labels={"disk": "ssd", "cores": "8"}, taints=())


@pytest.mark.parametrize(
    ("said", "away"),
    [
        ({}, ""),
        ({"node_selector": {"disk": "ssd"}}, ""),
        ({"node_selector": {"disk": "hdd"}}, "it has no label disk=hdd"),
        ({"node_name": "n"}, ""),
        ({"node_name": "m"}, "the pod template names node m"),
        ({"terms": (NodeTerm(labels=(("disk", "In", ("ssd", "nvme")),)),)}, ""),
        (
            {
                "terms": (
                    NodeTerm(labels=(("disk", "In", ("hdd",)),)),
                    NodeTerm(labels=(("cores", "Gt", ("4",)),)),
                )
            },
            "",
        ),
        (
            {"terms": (NodeTerm(labels=(("disk", "Exists", ()), ("cores", "Lt", ("8",)))),)},
            "affinity",
        ),
        (
            {"terms": (NodeTerm(labels=(("gpu", "NotIn", ("a",)), ("gpu", "DoesNotExist", ()))),)},
            "",
        ),
        ({"terms": (NodeTerm(labels=(("disk", "NotIn", ("ssd",)),)),)}, "affinity"),
        ({"terms": (NodeTerm(labels=(("disk", "Gt", ("4",)),)),)}, "affinity"),
        ({"terms": (NodeTerm(fields=(("metadata.name", "In", ("n",)),)),)}, ""),
        ({"terms": (NodeTerm(fields=(("metadata.name", "NotIn", ("n",)),)),)}, "affinity"),
        ({"terms": (NodeTerm(),)}, "affinity"),  # an empty term selects nothing
        ({"terms": ()}, "affinity"),
    ],
)
def test_a_node_that_pods_may_or_may_not_go_to(said: dict, away: str):
    why = placement.keeps_away(Placement(**said), NODE)
    assert (why == "") is (away == "")
    assert away in why


@pytest.mark.parametrize(
    ("toleration", "taint", "tolerated"),
    [
        (None, ("k", "v", "NoSchedule"), False),
        (Toleration("k", "Equal", "v", "NoSchedule"), ("k", "v", "NoSchedule"), True),
        (Toleration("k", "Equal", "w", "NoSchedule"), ("k", "v", "NoSchedule"), False),
        (Toleration("k", "Equal", "v", "NoExecute"), ("k", "v", "NoSchedule"), False),
        (Toleration("k", "Equal", "v"), ("k", "v", "NoExecute"), True),
        (Toleration("k", "Exists"), ("k", "v", "NoSchedule"), True),
        (Toleration("j", "Exists"), ("k", "v", "NoSchedule"), False),
        (Toleration(operator="Exists"), ("k", "v", "NoExecute"), True),
        (
            Toleration(),
            ("k", "", "NoSchedule"),
            False,
        ),  # an empty key is every key with Exists alone
        (Toleration("k", "Lt", "9"), ("k", "9", "NoSchedule"), False),
        (
            Toleration(placement.UNSCHEDULABLE, "Exists"),
            (placement.UNSCHEDULABLE, "", "NoSchedule"),
            True,
        ),
    ],
)
def test_a_taint_is_tolerated_or_keeps_pods_away(
    toleration: Toleration | None, taint: tuple[str, str, str], tolerated: bool
):
    node = NodeRoom("n", 1, 1, 1, taints=(taint,))
    said = Placement(tolerations=(toleration,) if toleration else ())
    assert (placement.keeps_away(said, node) == "") is tolerated


def test_a_named_node_is_gone_to_without_the_scheduler():
    named = Placement(node_name="n")
    assert (
        placement.keeps_away(named, NodeRoom("n", 1, 1, 1, taints=(("k", "", "NoSchedule"),))) == ""
    )
    assert (
        placement.keeps_away(named, NodeRoom("n", 1, 1, 1, taints=(("k", "", "NoExecute"),))) != ""
    )


def rooms(*names: str, pods: int = 3, **zones: str) -> list[NodeRoom]:
    return [
        NodeRoom(
            name,
            10**9,
            10**9,
            pods,
            labels={"host": name} | ({"zone": zones[name]} if name in zones else {}),
        )
        for name in names
    ]


@pytest.mark.parametrize(
    ("apart", "nodes", "taken", "same_revision", "count"),
    [
        ((), rooms("a", "b"), ["a"], True, 6),
        ((Apart("host"),), rooms("a", "b", "c"), ["a", "b"], True, 1),
        ((Apart("host"),), rooms("a", "b"), ["a", "b"], True, 0),
        ((Apart("host", across_revisions=False),), rooms("a", "b"), ["a", "b"], False, 2),
        ((Apart("host", across_revisions=False),), rooms("a", "b"), ["a", "b"], True, 0),
        ((Apart("host"),), rooms("a", "b", pods=0), [], True, 0),
        ((Apart("zone"),), rooms("a", "b", "c", a="x", b="x", c="y"), ["a"], True, 1),
        (
            (Apart("zone"),),
            rooms("a", "b", a="x"),
            [],
            True,
            4,
        ),  # a node in no zone is bound by no rule of zones
        ((Apart("host"), Apart("zone")), rooms("a", "b", a="x", b="x"), [], True, 1),
        ((Apart("host"),), [], ["gone"], True, 0),
    ],
)
def test_how_many_pods_fit_that_must_be_apart(apart, nodes, taken, same_revision, count):
    assert (
        placement.fit(
            Placement(apart=apart), nodes, Demand(), taken=taken, same_revision=same_revision
        )
        == count
    )


def spread(key: str = "zone", skew: int = 1, **more: Any) -> Spread:
    return Spread(key, skew, LabelSelector({}), **more)


def holding(nodes: list[NodeRoom], *counts: int) -> list[NodeRoom]:
    """With so many pods of theirs already."""
    return [replace(room, spread=(count,)) for room, count in zip(nodes, counts, strict=True)]


ZONES = {"a": "x", "b": "x", "c": "y"}


@pytest.mark.parametrize(
    ("rule", "nodes", "count"),
    [
        (
            spread(),
            holding(rooms("a", "b", "c", pods=3, **ZONES), 0, 0, 0),
            7,
        ),  # y takes three, x four
        (spread(skew=2), holding(rooms("a", "b", "c", pods=3, **ZONES), 0, 0, 0), 8),
        (spread(), holding(rooms("a", "b", "c", pods=3, **ZONES), 2, 0, 0), 5),
        (
            spread(),
            holding(rooms("a", "c", pods=9, a="x", c="y"), 0, 0)[:1],
            9,
        ),  # one domain has no other to be even with
        (spread(least_domains=2), holding(rooms("a", pods=9, a="x"), 0), 1),
        (spread(least_domains=2), holding(rooms("a", pods=9, a="x"), 1), 0),
        (spread("host"), holding(rooms("a", "b", "c"), 1, 1, 0), 9),
        # What is full or down is a domain all the same, and what the template leaves out, or has not the label, is none.
        (
            spread("host"),
            [
                *holding(rooms("a", "b"), 1, 1),
                NodeRoom("c", 0, 0, 0, labels={"host": "c"}, spread=(0,)),
            ],
            0,
        ),
        (
            spread("host"),
            [
                *holding(rooms("a", "b"), 1, 1),
                replace(rooms("c")[0], closed="it is not ready", spread=(0,)),
            ],
            0,
        ),
        (spread("host"), [*holding(rooms("a", "b"), 1, 1), NodeRoom("c", 9, 9, 9, spread=(0,))], 6),
        (spread(), holding(rooms("a", "b", pods=3, a="x"), 0, 0), 3),
    ],
)
def test_how_many_pods_fit_that_must_be_spread(rule: Spread, nodes: list[NodeRoom], count: int):
    assert (
        placement.fit(Placement(spread=(rule,)), nodes, Demand(), taken=(), same_revision=True)
        == count
    )


def test_a_spread_of_one_revision_counts_the_pods_of_it_alone():
    rule = spread("host", across_revisions=False)
    nodes = holding(rooms("a", "b", pods=1), 1, 0)
    assert (
        placement.fit(Placement(spread=(rule,)), nodes, Demand(), taken=["a"], same_revision=True)
        == 2
    )
    # With two there and none here, one more goes to the emptier node alone.
    full = [replace(nodes[0], pods=5), replace(nodes[1], pods=1)]
    assert (
        placement.fit(
            Placement(spread=(rule,)), full, Demand(), taken=["a", "a"], same_revision=True
        )
        == 1
    )
    assert (
        placement.fit(
            Placement(spread=(rule,)), full, Demand(), taken=["a", "a"], same_revision=False
        )
        == 3
    )


def test_a_node_that_the_template_leaves_out_is_no_domain():
    rule, nodes = spread("host"), holding(rooms("a", "b", "c"), 1, 1, 0)
    terms = (NodeTerm(labels=(("host", "In", ("a", "b")),)),)
    assert (
        placement.fit(
            Placement(spread=(rule,), terms=terms), nodes, Demand(), taken=(), same_revision=True
        )
        == 6
    )


def test_pods_apart_and_spread_are_placed_by_both_rules():
    nodes = holding(rooms("a", "b", "c", **ZONES), 0, 0, 0)
    both = Placement(apart=(Apart("host"),), spread=(spread(),))
    assert placement.fit(both, nodes, Demand(), taken=(), same_revision=True) == 3
    crowded = holding(rooms("a", "b", "d", "c", a="x", b="x", d="x", c="y"), 0, 0, 0, 0)
    assert (
        placement.fit(both, crowded, Demand(), taken=(), same_revision=True) == 3
    )  # x would have three, and y one


@given(
    st.lists(
        st.tuples(st.sampled_from("xyz"), st.integers(0, 3), st.integers(0, 3)),
        min_size=1,
        max_size=5,
    ),
    st.integers(1, 3),
)
def test_a_looser_spread_never_takes_fewer(nodes: list[tuple[str, int, int]], skew: int):
    there = [
        NodeRoom(f"n{number}", 1, 1, free, labels={"zone": zone}, spread=(count,))
        for number, (zone, free, count) in enumerate(nodes)
    ]
    found = [
        placement.fit(
            Placement(spread=(spread(skew=wide),)), there, Demand(), taken=(), same_revision=True
        )
        for wide in (skew, skew + 1)
    ]
    assert found[0] <= found[1] <= sum(free for _, free, _ in nodes)


@pytest.mark.parametrize(
    ("wanted", "count"),
    [
        (Demand(), 10),
        (Demand(cpu_request=3 * 10**8), 3),
        (Demand(memory_request=5 * 10**8), 2),
        (Demand(cpu_request=2 * 10**9), 0),
    ],
)
def test_how_many_pods_fit_by_requests(wanted: Demand, count: int):
    assert placement.fitting(NODE, wanted) == count
