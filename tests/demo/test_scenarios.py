"""The catalogue: names, sentences, one change each, and the canary in everything secret."""

import base64
import gzip
import json
from copy import deepcopy
from functools import cache

import pytest
import yaml

from tests.demo.conftest import NOW
from upkeep import demo
from upkeep.commands import suite
from upkeep.demo.objects.columns import COLUMNS
from upkeep.demo.server.api import Api
from upkeep.demo.server.tables import table
from upkeep.model import CADENCES

# Every control must have a scenario that makes it fail.
CONTROLS = set(suite.declared(CADENCES))
CATALOGUE = demo.names(faults=False)


@cache
def untouched(name: str) -> demo.State:
    """Return what a layout serves before any scenario changed anything; its objects are its own."""
    return deepcopy(demo.parse(name).state(NOW))


@pytest.mark.parametrize("name", [name for name in CATALOGUE if name not in ("healthy", "chart")])
def test_each_scenario_differs_from_healthy_and_leaves_no_trace_in_the_next(name: str) -> None:
    scenario = demo.parse(name)
    healthy = "healthy" if scenario.layout == "guide" else "chart"
    before = untouched(healthy)
    changed = scenario.state(NOW)
    assert changed != before or changed.denied
    assert demo.parse(healthy).state(NOW) == before
    assert scenario.summary
    assert scenario.hits == () or set(scenario.hits) <= CONTROLS
    for plural in COLUMNS:
        rows = table(plural, Api(changed, lambda: NOW).stored(plural), {}, NOW, whole=False)["rows"]
        assert all(isinstance(cell, str | int) for row in rows for cell in row["cells"]), plural


@pytest.mark.parametrize("prefix", ["", "chart/"])
def test_every_control_has_a_scenario_of_its_own(prefix: str) -> None:
    alone = {
        demo.parse(name).hits[0]
        for name in CATALOGUE
        if name.startswith("chart") is bool(prefix) and len(demo.parse(name).hits) == 1
    }
    # A rule that cannot fire is not quiet either: the daily control looks at what the weekly one does, and at more. A restart that is refused is
    # half a restore.
    assert alone == CONTROLS - {"maintenance-alerts-loaded", "restart-rehearsed"}
    assert {control for name in CATALOGUE for control in demo.parse(name).hits} == CONTROLS


def test_both_layouts_have_the_same_catalogue() -> None:
    guide = {name for name in CATALOGUE if not name.startswith("chart")} - {"healthy"}
    chart = {name.removeprefix("chart/") for name in CATALOGUE if name.startswith("chart/")}
    # The chart alone has workflows.yaml, which declares the need for the Kubernetes API.
    assert guide - {"token-used-by-workflow"} == chart


@pytest.mark.parametrize(
    ("text", "nearest"),
    [("crash-loopin", "crash-looping"), ("forbiden@pods", "forbidden@pods"), ("helthy", "healthy")],
)
def test_an_unknown_name_is_answered_with_the_nearest(text: str, nearest: str) -> None:
    with pytest.raises(demo.UnknownScenario, match=f"'{nearest}'"):
        demo.start(text)


@pytest.mark.parametrize("name", ["healthy", "chart"])
def test_every_secret_value_carries_the_canary(name: str) -> None:
    with demo.start(name, now=lambda: NOW) as cluster:
        assert (
            demo.CANARY
            in yaml.safe_load(cluster.kubeconfig.read_text())["users"][0]["user"]["token"]
        )
        state = cluster.state
    for secret in state.objects["secrets"]:
        if secret["type"] == "helm.sh/release.v1":
            assert demo.CANARY in unpacked(base64.b64decode(secret["data"]["release"]).decode())
            continue
        for key, value in secret["data"].items():
            assert demo.CANARY in base64.b64decode(value).decode() or key == "workflows.yaml", (
                secret["metadata"]["name"],
                key,
            )
    plain = json.dumps([state.objects[plural] for plural in ("deployments", "pods", "configmaps")])
    assert demo.CANARY not in plain + json.dumps(
        [item["metadata"] for item in state.objects["secrets"]]
    )


@pytest.mark.parametrize("layout", ["", "chart/"])
@pytest.mark.parametrize(
    ("name", "plural"),
    [("credential-in-env", "deployments"), ("webhook-in-configmap", "configmaps")],
)
def test_what_stands_in_plain_sight_carries_the_canary(name: str, plural: str, layout: str) -> None:
    assert demo.CANARY in json.dumps(demo.parse(layout + name).state(NOW).objects[plural])


@pytest.mark.parametrize("name", ["secrets-applied", "chart/secrets-applied"])
def test_what_kubectl_repeats_of_a_secret_carries_the_canary(name: str) -> None:
    secrets = demo.parse(name).state(NOW).objects["secrets"]
    texts = [
        text
        for item in secrets
        for key, text in item["metadata"].get("annotations", {}).items()
        if "last-applied" in key
    ]
    values = [
        base64.b64decode(value).decode()
        for text in texts
        for value in json.loads(text)["data"].values()
    ]
    assert any(demo.CANARY in value for value in values)


def unpacked(release: str) -> str:
    """A release as helm stores it."""
    return gzip.decompress(base64.b64decode(release)).decode()


def test_a_release_in_a_configmap_carries_the_canary_too() -> None:
    state = demo.parse("healthy").state(NOW)
    (stored,) = [
        item
        for item in state.objects["configmaps"]
        if item["metadata"]["labels"].get("owner") == "helm"
    ]
    release = json.loads(unpacked(stored["data"]["release"]))
    assert demo.CANARY in json.dumps(release["config"])


@pytest.mark.parametrize(
    "name",
    [
        "errors-in-logs",
        "panic-in-logs",
        "recovered-panic-in-logs",
        "crash-looping",
        "errors-in-previous-log",
    ],
)
def test_what_is_secret_in_a_log_carries_the_canary(name: str) -> None:
    state = demo.parse(name).state(NOW)
    texts = [text for runs in state.processes.values() for run in runs for _, text in run.log]
    leaky = [text for text in texts if "https://" in text or "Authorization" in text]
    assert leaky
    assert all(demo.CANARY in text for text in leaky)


@pytest.mark.parametrize("name", ["healthy", "chart"])
def test_a_healthy_log_covers_the_last_day_without_a_bad_line(name: str) -> None:
    for runs in demo.parse(name).state(NOW).processes.values():
        assert (NOW - runs[-1].log[0][0]).days >= 2
        assert (NOW - runs[-1].log[-1][0]).total_seconds() < 3600
        assert len(runs[-1].log) >= 100


def test_times_are_offsets_from_the_start() -> None:
    first, second = (demo.parse("healthy").state(NOW.replace(year=year)) for year in (2026, 2031))
    assert first.deployment["metadata"]["creationTimestamp"] == "2026-02-02T05:06:07Z"
    assert second.deployment["metadata"]["creationTimestamp"] == "2031-02-02T05:06:07Z"
