"""Usage, headroom and growth."""

from datetime import datetime, timedelta

from upkeep.demo.changes.catalogue import scenario
from upkeep.demo.state import Object, Process, State, Stream


@scenario(
    "memory-nearly-used",
    "a container uses 90 % of its memory limit",
    "cpu-memory-headroom",
    "scaling-sound",
)
def memory_nearly_used(state: State) -> None:
    state.usage[state.pods[0]["metadata"]["name"]] = ("9215417n", "707788Ki")


@scenario(
    "cpu-nearly-used",
    "a container uses 90 % of its CPU limit",
    "cpu-memory-headroom",
    "scaling-sound",
)
def cpu_nearly_used(state: State) -> None:
    state.usage[state.pods[0]["metadata"]["name"]] = ("451m", "182Mi")


@scenario(
    "sidecar-nearly-full",
    "a native sidecar uses 97 % of its memory limit; the collector uses little",
    "cpu-memory-headroom",
    "scaling-sound",
)
def sidecar_nearly_full(state: State) -> None:
    sidecar: Object = {
        "name": "proxy",
        "image": "envoyproxy/envoy:v1.34.1",
        "restartPolicy": "Always",
        "resources": {
            "requests": {"cpu": "20m", "memory": "64Mi"},
            "limits": {"cpu": "100m", "memory": "96Mi"},
        },
        "securityContext": state.container.get("securityContext", {}),
    }
    running = {"running": {"startedAt": state.pods[0]["metadata"]["creationTimestamp"]}}
    status = {"name": "proxy", "ready": True, "started": True, "restartCount": 0, "state": running}
    state.deployment["spec"]["template"]["spec"]["initContainers"] = [sidecar]
    for pod in state.pods:
        pod["spec"]["initContainers"] = [sidecar]
        pod["status"]["initContainerStatuses"] = [
            status | {"image": sidecar["image"], "imageID": ""}
        ]
    state.usage[f"{state.pods[0]['metadata']['name']}/proxy"] = ("20m", "93Mi")


@scenario(
    "usage-zero",
    "metrics-server reports 0 bytes of memory for one pod, as with a broken cgroup set-up",
)
def usage_zero(state: State) -> None:
    state.usage[state.pods[0]["metadata"]["name"]] = ("9215417n", "0")


@scenario("usage-unknown", "metrics-server has no usage of one pod")
def usage_unknown(state: State) -> None:
    state.unmeasured.add(state.pods[0]["metadata"]["name"])


@scenario("disk-nearly-full", "the containers' filesystem is 91 % full", "disk-headroom")
def disk_nearly_full(state: State) -> None:
    state.disk_used = 91


@scenario(
    "connections-nearly-used",
    "each process has 61 of 64 descriptors open",
    "connections-headroom",
)
def connections_nearly_used(state: State) -> None:
    state.most_files, state.open_files, state.connections = 64, 61, 60


# An idle collector: cores and MiB.
IDLE = (0.009215417, 186)
DAY = timedelta(days=1)
WEEK = (1.0, 0.93, 1.06, 0.97, 1.04, 0.82, 0.79)


@scenario(
    "requests-too-large",
    "an idle collector uses 4 % of its CPU request and 18 % of its memory request",
    "right-sized",
)
def requests_too_large(state: State) -> None:
    state.cores, state.memory_mib = IDLE


@scenario(
    "requests-too-small",
    "the containers use 96 % of their CPU request at noon, and less at present",
    "right-sized",
)
def requests_too_small(state: State) -> None:
    state.cores = 0.24
    state.usage = {item["metadata"]["name"]: ("120m", "400Mi") for item in state.pods}


def traffic(state: State, *, first: float, last: float, took_seconds: float) -> None:
    """Let each pod receive so many alert groups a day, growing from the first to the last day.

    The days of a week differ.
    """
    lives = [*state.former, *(process for runs in state.processes.values() for process in runs)]
    begin = min(process.started for process in lives)
    days = (state.now - begin) / DAY
    for process in lives:
        process.streams = _daily(
            process,
            state.now,
            begin=begin,
            first=first,
            growth=(last - first) / days,
            took_seconds=took_seconds,
        )


def _daily(
    process: Process,
    now: datetime,
    *,
    begin: datetime,
    first: float,
    growth: float,
    took_seconds: float,
) -> list[Stream]:
    streams, since, ended = [], process.started, process.ended or now
    while since < ended:
        until = min(since + DAY, ended)
        middle = (since + (until - since) / 2 - begin) / DAY
        groups = int((first + growth * middle) * WEEK[int(middle) % 7] * ((until - since) / DAY))
        sends = (("oncall", 1), ("platform", 1))
        streams.append(
            Stream(
                "KubePodCrashLooping",
                groups,
                sends=sends,
                took_seconds=took_seconds,
                since=since,
                until=until,
            )
        )
        since = until
    return streams


@scenario(
    "traffic-growing",
    "the pods are busy 40 % of the time, and the alert volume grows every day",
    "capacity-ahead",
)
def traffic_growing(state: State) -> None:
    traffic(state, first=4000, last=9000, took_seconds=4.0)


@scenario("traffic-too-much", "the pods are busy 70 % of the time", "capacity-ahead")
def traffic_too_much(state: State) -> None:
    traffic(state, first=15000, last=15000, took_seconds=4.0)


@scenario("monitoring-young", "Prometheus has samples of 8 days only")
def monitoring_young(state: State) -> None:
    state.former = []
