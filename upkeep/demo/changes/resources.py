"""How much room is left."""

from upkeep.demo.changes.catalogue import scenario
from upkeep.demo.state import State


@scenario("memory-nearly-used", "one pod's container uses nine tenths of its memory", "cpu-memory-headroom", "scaling-sound")
def memory_nearly_used(state: State) -> None:
    state.usage[state.pods[0]["metadata"]["name"]] = ("9215417n", "707788Ki")


@scenario("cpu-nearly-used", "one pod's container uses nine tenths of its CPU", "cpu-memory-headroom", "scaling-sound")
def cpu_nearly_used(state: State) -> None:
    state.usage[state.pods[0]["metadata"]["name"]] = ("451m", "182Mi")


@scenario("usage-unknown", "metrics-server knows nothing of one pod")
def usage_unknown(state: State) -> None:
    state.unmeasured.add(state.pods[0]["metadata"]["name"])


@scenario("disk-nearly-full", "the filesystem of the containers is nine tenths full", "disk-headroom")
def disk_nearly_full(state: State) -> None:
    state.disk_used = 91


@scenario("connections-nearly-used", "each process may have 64 descriptors, and holds 60 connections", "connections-headroom")
def connections_nearly_used(state: State) -> None:
    state.most_files, state.open_files, state.connections = 64, 61, 60
