"""Documents that the collector would refuse, or would not do what they seem to."""

from copy import deepcopy
from typing import Any

from upkeep.demo.changes.catalogue import CHART_ONLY, scenario
from upkeep.demo.objects import configuration
from upkeep.demo.state import State


def edit(state: State, **change: Any) -> None:
    """Change the first Slack destination of the document; a key that becomes ``None`` is taken out."""
    document = configuration.destinations(state)
    first = document["destinations"]["slack"][0]
    document["destinations"]["slack"][0] = {
        key: value for key, value in (first | change).items() if value is not None
    }
    configuration.configure(state, document)


@scenario(
    "configuration-not-yaml", "the document of destinations is no YAML any more", "config-valid"
)
def configuration_not_yaml(state: State) -> None:
    configuration.configure(state, "destinations:\n  slack:\n  - name: oncall\n   api_key: [\n")


@scenario("configuration-key-missing", "a destination has lost where it sends to", "config-valid")
def configuration_key_missing(state: State) -> None:
    edit(state, **({"webhookURL": None} if state.layout == "guide" else {"slack_channel": None}))


@scenario("configuration-name-twice", "two destinations have one name", "config-valid")
def configuration_name_twice(state: State) -> None:
    document = configuration.destinations(state)
    document["destinations"]["slack"].append(deepcopy(document["destinations"]["slack"][0]))
    configuration.configure(state, document)


@scenario(
    "configuration-variable-unset",
    "a destination stands for a variable that the container does not have",
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
    "a workflow waits for a namespace that no namespace can be called",
    "config-valid",
    into=CHART_ONLY,
)
def workflow_never_matches(state: State) -> None:
    trigger = {"on_alertmanager_alert": {"namespace": "Payments_EU", "status": "firing"}}
    workflow = {"name": "logs", "triggers": [trigger], "actions": [{"action_type": "pod_logs"}]}
    configuration.configure(
        state, configuration.destinations(state), workflows={"active_workflows": [workflow]}
    )
