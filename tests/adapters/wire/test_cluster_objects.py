"""Every object of every embedded cluster fits the type that it is decoded into: a scenario is a fault, never a broken API."""

import json
from datetime import UTC, datetime
from typing import Any

from upkeep.adapters.wire import access, content, pods, scheduling, serving, workloads
from upkeep.adapters.wire.decoding import decode
from upkeep.adapters.wire.meta import PartialObjectMetadata
from upkeep.demo.healthy import healthy
from upkeep.demo.scenarios import SCENARIOS
from upkeep.errors import Malformed

NOON = datetime(2026, 1, 2, 12, 0, tzinfo=UTC)
MODULES = (access, content, pods, scheduling, serving, workloads)


def declared(kind: str) -> Any:
    return next((vars(module)[kind] for module in MODULES if kind in vars(module)), None)


def test_every_scenario_holds_what_the_api_describes():
    unfit, types = [], set()
    for scenario in SCENARIOS.values():
        if scenario.fault is not None:
            continue
        state = healthy(scenario.layout, NOON)
        scenario.change(state)
        for plural, items in state.objects.items():
            for item in items:
                type = declared(item["kind"]) or PartialObjectMetadata
                types.add(type.__name__)
                try:
                    decode(json.dumps(item).encode(), type, what=item["kind"])
                except Malformed as error:
                    unfit.append(f"{scenario.name}: {plural}: {error}")
    assert not unfit, "\n".join(sorted(set(unfit)))
    assert {"Pod", "Deployment", "Role", "Secret", "Node", "EndpointSlice", "CronJob"} <= types
