"""Change the configuration so that the collector is down."""

import base64

from upkeep.demo.changes.backups.folder import save
from upkeep.demo.changes.catalogue import scenario
from upkeep.demo.changes.workload.pods import settle, unready
from upkeep.demo.objects import configuration, logs, stored, workload
from upkeep.demo.state import CANARY, Object, Process, State, stamp

DOWN = (
    "pods-ready", "pods-stable", "endpoints-serving", "health-ok", "recent-logs-clean", "metrics-scraped", "config-valid", "config-backed-up",
    "warning-events",
)  # fmt: skip


def edit(state: State, kind: str, name: str, key: str, text: str, *, minutes: float) -> None:
    """Change a key as ``kubectl edit`` does, so kubectl-edit owns its field."""
    item = state.get(f"{kind.lower()}s", name)
    item["data"][key] = text if kind == "ConfigMap" else base64.b64encode(text.encode()).decode()
    for entry in item["metadata"]["managedFields"]:
        entry["fieldsV1"]["f:data"].pop(f"f:{key}", None)
    item["metadata"]["managedFields"].append(
        {
            "manager": "kubectl-edit", "operation": "Update", "apiVersion": "v1", "time": stamp(state.ago(minutes=minutes)),
            "fieldsType": "FieldsV1", "fieldsV1": {"f:data": {f"f:{key}": {}}},
        }
    )  # fmt: skip


def event(
    state: State, item: Object, reason: str, message: str, *, minutes: float, count: int
) -> Object:
    """Return a Warning about a pod."""
    last, name = stamp(state.ago(minutes=minutes)), item["metadata"]["name"]
    return stored.make(
        state, "Event", f"{name}.{reason.lower()}", state.ago(minutes=20), type="Warning", reason=reason, count=count, message=message,
        firstTimestamp=last, lastTimestamp=last, involvedObject={"kind": "Pod", "name": name, "namespace": state.namespace},
    )  # fmt: skip


def crash_at_every_start(state: State, error: str, *, minutes: float, restarts: int) -> None:
    """End both pods' processes; each start since then ends in a fatal line."""
    since = state.ago(minutes=minutes)
    for number, item in enumerate(state.pods):
        name = item["metadata"]["name"]
        started, ended = state.ago(seconds=150 + number), state.ago(seconds=148 + number)
        state.processes[name][-1].ended = since
        fatal = logs.entry(ended, "fatal", "Failed to start", "cmd/main.go:71", error=error)
        state.processes[name].append(
            Process(name, started, ended, log=[logs.start(state.layout, started)[0], fatal])
        )
        back_off = f"back-off 5m0s restarting failed container={workload.CONTAINER} pod={name}"
        entry = unready(item, since, waiting="CrashLoopBackOff", message=back_off)
        last = {
            "exitCode": 1,
            "reason": "Error",
            "startedAt": stamp(started),
            "finishedAt": stamp(ended),
        }
        entry |= {"restartCount": restarts, "lastState": {"terminated": last}}
        state.add(
            event(
                state,
                item,
                "BackOff",
                f"Back-off restarting failed container {workload.CONTAINER} in pod {name}",
                minutes=1,
                count=97,
            )
        )
    settle(state)


@scenario(
    "bad-configuration-change",
    "the configuration was edited 25 minutes ago, and both pods crash at every start since",
    *DOWN,
)
def bad_configuration_change(state: State) -> None:
    save(state)
    if state.layout == "guide":
        document = configuration.destinations(state)
        document["destinations"]["slack"][0]["webhookURL"] = "${SLACK_WEBHOK}"
        edit(
            state,
            "ConfigMap",
            "cano-collector-config",
            "destinations.yaml",
            stored.as_yaml(document),
            minutes=25,
        )
        error = f"destination oncall: environment variable SLACK_WEBHOK is not set (was https://hooks.slack.example/services/T0/B0/{CANARY})"
    else:
        teams = {"teams": [{"name": "default", "destinations": ["on-call", "platform"]}]}
        edit(
            state,
            "ConfigMap",
            f"{state.fullname}-teams",
            "teams.yaml",
            stored.as_yaml(teams),
            minutes=25,
        )
        error = "team default names destination on-call, which does not exist"
    crash_at_every_start(state, error, minutes=23, restarts=9)
