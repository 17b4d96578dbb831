"""The collector's configuration, and the Secrets that it takes keys and webhook URLs from."""

import base64

from upkeep.demo.objects.stored import applied, as_yaml, make
from upkeep.demo.state import CANARY, Object, State

# As the chart's default: without a workflow the collector does not start.
WORKFLOWS: Object = {
    "active_workflows": [
        {
            "name": "default-firing-alerts",
            "triggers": [{"on_alertmanager_alert": {"status": "firing"}}],
            "actions": [{"action_type": "issue_enrichment"}],
        }
    ]
}


def webhook(kind: str) -> str:
    """A URL that is a key: whoever knows it may post."""
    return f"https://hooks.{kind}.example/services/T0/B0/{CANARY}"


def destinations(state: State) -> Object:
    """The collector's destinations document in the layout's own form, as data."""
    if state.layout == "guide":
        teams = [{"name": "platform", "webhookURL": "${TEAMS_WEBHOOK}"}]
        return {
            "destinations": {
                "slack": [{"name": "oncall", "webhookURL": "${SLACK_WEBHOOK}"}],
                "msteams": teams,
            }
        }
    oncall = {
        "name": "oncall",
        "api_key": "${SLACK_API_KEY_ONCALL}",
        "slack_channel": "#oncall",
        "grouping_interval": 600,
    }
    return {
        "destinations": {
            "slack": [
                oncall,
                {
                    "name": "platform",
                    "api_key": f"xoxb-{CANARY}-platform",
                    "slack_channel": "#platform",
                },
            ]
        }
    }


def configure(
    state: State,
    document: Object | str,
    *,
    teams: Object | None = None,
    workflows: Object | None = None,
) -> None:
    """Store the destinations document where the layout keeps it, and the objects beside it; a text is stored as it is."""
    created = state.ago(days=12)
    text = document if isinstance(document, str) else as_yaml(document)
    encode = {key: base64.b64encode(value.encode()).decode() for key, value in {
        "text": text, "workflows": as_yaml(workflows or WORKFLOWS), "hook": webhook("slack"), "teams": webhook("teams"),
        "key": f"xoxb-{CANARY}-oncall", "dsn": f"https://{CANARY}@sentry.example/1",
    }.items()}  # fmt: skip
    for plural in ("configmaps", "secrets"):
        state.objects[plural] = [
            item
            for item in state.objects[plural]
            if item["metadata"]["labels"].get("owner") == "helm"
        ]
    if state.layout == "guide":
        state.add(
            applied(
                make(
                    state,
                    "ConfigMap",
                    "cano-collector-config",
                    created,
                    {"app": "cano-collector"},
                    data={"destinations.yaml": text},
                )
            ),
            make(
                state,
                "Secret",
                "cano-collector-secrets",
                created,
                type="Opaque",
                data={"slack-webhook": encode["hook"], "teams-webhook": encode["teams"]},
            ),
        )
        return
    name = state.fullname
    named = as_yaml(
        teams or {"teams": [{"name": "default", "destinations": ["oncall", "platform"]}]}
    )
    state.add(
        make(state, "ConfigMap", f"{name}-teams", created, data={"teams.yaml": named}),
        make(
            state,
            "Secret",
            f"{name}-destination-secrets",
            created,
            type="Opaque",
            data={"destinations.yaml": encode["text"]},
        ),
        make(
            state,
            "Secret",
            f"{name}-workflows-secrets",
            created,
            type="Opaque",
            data={"workflows.yaml": encode["workflows"]},
        ),
        make(
            state,
            "Secret",
            f"{name}-secret",
            created,
            type="Opaque",
            data={"SENTRY_DSN": encode["dsn"]},
        ),
        make(
            state, "Secret", "cano-slack", created, type="Opaque", data={"api-key": encode["key"]}
        ),
    )
