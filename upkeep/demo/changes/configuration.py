"""Configuration documents that the collector refuses or ignores, and old ones."""

from base64 import b64encode
from copy import deepcopy
from typing import Any

from upkeep.demo.changes.catalogue import CHART_ONLY, scenario
from upkeep.demo.objects import attestations, configuration
from upkeep.demo.state import State, stamp


def edit(state: State, **change: Any) -> None:
    """Change the first Slack destination of the document; a key that becomes ``None`` is taken out."""
    document = configuration.destinations(state)
    first = document["destinations"]["slack"][0]
    document["destinations"]["slack"][0] = {
        key: value for key, value in (first | change).items() if value is not None
    }
    configuration.configure(state, document)


@scenario("configuration-not-yaml", "destinations.yaml is not valid YAML", "config-valid")
def configuration_not_yaml(state: State) -> None:
    configuration.configure(state, "destinations:\n  slack:\n  - name: oncall\n   api_key: [\n")


@scenario(
    "configuration-key-missing", "a destination lacks its required channel or URL", "config-valid"
)
def configuration_key_missing(state: State) -> None:
    edit(state, **({"webhookURL": None} if state.layout == "guide" else {"slack_channel": None}))


@scenario("configuration-name-twice", "two destinations have the same name", "config-valid")
def configuration_name_twice(state: State) -> None:
    document = configuration.destinations(state)
    document["destinations"]["slack"].append(deepcopy(document["destinations"]["slack"][0]))
    configuration.configure(state, document)


@scenario(
    "configuration-type-misspelt",
    "destinations.yaml says slak, which the collector ignores in silence",
    "config-valid",
)
def configuration_type_misspelt(state: State) -> None:
    document = configuration.destinations(state)
    document["destinations"]["slak"] = document["destinations"].pop("slack")
    configuration.configure(state, document)


@scenario(
    "configuration-other-key",
    "the volume mounts the key prod.yaml as destinations.yaml; the key destinations.yaml is stale",
    "config-valid",
)
def configuration_other_key(state: State) -> None:
    kind, name = (
        ("configmaps", "cano-collector-config")
        if state.layout == "guide"
        else ("secrets", f"{state.fullname}-destination-secrets")
    )
    data = state.get(kind, name)["data"]
    text = "destinations:\n  slack:\n  - name: oncall\n"
    data["prod.yaml"] = text if kind == "configmaps" else b64encode(text.encode()).decode()
    for volume in state.deployment["spec"]["template"]["spec"]["volumes"]:
        for source in (volume.get("configMap", {}), volume.get("secret", {})):
            if name in source.values():
                source["items"] = [{"key": "prod.yaml", "path": "destinations.yaml"}]


@scenario(
    "chart-grouping-interval-text",
    "grouping_interval is 10m, where the collector reads whole seconds",
    "config-valid",
    into=CHART_ONLY,
)
def grouping_interval_text(state: State) -> None:
    edit(state, grouping_interval="10m")


@scenario(
    "chart-no-workflow",
    "workflows.yaml lists no workflow, which stops the collector",
    "config-valid",
    into=CHART_ONLY,
)
def no_workflow(state: State) -> None:
    document = configuration.destinations(state)
    configuration.configure(state, document, workflows={"active_workflows": []})


@scenario(
    "configuration-variable-unset",
    "a destination refers to a variable that the container lacks",
    "config-valid",
)
def configuration_variable_unset(state: State) -> None:
    edit(
        state, **{"webhookURL" if state.layout == "guide" else "api_key": "${SLACK_API_KEY_ONCAL}"}
    )


@scenario(
    "chart-team-destination-unknown",
    "a team names a destination that does not exist",
    "config-valid",
    into=CHART_ONLY,
)
def team_destination_unknown(state: State) -> None:
    configuration.configure(
        state,
        configuration.destinations(state),
        teams={"teams": [{"name": "default", "destinations": ["on-call", "platform"]}]},
    )


@scenario(
    "chart-workflow-never-matches",
    "a workflow matches a namespace whose name is invalid",
    "config-valid",
    into=CHART_ONLY,
)
def workflow_never_matches(state: State) -> None:
    trigger = {"on_alertmanager_alert": {"namespace": "Payments_EU", "status": "firing"}}
    workflow = {"name": "logs", "triggers": [trigger], "actions": [{"action_type": "pod_logs"}]}
    configuration.configure(
        state, configuration.destinations(state), workflows={"active_workflows": [workflow]}
    )


@scenario(
    "configuration-old",
    "the configuration is two months old, without a sign-off",
    "config-fresh",
)
def configuration_old(state: State) -> None:
    for plural in ("configmaps", "secrets"):
        for item in state.objects[plural]:
            item["metadata"]["creationTimestamp"] = stamp(state.ago(days=60))
            for entry in item["metadata"].get("managedFields", []):
                entry["time"] = stamp(state.ago(days=60))


@scenario(
    "configuration-confirmed",
    "the configuration is two months old, with a valid sign-off",
)
def configuration_confirmed(state: State) -> None:
    configuration_old(state)
    state.attestations.append(
        attestations.entry(state, "config-fresh", "compared with the requests of the teams", days=2)
    )
