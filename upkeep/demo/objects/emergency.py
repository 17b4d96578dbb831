"""The minimal configuration for an emergency."""

import yaml

from upkeep.demo.state import CANARY, Object, State


def minimal(state: State) -> dict[str, str]:
    """Return the smallest configuration that works: one destination, and one team where needed."""
    if state.layout == "guide":
        hook = {
            "name": "oncall",
            "webhookURL": f"https://hooks.slack.example/services/T0/B9/{CANARY}",
        }
        return {"destinations.yaml": as_yaml({"destinations": {"slack": [hook]}})}
    channel = {"name": "oncall", "api_key": "${SLACK_API_KEY_ONCALL}", "slack_channel": "#oncall"}
    return {
        "destinations.yaml": as_yaml({"destinations": {"slack": [channel]}}),
        "teams.yaml": as_yaml({"teams": [{"name": "default", "destinations": ["oncall"]}]}),
    }


def as_yaml(document: Object) -> str:
    return str(yaml.safe_dump(document, sort_keys=False))
