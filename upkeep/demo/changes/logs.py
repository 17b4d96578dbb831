"""Changes of the logs: errors, panics, rotation, foreign formats."""

from copy import deepcopy
from datetime import timedelta

from upkeep.demo.changes.catalogue import divert, scenario, write
from upkeep.demo.changes.workload.pods import restart
from upkeep.demo.objects import logs
from upkeep.demo.state import State


@scenario(
    "errors-in-logs",
    "one pod logged seven errors today, each with a webhook URL in it",
    "recent-logs-clean",
    "no-send-failures",
)
def errors_in_logs(state: State) -> None:
    write(
        state.process(),
        [logs.send_failure(state.ago(hours=1 + 2.5 * number)) for number in range(7)],
    )


@scenario(
    "errors-before-window",
    "errors were logged and counted, but more than a day ago",
    "no-send-failures",
)
def errors_before_window(state: State) -> None:
    write(state.process(), [logs.send_failure(state.ago(hours=30 + number)) for number in range(7)])
    divert(state, share=20, outcome="conversion_failed", sends=(), until=state.ago(hours=30))


@scenario(
    "panic-in-logs", "a goroutine's panic is in one pod's log, as plain text", "recent-logs-clean"
)
def panic_in_logs(state: State) -> None:
    write(state.process(), logs.crash(state.ago(hours=3)))


@scenario(
    "recovered-panic-in-logs",
    "the handler recovered from a panic and logged the request with its Authorization header",
    "recent-logs-clean",
)
def recovered_panic_in_logs(state: State) -> None:
    write(state.process(), logs.recovered_panic(state.ago(hours=3)))


@scenario(
    "errors-repeated",
    "the same error was logged fifteen times this week, none of them today",
    "repeated-errors",
)
def errors_repeated(state: State) -> None:
    write(
        state.process(),
        [
            logs.error(state.ago(hours=30 + 8 * number), "Failed to resolve channel", number)
            for number in range(15)
        ],
    )


@scenario(
    "errors-different", "fifteen errors of this week, none of them today, have nothing in common"
)
def errors_different(state: State) -> None:
    words = [
        "Cache",
        "Config",
        "Route",
        "Team",
        "Label",
        "Trigger",
        "Action",
        "Enrichment",
        "Thread",
        "Channel",
        "Workflow",
        "Template",
        "Alert",
        "Pod",
        "Node",
    ]
    write(
        state.process(),
        [
            logs.error(state.ago(hours=30 + 8 * number), f"{word} was refused", number)
            for number, word in enumerate(words)
        ],
    )


@scenario(
    "errors-in-previous-log",
    "a container restarted, and the log before that holds errors",
    "pods-stable",
    "recent-logs-clean",
    "no-send-failures",
)
def errors_in_previous_log(state: State) -> None:
    old, _ = restart(state, hours=2, reason="Error", code=1)
    write(old, [logs.send_failure(state.ago(hours=2.1 + number)) for number in range(4)])


@scenario("log-rotated", "the kubelet rotated one pod's log: only five hours of it are there")
def log_rotated(state: State) -> None:
    process = state.process()
    process.log = [
        line
        for line in logs.life(state.layout, state.ago(hours=14), state.now, seed=process.pod)
        if line[0] > state.ago(hours=5)
    ]


@scenario("quiet-sidecar", "a second container of each pod, a proxy with --quiet, logs nothing")
def quiet_sidecar(state: State) -> None:
    template = state.deployment["spec"]["template"]["spec"]
    own = template["containers"][0]
    kept = ("resources", "securityContext", "readinessProbe", "livenessProbe")
    digest = f"sha256:{'1' * 64}"
    image = f"gcr.io/cloud-sql-connectors/cloud-sql-proxy:2.18.0@{digest}"
    sidecar = {"name": "sql-proxy", "image": image, "args": ["--quiet"]}
    sidecar |= {key: deepcopy(own[key]) for key in kept if key in own}
    template["containers"] = [own, sidecar]
    for pod in state.pods:
        pod["spec"] = pod["spec"] | {"containers": [*pod["spec"]["containers"], sidecar]}
        pod["status"]["containerStatuses"].append(
            pod["status"]["containerStatuses"][0]
            | {
                "name": "sql-proxy",
                "image": image,
                "imageID": image,
                "restartCount": 0,
                "lastState": {},
            }
        )
    state.quiet.add("sql-proxy")


@scenario("log-format-unknown", "one pod's log is plain text without levels")
def log_format_unknown(state: State) -> None:
    process = state.process()
    process.log = [
        (instant, f"worker 7 handled job {n}") for n, (instant, _) in enumerate(process.log)
    ]


@scenario("log-newest-missing", "the newest five hours of one pod's log are not there")
def log_newest_missing(state: State) -> None:
    process = state.process()
    until = state.now - timedelta(hours=5)
    process.log = [line for line in process.log if line[0] < until]
