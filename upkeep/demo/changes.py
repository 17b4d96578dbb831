"""The changes: each takes the healthy cluster one step away from healthy, in either layout.

Where one change has consequences in a real cluster (a pod that crashes is not ready, is no ready endpoint, cannot be
scraped), the change carries them, so that a check meets what it would meet there.
"""

import base64
import json
from collections.abc import Callable
from copy import deepcopy
from dataclasses import fields, replace
from datetime import timedelta
from typing import Any

import yaml

from upkeep.demo import logs, objects
from upkeep.demo.state import Answer, Object, Process, State, Stream, stamp

Change = Callable[[State], None]
CHANGES: dict[str, tuple[str, Change, tuple[str, ...]]] = {}
CHART_ONLY: dict[str, tuple[str, Change, tuple[str, ...]]] = {}
BACKUP = "cano-collector-backup"
NEW_HASH = "7b9f6c5d84"
RULES = ("maintenance-alerts-quiet", "maintenance-alerts-loaded")


def scenario(
    name: str, summary: str, *hits: str, into: dict[str, tuple[str, Change, tuple[str, ...]]] = CHANGES
) -> Callable[[Change], Change]:
    """Enter a change into the catalogue; ``hits`` are the controls that it is meant to make fail."""

    def enter(change: Change) -> Change:
        into[name] = (summary, change, hits)
        return change

    return enter


def nothing(state: State) -> None:
    """Leave the healthy cluster as it is."""


def rebuild(state: State, **options: Any) -> None:
    """Put another healthy cluster in the place of this one."""
    fresh = objects.healthy(state.layout, state.now, **options)
    for item in fields(State):
        setattr(state, item.name, getattr(fresh, item.name))


# --- pods ---


def settle(state: State) -> None:
    """Bring the Deployment, its ReplicaSets and its endpoints up to date with its pods, as the controllers would."""

    def is_ready(item: Object) -> bool:
        return any(one["type"] == "Ready" and one["status"] == "True" for one in item["status"]["conditions"])

    def count(pods: list[Object]) -> dict[str, int]:
        ready = sum(map(is_ready, pods))
        return {"replicas": len(pods), "readyReplicas": ready, "availableReplicas": ready}

    by_hash: dict[str, list[Object]] = {}
    for item in state.pods:
        by_hash.setdefault(item["metadata"]["labels"]["pod-template-hash"], []).append(item)
    newest = max(state.objects["replicasets"], key=lambda item: int(item["metadata"]["annotations"]["deployment.kubernetes.io/revision"]))
    for item in state.objects["replicasets"]:
        pods = by_hash.get(item["metadata"]["labels"]["pod-template-hash"], [])
        item["spec"]["replicas"] = len(pods)
        item["status"] |= count(pods)
    status, desired = state.deployment["status"], state.deployment["spec"]["replicas"]
    status |= count(state.pods) | {"updatedReplicas": len(by_hash.get(newest["metadata"]["labels"]["pod-template-hash"], []))}
    if (missing := desired - status["availableReplicas"]) > 0:
        status["unavailableReplicas"] = missing
        status["conditions"][0] |= {
            "status": "False",
            "reason": "MinimumReplicasUnavailable",
            "message": "Deployment does not have minimum availability.",
        }
    objects.refresh_endpoints(state)


def unready(item: Object, *, waiting: str = "", message: str = "") -> Object:
    """Make a pod not ready; its container waits where a reason is given. Gives back the container's status."""
    entry: Object = item["status"]["containerStatuses"][0]
    entry["ready"] = False
    for condition in item["status"]["conditions"]:
        if condition["type"] in ("Ready", "ContainersReady"):
            condition |= {
                "status": "False",
                "reason": "ContainersNotReady",
                "message": f"containers with unready status: [{objects.CONTAINER}]",
            }
    if waiting:
        entry |= {"started": False, "state": {"waiting": {"reason": waiting, "message": message}}}
    return entry


def restart(state: State, *, hours: float, reason: str, code: int, count: int = 1) -> tuple[Process, Process]:
    """End the first pod's process some hours ago and start the next one; gives back both."""
    item, then = state.pods[0], state.ago(hours=hours)
    runs = state.processes[item["metadata"]["name"]]
    old = runs[-1]
    share = (then - old.started) / (state.now - old.started)
    new = objects.run(state, old.pod, then + timedelta(seconds=2), groups=int(objects.GROUPS_A_DAY * hours / 24))
    old.ended = then
    old.streams = [replace(stream, groups=int(stream.groups * share)) for stream in old.streams]
    old.log = [line for line in old.log if line[0] < then]
    runs.append(new)
    ended = {"exitCode": code, "reason": reason, "startedAt": stamp(old.started), "finishedAt": stamp(then)}
    entry = item["status"]["containerStatuses"][0]
    entry |= {"restartCount": count, "lastState": {"terminated": ended}, "state": {"running": {"startedAt": stamp(new.started)}}}
    return old, new


@scenario(
    "crash-looping",
    "one pod's process panics at every start",
    "pods-ready",
    "pods-stable",
    "health-ok",
    "recent-logs-clean",
    "metrics-scraped",
)
def crash_looping(state: State) -> None:
    restart(state, hours=0.07, reason="Error", code=2, count=14)
    item, runs = state.pods[0], state.processes[state.pods[0]["metadata"]["name"]]
    started, ended = state.ago(seconds=190), state.ago(seconds=188)
    runs[-1] = Process(runs[-1].pod, started, ended, log=[*logs.start(state.layout, started), *logs.crash(ended)])
    message = f"back-off 5m0s restarting failed container={objects.CONTAINER} pod={item['metadata']['name']}"
    entry = unready(item, waiting="CrashLoopBackOff", message=message)
    entry["lastState"] = {"terminated": {"exitCode": 2, "reason": "Error", "startedAt": stamp(started), "finishedAt": stamp(ended)}}
    settle(state)


@scenario("image-pull-failing", "one pod was replaced and cannot pull its image", "pods-ready", "health-ok", "metrics-scraped")
def image_pull_failing(state: State) -> None:
    item = state.pods[0]
    item["metadata"]["creationTimestamp"] = item["status"]["startTime"] = stamp(state.ago(minutes=30))
    unready(item, waiting="ImagePullBackOff", message=f'Back-off pulling image "{objects.IMAGES[state.layout]}"')
    del item["status"]["containerStatuses"][0]["containerID"]
    state.processes[item["metadata"]["name"]] = []
    settle(state)


def roll_out(state: State, *, created: float) -> Object:
    """Start a rollout some minutes ago: a new template, a new ReplicaSet, and one pod of it, which is given back."""
    collector = state.deployment
    collector["metadata"] |= {"generation": 4}
    collector["metadata"]["annotations"]["deployment.kubernetes.io/revision"] = "4"
    collector["status"]["observedGeneration"] = 4
    collector["spec"]["template"] = deepcopy(collector["spec"]["template"])
    collector["spec"]["template"]["spec"]["containers"][0]["env"].append({"name": "LOG_LEVEL", "value": "info"})
    begun = state.ago(minutes=created)
    newest = objects.replica_set(state, collector, NEW_HASH, revision=4, replicas=1, created=begun)
    item = objects.pod(state, newest, "q2m6z", 3, begun)
    state.add(newest, item)
    progress = {"reason": "ReplicaSetUpdated", "message": f'ReplicaSet "{newest["metadata"]["name"]}" is progressing.'}
    collector["status"]["conditions"][1] |= progress | {"lastUpdateTime": stamp(begun)}
    return item


def replace_one(state: State, *, created: float) -> None:
    """A rollout that is half done: the first pod of the old template is gone, one of the new template serves."""
    item = roll_out(state, created=created)
    gone = state.pods[0]["metadata"]["name"]
    state.drop("pods", gone)
    state.processes[gone][-1].ended = state.ago(minutes=created - 0.5)
    name, hours = item["metadata"]["name"], created / 60
    state.processes[name] = [objects.run(state, name, state.ago(minutes=created) + timedelta(seconds=2), groups=int(12.5 * hours))]
    settle(state)


@scenario("rollout-stuck", "a rollout passed its deadline: no node has room for the new pod", "pods-ready")
def rollout_stuck(state: State) -> None:
    item = roll_out(state, created=25)
    message = "0/3 nodes are available: 3 Insufficient memory."
    unscheduled = {
        "type": "PodScheduled",
        "status": "False",
        "reason": "Unschedulable",
        "message": message,
        "lastTransitionTime": stamp(state.ago(minutes=25)),
    }
    item["status"] = {"phase": "Pending", "conditions": [unscheduled], "qosClass": "Burstable"}
    del item["spec"]["nodeName"]
    text = f'ReplicaSet "{state.fullname}-{NEW_HASH}" has timed out progressing.'
    state.deployment["status"]["conditions"][1] |= {"status": "False", "reason": "ProgressDeadlineExceeded", "message": text}
    settle(state)


@scenario("rollout-in-progress", "a rollout is half done, inside its deadline, and every pod is ready")
def rollout_in_progress(state: State) -> None:
    replace_one(state, created=3)


@scenario("old-template", "a rollout was paused half way: one pod still runs the old template", "pods-ready")
def old_template(state: State) -> None:
    replace_one(state, created=300)
    state.deployment["spec"]["paused"] = True
    state.deployment["status"]["conditions"][1] |= {"status": "Unknown", "reason": "DeploymentPaused", "message": "Deployment is paused"}


@scenario("zero-replicas", "somebody scaled the Deployment to zero", "pods-ready", "endpoints-serving")
def zero_replicas(state: State) -> None:
    state.deployment["spec"]["replicas"] = 0
    for item in state.pods:
        state.processes[item["metadata"]["name"]][-1].ended = state.ago(hours=1)
        state.drop("pods", item["metadata"]["name"])
    settle(state)


@scenario("replica-missing", "a quota keeps the second pod from being created", "pods-ready")
def replica_missing(state: State) -> None:
    gone = state.pods[1]["metadata"]["name"]
    state.drop("pods", gone)
    state.processes[gone][-1].ended = state.ago(hours=30)
    settle(state)
    quota = "requested: limits.memory=1Gi, used: limits.memory=4Gi, limited: limits.memory=4Gi"
    message = f'pods "{gone}" is forbidden: exceeded quota: compute, {quota}'
    condition = {"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": message}
    state.deployment["status"]["conditions"].append(condition | {"lastTransitionTime": stamp(state.ago(hours=30))})


@scenario("not-ready", "one pod runs and answers, but is not ready", "pods-ready")
def not_ready(state: State) -> None:
    unready(state.pods[0])
    settle(state)


@scenario("restarted-recently", "one container ended with an error two hours ago and runs again", "pods-stable")
def restarted_recently(state: State) -> None:
    restart(state, hours=2, reason="Error", code=1)


@scenario("oom-killed", "one container was killed for its memory three hours ago and runs again", "pods-stable")
def oom_killed(state: State) -> None:
    restart(state, hours=3, reason="OOMKilled", code=137)


@scenario("restarted-long-ago", "one container restarted, but forty hours ago")
def restarted_long_ago(state: State) -> None:
    restart(state, hours=40, reason="Error", code=1)


# --- endpoints and health ---


@scenario("no-ready-endpoint", "the pods are ready, but the Service's endpoints are not", "endpoints-serving")
def no_ready_endpoint(state: State) -> None:
    for entry in state.objects["endpointslices"][0]["endpoints"]:
        entry["conditions"] |= {"ready": False, "serving": False}


@scenario("endpoint-missing", "one ready pod is not among the Service's endpoints", "endpoints-serving")
def endpoint_missing(state: State) -> None:
    del state.objects["endpointslices"][0]["endpoints"][0]


@scenario("service-without-endpoints", "the Service has no EndpointSlice", "endpoints-serving")
def service_without_endpoints(state: State) -> None:
    state.drop("endpointslices")


@scenario("target-port-unresolved", "the Service's target port names a container port that does not exist", "endpoints-serving")
def target_port_unresolved(state: State) -> None:
    state.get("services", state.fullname)["spec"]["ports"][0]["targetPort"] = "web"
    state.objects["endpointslices"][0]["ports"] = []


@scenario("service-selects-nothing", "the Service's selector has a typing error", "endpoints-serving")
def service_selects_nothing(state: State) -> None:
    state.get("services", state.fullname)["spec"]["selector"] = {"app": "cano-colector"}
    state.objects["endpointslices"][0] |= {"endpoints": None, "ports": None}


@scenario("service-missing", "the collector has no Service", "endpoints-serving")
def service_missing(state: State) -> None:
    state.drop("services", state.fullname)
    state.drop("endpointslices")


def answer_health(state: State, **change: Any) -> None:
    """Change what the first pod answers on each of its health paths."""
    answers = state.process().answers
    for path in objects.HEALTH_PATHS[state.layout]:
        answers[path] = replace(answers[path], **change)


@scenario("health-degraded", "one pod answers 503 with its own body on its health path", "health-ok")
def health_degraded(state: State) -> None:
    body = {"status": "Service Unavailable", "timestamp": stamp(state.now), "failures": {"slack": "timeout during health check"}}
    path = objects.HEALTH_PATHS[state.layout][-1]
    state.process().answers[path] = Answer(503, json.dumps(body))


@scenario("health-slow", "one pod takes 4 s to say that it is well", "health-ok")
def health_slow(state: State) -> None:
    answer_health(state, delay_seconds=4)


@scenario("health-wrong-body", "one pod answers 200, but its body does not say ok", "health-ok")
def health_wrong_body(state: State) -> None:
    answer_health(state, body='{"status":"starting"}')


@scenario("health-missing", "one pod answers 404 on its health paths", "health-ok")
def health_missing(state: State) -> None:
    answer_health(state, status=404, body="404 page not found", content_type="text/plain")


@scenario("health-refused", "one pod is ready, but nothing listens on its port", "health-ok", "metrics-scraped")
def health_refused(state: State) -> None:
    state.process().listening = False


# --- logs ---


def write(process: Process, lines: list[logs.Line]) -> None:
    """Put lines into a log where their time belongs."""
    process.log = sorted([*process.log, *lines], key=lambda line: line[0])


@scenario("errors-in-logs", "one pod logged seven errors today, each with a webhook URL in it", "recent-logs-clean", "no-send-failures")
def errors_in_logs(state: State) -> None:
    write(state.process(), [logs.send_failure(state.ago(hours=1 + 2.5 * number)) for number in range(7)])


@scenario("errors-before-window", "errors were logged and counted, but more than a day ago", "no-send-failures")
def errors_before_window(state: State) -> None:
    write(state.process(), [logs.send_failure(state.ago(hours=30 + number)) for number in range(7)])
    divert(state, share=20, outcome="conversion_failed", sends=(), until=state.ago(hours=30))


@scenario("panic-in-logs", "a goroutine's panic is in one pod's log, as plain text", "recent-logs-clean")
def panic_in_logs(state: State) -> None:
    write(state.process(), logs.crash(state.ago(hours=3)))


@scenario(
    "recovered-panic-in-logs",
    "the handler recovered from a panic and logged the request with its Authorization header",
    "recent-logs-clean",
)
def recovered_panic_in_logs(state: State) -> None:
    write(state.process(), logs.recovered_panic(state.ago(hours=3)))


@scenario("errors-repeated", "the same error was logged fifteen times this week, none of them today", "repeated-errors")
def errors_repeated(state: State) -> None:
    write(state.process(), [logs.error(state.ago(hours=30 + 8 * number), "Failed to resolve channel", number) for number in range(15)])


@scenario("errors-different", "fifteen errors of this week, none of them today, have nothing in common")
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
        state.process(), [logs.error(state.ago(hours=30 + 8 * number), f"{word} was refused", number) for number, word in enumerate(words)]
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
        line for line in logs.life(state.layout, state.ago(hours=14), state.now, seed=process.pod) if line[0] > state.ago(hours=5)
    ]


# --- resources ---


@scenario("memory-nearly-used", "one pod's container uses nine tenths of its memory", "cpu-memory-headroom")
def memory_nearly_used(state: State) -> None:
    state.usage[state.pods[0]["metadata"]["name"]] = ("9215417n", "943718Ki")


@scenario("cpu-nearly-used", "one pod's container uses more CPU than it asked for, and has no limit", "cpu-memory-headroom")
def cpu_nearly_used(state: State) -> None:
    state.usage[state.pods[0]["metadata"]["name"]] = ("310m", "182Mi")


@scenario("usage-unknown", "metrics-server knows nothing of one pod")
def usage_unknown(state: State) -> None:
    state.unmeasured.add(state.pods[0]["metadata"]["name"])


@scenario("disk-nearly-full", "the filesystem of the containers is nine tenths full", "disk-headroom")
def disk_nearly_full(state: State) -> None:
    state.disk_used = 91


@scenario("connections-nearly-used", "each process may have 64 descriptors, and holds 60 connections", "connections-headroom")
def connections_nearly_used(state: State) -> None:
    state.most_files, state.open_files, state.connections = 64, 61, 60


# --- alerts and destinations ---


def divert(state: State, *, share: int, **change: Any) -> None:
    """Let one in ``share`` of the first pod's largest stream end otherwise."""
    streams = state.process().streams
    largest = max(streams, key=lambda stream: stream.groups)
    part = largest.groups // share
    streams[streams.index(largest)] = replace(largest, groups=largest.groups - part)
    streams.append(replace(largest, groups=part, **change))


def stop_alerts(state: State) -> None:
    """No alert came in the last 26 hours."""
    silent = state.ago(hours=26)
    for index in range(len(state.pods)):
        process = state.process(index)
        process.streams = [replace(stream, until=silent) for stream in process.streams]
        process.log = logs.life(state.layout, process.started, state.now, seed=process.pod, silent=silent)


@scenario("alerts-stopped", "no alert arrived for 26 hours, though Alertmanager routes some here", "alerts-flow")
def alerts_stopped(state: State) -> None:
    stop_alerts(state)


@scenario("alerts-stopped-nothing-routed", "no alert arrived for 26 hours, and Alertmanager had none to route here")
def alerts_stopped_nothing_routed(state: State) -> None:
    stop_alerts(state)
    state.alerts = [objects.alert(state, "Watchdog", "mail", started=state.ago(days=9), severity="none")]


@scenario("alerts-dropped", "some alerts found no team and were dropped without a word", "alerts-not-dropped")
def alerts_dropped(state: State) -> None:
    divert(state, share=30, outcome="no_team_resolved", sends=())


@scenario("alerts-dropped-no-destinations", "some alerts found a team without destinations and were dropped", "alerts-not-dropped")
def alerts_dropped_no_destinations(state: State) -> None:
    divert(state, share=30, outcome="no_destinations", sends=())


@scenario("alerts-lost", "some alerts were received and never seen again: the books do not balance", "alerts-accounted-for")
def alerts_lost(state: State) -> None:
    divert(state, share=30, outcome="lost", sends=())


@scenario("alerts-lost-in-a-panic", "the same, with the handler's panics in the log", "alerts-accounted-for", "recent-logs-clean")
def alerts_lost_in_a_panic(state: State) -> None:
    divert(state, share=30, outcome="lost", sends=())
    write(state.process(), [line for number in range(5) for line in logs.recovered_panic(state.ago(hours=1 + 4 * number))])


@scenario("alert-errors", "one alert in twenty ended in an error", "error-rate-low")
def alert_errors(state: State) -> None:
    divert(state, share=10, outcome="conversion_failed", sends=())


@scenario("alerts-refused", "the collector refused requests of Alertmanager with 400", "error-rate-low")
def alerts_refused(state: State) -> None:
    state.process().streams.append(Stream("", 240, outcome="refused"))


@scenario(
    "restarted-process", "the pods were replaced six hours ago, and one alert in twelve has ended in an error since", "error-rate-low"
)
def restarted_process(state: State) -> None:
    former = [objects.run(state, f"{state.fullname}-{objects.OLD_HASH}-{suffix}", state.ago(days=4)) for suffix in ("b8c4v", "h5n7r")]
    rebuild(state, life=timedelta(hours=6))
    for process in former:
        process.ended = state.ago(hours=6)
        state.processes[process.pod] = [process]
    divert(state, share=3, outcome="conversion_failed", sends=())


@scenario("processing-slow", "every sixth alert of one pod takes seven seconds", "processing-fast")
def processing_slow(state: State) -> None:
    divert(state, share=3, took_seconds=7.0)


@scenario("requests-slow", "a dozen requests of alerts took eight seconds this week, as the access lines tell", "processing-fast")
def requests_slow(state: State) -> None:
    write(state.process(), [logs.access(state.ago(hours=5 + 12 * number), 8_000_000_000 + number) for number in range(12)])


@scenario("destination-failing", "one message in ten to one destination fails", "destinations-succeed")
def destination_failing(state: State) -> None:
    divert(state, share=10, sends=(("oncall", 1),), failures=(("platform", 1),))


@scenario("destination-silent", "a third destination is configured and got nothing", "destinations-used")
def destination_silent(state: State) -> None:
    document = objects.destinations(state)
    document["destinations"]["slack"].append(deepcopy(document["destinations"]["slack"][0]) | {"name": "audit"})
    objects.configure(state, document)


# --- configuration ---


def edit(state: State, **change: Any) -> None:
    """Change the first Slack destination of the document; a key that becomes ``None`` is taken out."""
    document = objects.destinations(state)
    first = document["destinations"]["slack"][0]
    document["destinations"]["slack"][0] = {key: value for key, value in (first | change).items() if value is not None}
    objects.configure(state, document)


@scenario("configuration-not-yaml", "the document of destinations is no YAML any more", "config-valid")
def configuration_not_yaml(state: State) -> None:
    objects.configure(state, "destinations:\n  slack:\n  - name: oncall\n   api_key: [\n")


@scenario("configuration-key-missing", "a destination has lost where it sends to", "config-valid")
def configuration_key_missing(state: State) -> None:
    edit(state, **({"webhookURL": None} if state.layout == "guide" else {"slack_channel": None}))


@scenario("configuration-name-twice", "two destinations have one name", "config-valid")
def configuration_name_twice(state: State) -> None:
    document = objects.destinations(state)
    document["destinations"]["slack"].append(deepcopy(document["destinations"]["slack"][0]))
    objects.configure(state, document)


@scenario("configuration-variable-unset", "a destination stands for a variable that the container does not have", "config-valid")
def configuration_variable_unset(state: State) -> None:
    edit(state, **{"webhookURL" if state.layout == "guide" else "api_key": "${SLACK_API_KEY_ONCAL}"})


@scenario("chart-team-destination-unknown", "a team names a destination that does not exist", "config-valid", into=CHART_ONLY)
def team_destination_unknown(state: State) -> None:
    objects.configure(state, objects.destinations(state), teams={"teams": [{"name": "default", "destinations": ["on-call", "platform"]}]})


@scenario(
    "chart-workflow-never-matches", "a workflow waits for a namespace that no namespace can be called", "config-valid", into=CHART_ONLY
)
def workflow_never_matches(state: State) -> None:
    trigger = {"on_alertmanager_alert": {"namespace": "Payments_EU", "status": "firing"}}
    workflow = {"name": "logs", "triggers": [trigger], "actions": [{"action_type": "pod_logs"}]}
    objects.configure(state, objects.destinations(state), workflows={"active_workflows": [workflow]})


# --- backups ---


@scenario("backup-job-missing", "there is no backup CronJob", "backup-job-healthy")
def backup_job_missing(state: State) -> None:
    state.drop("cronjobs")
    state.drop("jobs")


@scenario("backup-job-suspended", "the backup CronJob is suspended", "backup-job-healthy")
def backup_job_suspended(state: State) -> None:
    state.get("cronjobs", BACKUP)["spec"]["suspend"] = True


@scenario("backup-stale", "the last backup succeeded fifty hours ago", "backup-job-healthy")
def backup_stale(state: State) -> None:
    cron, then = state.get("cronjobs", BACKUP), state.ago(hours=50)
    cron["status"] = {"lastScheduleTime": stamp(then), "lastSuccessfulTime": stamp(then + timedelta(seconds=24))}
    state.drop("jobs")
    state.add(objects.job(state, cron, then))


@scenario("backup-never-ran", "the backup CronJob never ran", "backup-job-healthy")
def backup_never_ran(state: State) -> None:
    state.get("cronjobs", BACKUP)["status"] = {}
    state.drop("jobs")


@scenario("backup-job-failed", "the last backup Job failed two hours ago, after a success ten hours ago", "backup-job-healthy")
def backup_job_failed(state: State) -> None:
    cron, then = state.get("cronjobs", BACKUP), state.ago(hours=2).replace(second=0)
    minute, hour = cron["spec"]["schedule"].split()[:2]
    cron["spec"]["schedule"] = f"{minute} {hour},{(int(hour) + 8) % 24} * * *"
    cron["status"]["lastScheduleTime"] = stamp(then)
    state.add(objects.job(state, cron, then, failed=True))


def backup_pod(state: State) -> Object:
    spec: Object = state.get("cronjobs", BACKUP)["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    return spec


@scenario("backup-not-mounted", "the backup's volume is declared and never mounted", "backup-job-healthy")
def backup_not_mounted(state: State) -> None:
    del backup_pod(state)["containers"][0]["volumeMounts"]


@scenario("backup-guide-manifest", "the backup CronJob is the guide's: nothing mounted, the default service account", "backup-job-healthy")
def backup_guide_manifest(state: State) -> None:
    backup_not_mounted(state)
    backup_pod(state)["containers"][0]["image"] = "bitnami/kubectl"
    del backup_pod(state)["serviceAccountName"]
    state.denied.add((f"system:serviceaccount:{state.namespace}:default", "*"))


@scenario("backup-pvc-pending", "the backup's volume claim is not bound", "backup-job-healthy")
def backup_pvc_pending(state: State) -> None:
    state.get("persistentvolumeclaims", "backup-pvc")["status"] = {"phase": "Pending"}


@scenario("backup-pvc-missing", "the backup's volume claim does not exist", "backup-job-healthy")
def backup_pvc_missing(state: State) -> None:
    state.drop("persistentvolumeclaims")


@scenario("backup-forbidden", "the backup's service account may not read what it backs up", "backup-job-healthy")
def backup_forbidden(state: State) -> None:
    state.denied.add((f"system:serviceaccount:{state.namespace}:{BACKUP}", "*"))


def save(state: State) -> dict[int, dict[str, str]]:
    """The folder of backups as it is before the change."""
    state.backups = objects.saved(state)
    return state.backups


def file_of(files: dict[str, str], part: str) -> str:
    """The name of a backup's file: ``backup``, ``secrets`` or ``manifest``."""
    return next(name for name in files if name.startswith(part))


@scenario("backup-folder-empty", "the folder of backups is there and holds none", "config-backed-up", "backup-restores", "backups-complete")
def backup_folder_empty(state: State) -> None:
    state.backups = {0: {}}


@scenario("backup-folder-stale", "nobody has written to the folder of backups for three days", "config-backed-up", "backups-complete")
def backup_folder_stale(state: State) -> None:
    state.backups = {age: files for age, files in save(state).items() if age >= 3}


@scenario("backup-differs", "the configuration was changed after the newest backup", "config-backed-up")
def backup_differs(state: State) -> None:
    save(state)
    document = objects.destinations(state)
    document["destinations"]["slack"][0]["grouping_interval"] = "30m"
    text = yaml.safe_dump(document, sort_keys=False)
    if state.layout == "guide":
        state.get("configmaps", "cano-collector-config")["data"]["destinations.yaml"] = text
    else:
        encoded = base64.b64encode(text.encode()).decode()
        state.get("secrets", f"{state.fullname}-destination-secrets")["data"]["destinations.yaml"] = encoded


@scenario("backup-object-missing", "the newest backup was made without the Secrets", "config-backed-up", "backups-complete")
def backup_object_missing(state: State) -> None:
    kept = [objects.backed_up(item) for item in state.objects["configmaps"]]
    save(state)[0] = objects.backup_files(state, 0, kept)


@scenario("backup-unreadable", "a backup of three days ago was cut in the middle", "backups-complete")
def backup_unreadable(state: State) -> None:
    files = save(state)[3]
    name = file_of(files, "secrets")
    files[name] = files[name][: len(files[name]) // 2]


@scenario("backup-cut", "the newest backup was cut in the middle", "config-backed-up", "backup-restores", "backups-complete")
def backup_cut(state: State) -> None:
    files = save(state)[0]
    name = file_of(files, "secrets")
    files[name] = files[name][: len(files[name]) // 2]


@scenario("backup-day-missing", "there is no backup of one day", "backups-complete")
def backup_day_missing(state: State) -> None:
    del save(state)[4]


@scenario("backup-shrunk", "a backup of two days ago holds a tenth of the configuration", "backups-complete")
def backup_shrunk(state: State) -> None:
    kept = [
        objects.backed_up(item)
        for plural in ("configmaps", "secrets")
        for item in state.objects[plural]
        if "owner" not in item["metadata"]["labels"]
    ]
    small = [item | {"data": {key: value[:4] for key, value in item["data"].items()}} for item in kept]
    save(state)[2] = objects.backup_files(state, 2, small)


@scenario("backup-keeps-server-fields", "the newest backup is what kubectl get -o yaml gives", "backup-restores")
def backup_keeps_server_fields(state: State) -> None:
    whole = [deepcopy(item) for plural in ("configmaps", "secrets") for item in state.objects[plural]]
    save(state)[0] = objects.backup_files(state, 0, [item for item in whole if item.get("type") != "helm.sh/release.v1"])


@scenario("backup-foreign-object", "the newest backup holds an object that is not the collector's", "backup-restores")
def backup_foreign_object(state: State) -> None:
    files = save(state)[0]
    name, other = (
        file_of(files, "backup"),
        objects.backed_up(objects.make(state, "ConfigMap", "kube-root-ca.crt", state.now, data={"ca.crt": "…"})),
    )
    files[name] += yaml.safe_dump_all([other], explicit_start=True)
    del files[file_of(files, "manifest")]


@scenario("backup-restore-refused", "admission refuses what the newest backup would restore", "backup-restores")
def backup_restore_refused(state: State) -> None:
    message = 'admission webhook "policy.example" denied the request: the label team is missing'
    state.refusals[{"guide": "configmaps"}.get(state.layout, "secrets")] = (403, "Forbidden", message)


@scenario("backup-restore-forbidden", "the acting identity may not write what it would restore", "backup-restores")
def backup_restore_forbidden(state: State) -> None:
    state.denied.add(("acting", "secrets"))


# --- Prometheus and Alertmanager ---


@scenario("guide-alerts-missing", "Prometheus has not loaded the guide's alerts", *RULES)
def guide_alerts_missing(state: State) -> None:
    state.rules = []


@scenario("guide-alerts-cannot-fire", "the guide's alerts are loaded, but their metrics do not exist", *RULES)
def guide_alerts_cannot_fire(state: State) -> None:
    state.series = []


@scenario("guide-alert-broken", "one of the guide's alerts cannot be evaluated", *RULES)
def guide_alert_broken(state: State) -> None:
    state.rules[0] |= {"health": "err", "lastError": "found duplicate series for the match group on the right hand-side of the operation"}


@scenario("guide-alert-firing", "the configuration is forty days old, and the guide's alert for that fires", "maintenance-alerts-quiet")
def guide_alert_firing(state: State) -> None:
    changed, since = state.ago(days=40), state.ago(days=9)
    state.series = [(labels, changed.timestamp() if "config" in labels["__name__"] else value) for labels, value in state.series]
    active = {
        "labels": {"alertname": "CanoCollectorConfigOld", "severity": "info"},
        "annotations": {},
        "state": "firing",
        "activeAt": stamp(since),
        "value": "3.4e+06",
    }
    state.rules[1] |= {"state": "firing", "alerts": [active]}
    state.alerts.append(objects.alert(state, "CanoCollectorConfigOld", "cano-collector", started=since, severity="info"))


@scenario("scrape-down", "Prometheus has not been able to scrape one pod for ten minutes", "metrics-scraped")
def scrape_down(state: State) -> None:
    state.unreachable.add(state.pods[0]["metadata"]["name"])


@scenario("scrape-missing", "Prometheus has no target for one pod", "metrics-scraped")
def scrape_missing(state: State) -> None:
    state.unscraped.add(state.pods[0]["metadata"]["name"])


@scenario("no-prometheus", "there is no Prometheus")
def no_prometheus(state: State) -> None:
    state.drop(
        "services", *(item["metadata"]["name"] for item in state.objects["services"] if "prometheus" in item["spec"]["selector"].values())
    )


@scenario("no-alertmanager", "there is no Alertmanager")
def no_alertmanager(state: State) -> None:
    state.drop(
        "services", *(item["metadata"]["name"] for item in state.objects["services"] if "alertmanager" in item["spec"]["selector"].values())
    )


# --- hard to find, hard to list ---


@scenario("two-collectors", "a second Deployment runs the collector's image")
def two_collectors(state: State) -> None:
    state.add(objects.deployment(state, "blue-cano-collector", 0, state.ago(days=50)))


@scenario("no-collector", "there is no collector in the namespace")
def no_collector(state: State) -> None:
    for plural in ("deployments", "replicasets", "pods"):
        state.drop(plural)


@scenario("other-release-name", "the collector's objects have other names")
def other_release_name(state: State) -> None:
    rebuild(state, fullname="alert-forwarder" if state.layout == "guide" else "alerts-cano-collector")


@scenario("large-namespace", "the namespace holds hundreds of objects that are not the collector's")
def large_namespace(state: State) -> None:
    for number in range(620):
        name, labels = f"worker-{number:04d}", {"app": "worker"}
        container = {"name": "worker", "image": "registry.example/worker:7"}
        pod: Object = {"containers": [container], "nodeName": "node-1"}
        state.add(
            objects.make(
                state,
                "Pod",
                name,
                state.ago(days=2),
                labels,
                spec=pod,
                status={"phase": "Running", "conditions": [], "podIP": "10.244.9.9"},
            )
        )
        state.add(objects.service(state, name, 80, target=80, selector={"app": name}, labels=labels))
        state.add(
            objects.make(
                state, "Job", name, state.ago(days=2), labels, spec={"template": {"spec": pod}}, status={"succeeded": 1, "conditions": []}
            )
        )


@scenario("continue-expired", "the same, and every continue token is answered 410 the first time")
def continue_expired(state: State) -> None:
    large_namespace(state)
    state.expire_continue = True


@scenario(
    "chart-defaults",
    "what the chart gives by default, twenty minutes old: one replica, no backup, no alerts yet",
    "backup-job-healthy",
    "maintenance-alerts-quiet",
    into=CHART_ONLY,
)
def chart_defaults(state: State) -> None:
    rebuild(state, replicas=1, age=timedelta(minutes=20), life=timedelta(minutes=20), traffic=False)
    for plural in ("cronjobs", "jobs", "persistentvolumeclaims"):
        state.drop(plural)
    state.drop("serviceaccounts", BACKUP)
    state.backups = {}
    state.rules, state.series, state.receivers = [], [], [("null", False)]
    state.alerts = [objects.alert(state, "Watchdog", "null", started=state.ago(minutes=20), severity="none")]


@scenario("chart-defaults-no-prometheus", "the same, without Prometheus and Alertmanager", "backup-job-healthy", into=CHART_ONLY)
def chart_defaults_no_prometheus(state: State) -> None:
    chart_defaults(state)
    no_prometheus(state)
    no_alertmanager(state)
