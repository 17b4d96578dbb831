"""How much room is left."""

from datetime import datetime, timedelta

from upkeep.demo.changes.catalogue import scenario
from upkeep.demo.state import Process, State, Stream


@scenario(
    "memory-nearly-used",
    "one pod's container uses nine tenths of its memory",
    "cpu-memory-headroom",
    "scaling-sound",
)
def memory_nearly_used(state: State) -> None:
    state.usage[state.pods[0]["metadata"]["name"]] = ("9215417n", "707788Ki")


@scenario(
    "cpu-nearly-used",
    "one pod's container uses nine tenths of its CPU",
    "cpu-memory-headroom",
    "scaling-sound",
)
def cpu_nearly_used(state: State) -> None:
    state.usage[state.pods[0]["metadata"]["name"]] = ("451m", "182Mi")


@scenario("usage-unknown", "metrics-server knows nothing of one pod")
def usage_unknown(state: State) -> None:
    state.unmeasured.add(state.pods[0]["metadata"]["name"])


@scenario(
    "disk-nearly-full", "the filesystem of the containers is nine tenths full", "disk-headroom"
)
def disk_nearly_full(state: State) -> None:
    state.disk_used = 91


@scenario(
    "connections-nearly-used",
    "each process may have 64 descriptors, and holds 60 connections",
    "connections-headroom",
)
def connections_nearly_used(state: State) -> None:
    state.most_files, state.open_files, state.connections = 64, 61, 60


# What a collector uses that has nothing to do: cores and MiB.
IDLE = (0.009215417, 186)
DAY = timedelta(days=1)
WEEK = (1.0, 0.93, 1.06, 0.97, 1.04, 0.82, 0.79)


@scenario(
    "requests-too-large",
    "the containers use a twentieth of the CPU that they request, and a fifth of the memory",
    "right-sized",
)
def requests_too_large(state: State) -> None:
    state.cores, state.memory_mib = IDLE


@scenario(
    "requests-too-small",
    "the containers use nearly all the CPU that they request at noon, though not at present",
    "right-sized",
)
def requests_too_small(state: State) -> None:
    state.cores = 0.24
    state.usage = {item["metadata"]["name"]: ("120m", "400Mi") for item in state.pods}


def traffic(state: State, *, first: float, last: float, took_seconds: float) -> None:
    """Let each pod take so many groups of alerts a day: on the first day that Prometheus remembers, and today; no two days of a week are alike."""
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
    "the pods are at work for four tenths of the time, and alerts become more every day",
    "capacity-ahead",
)
def traffic_growing(state: State) -> None:
    traffic(state, first=4000, last=9000, took_seconds=4.0)


@scenario("traffic-too-much", "the pods are at work for seven tenths of the time", "capacity-ahead")
def traffic_too_much(state: State) -> None:
    traffic(state, first=15000, last=15000, took_seconds=4.0)


@scenario(
    "monitoring-young", "Prometheus knows of no pods but the present ones, which are eight days old"
)
def monitoring_young(state: State) -> None:
    state.former = []
