"""The minimal configuration for an emergency."""

from upkeep.demo.objects.stored import as_yaml
from upkeep.demo.state import CANARY, State


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
