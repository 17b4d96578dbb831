"""Which of Prometheus' targets are the collector, by the labels of ``up``."""

import re
from collections.abc import Mapping
from typing import Any

import pytest

from fixtures.monitoring import scrape_states
from tests.judges.samples import NOW, install, pod, workload
from upkeep.adapters.prometheus import Prometheus
from upkeep.records import Pod

Target = tuple[dict[str, str], float]


class Targets:
    """A Prometheus that scrapes these targets: it answers the two questions that are asked about ``up``."""

    where, namespace = "http://prometheus", ""

    def __init__(self, targets: tuple[Target, ...]) -> None:
        self.targets = targets
        self.asked: list[str] = []

    def get(self, path: str, query: Mapping[str, str]) -> Any:
        self.asked.append(query["query"])
        matchers = re.findall(r'(\w+)(=~?)"((?:[^"\\]|\\.)*)"', query["query"])
        pattern = {label: re.sub(r"\\(.)", r"\1", text) if operator == "=~" else re.escape(text) for label, operator, text in matchers}
        found = [one for one in self.targets if all(re.fullmatch(text, one[0].get(label, "")) for label, text in pattern.items())]
        result = [{"metric": labels, "value": [NOW.timestamp(), str(value)]} for labels, value in found]
        return {"status": "success", "data": {"resultType": "vector", "result": result}}


def states(*targets: Target, pods: tuple[Pod, ...] = (pod("a"), pod("b"))) -> dict[str, float | None]:
    take = vars(scrape_states)["measurement"].take
    found = take(Prometheus(Targets(targets)), workload(*pods), install(), NOW)
    return {one.pod.removeprefix("cano-collector-"): one.up for one in found}


def named(name: str, up: float = 1.0, **labels: str) -> Target:
    return {"namespace": "monitoring", "pod": f"cano-collector-{name}", "instance": f"10.0.0.{ord(name[0])}:8080"} | labels, up


def test_a_target_is_told_by_the_pods_name():
    assert states(named("a"), named("b", 0.0)) == {"a": 1, "b": 0}
    assert states(named("a", instance="cano-collector-a"), named("b", namespace="other", instance="x")) == {"a": 1, "b": None}


@pytest.mark.parametrize("labels", [{"container": "istio-proxy"}, {"instance": "10.0.0.98:15090"}])
def test_another_container_of_the_pod_is_not_the_collector(labels):
    assert states(named("a"), named("b", **labels)) == {"a": 1, "b": None}
    assert states(named("a"), named("b", **labels), named("b", 0.0, container="cano-collector")) == {"a": 1, "b": 0}


def test_a_target_without_the_pods_name_is_told_by_its_address_and_the_collectors_port():
    of_address = {"instance": "10.0.0.98:8080"}, 1.0
    assert states(named("a"), of_address) == {"a": 1, "b": 1}
    assert states(named("a"), ({"instance": "10.0.0.98:9100"}, 1.0)) == {"a": 1, "b": None}
    # A pod that is scraped twice leaves the other one to be looked for.
    assert states(named("a"), named("a", job="another"), of_address) == {"a": 1, "b": 1}


def test_an_address_of_ipv6_stands_in_brackets():
    pods = pod("a", ip="fd00::a"), pod("b", ip="fd00::b")
    assert states(({"instance": "[fd00::a]:8080"}, 1.0), ({"instance": "[fd00::b]:8080"}, 0.0), pods=pods) == {"a": 1, "b": 0}
