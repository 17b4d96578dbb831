"""The folder of exports."""

from upkeep.demo import telemetry
from upkeep.demo.changes.catalogue import scenario
from upkeep.demo.state import State


def export(state: State, text: str, **ago: float) -> None:
    """Make one export the only one."""
    state.exports = {f"metrics-{state.ago(**(ago or {'days': 7})):%Y%m%d}.txt": text}


def exported(state: State, **ago: float) -> str:
    return telemetry.exported(state, state.ago(**(ago or {"days": 7})))


@scenario("exports-missing", "nobody has exported the metrics", "metrics-exported")
def exports_missing(state: State) -> None:
    state.exports = {"notes.txt": "The metrics of each month are kept here.\n"}


@scenario("export-old", "the newest export is forty days old, of pods that are gone", "metrics-exported")
def export_old(state: State) -> None:
    instant = state.ago(days=40)
    text = exported(state).replace(f"{state.ago(days=7):%Y-%m-%dT%H:%M:%SZ}", f"{instant:%Y-%m-%dT%H:%M:%SZ}")
    for process in state.processes.values():
        text = text.replace(process[0].pod, process[0].pod[:-5] + "old00").replace(
            f"{process[0].started.timestamp():.10g}", f"{state.ago(days=41).timestamp():.10g}"
        )
    export(state, text, days=40)


@scenario("export-cut", "the newest export ends in the middle of its last pod", "metrics-exported")
def export_cut(state: State) -> None:
    export(state, exported(state)[:-40])


@scenario("export-of-one-pod", "the newest export is the guide's: one exposition, of one of the two pods", "metrics-exported")
def export_of_one_pod(state: State) -> None:
    export(state, telemetry.exposition(state.process(), state, state.ago(days=7)))


@scenario("export-lacks-a-pod", "the newest export lacks a pod that ran then", "metrics-exported")
def export_lacks_a_pod(state: State) -> None:
    head, _, rest = exported(state).partition("\n")
    first = rest.split("# upkeep namespace=")[1]
    export(state, head.replace("pods=2", "pods=1") + "\n# upkeep namespace=" + first)


@scenario("export-without-histograms", "the newest export was filtered: it holds no histogram", "metrics-exported")
def export_without_histograms(state: State) -> None:
    export(state, "".join(line for line in exported(state).splitlines(keepends=True) if "duration_seconds" not in line))
