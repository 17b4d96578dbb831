"""The collector's processes: those in the pods, and those before them."""

import json
from datetime import datetime, timedelta

from upkeep.demo.objects import logs
from upkeep.demo.objects.workload import OLD_HASH
from upkeep.demo.state import Answer, Process, State, Stream, stamp

# Groups of alerts that a pod takes in a day.
GROUPS_A_DAY = 300


def run(state: State, name: str, started: datetime, *, groups: int = 8 * GROUPS_A_DAY) -> Process:
    """The process in a pod, with ``groups`` groups of alerts since its start, and a clean log of its whole life."""
    answers = {"/health": Answer(200, '{"status":"ok"}')}
    if state.layout == "chart":
        body = {
            "status": "OK",
            "timestamp": stamp(state.now),
            "component": {"name": "cano-collector", "version": "0.0.24"},
        }
        answers = {
            "/livez": Answer(200, '{"status":"ok"}'),
            "/readyz": Answer(200, json.dumps(body)),
            "/healthz": Answer(200, json.dumps(body)),
        }
    sends = (("oncall", 1), ("platform", 1))
    streams = [
        Stream("KubePodCrashLooping", groups // 2, severity="warning", sends=sends),
        Stream(
            "TargetDown",
            groups - groups // 2 - groups // 10,
            severity="critical",
            sends=(("oncall", 2),),
        ),
        Stream(
            "TargetDown",
            groups // 10,
            severity="critical",
            status="resolved",
            sends=(("oncall", 1),),
        ),
    ]
    log = logs.life(state.layout, started, state.now, seed=name, silent=None if groups else started)
    return Process(
        name,
        started,
        streams=[stream for stream in streams if stream.groups],
        log=log,
        answers=answers,
    )


def former(state: State, started: datetime, ended: datetime) -> list[Process]:
    """The processes of the template before, in pods that are gone: each took as many alerts a day as those of now."""
    groups = int(GROUPS_A_DAY * ((ended - started) / timedelta(days=1)))
    streams = [Stream("KubePodCrashLooping", groups, sends=(("oncall", 1), ("platform", 1)))]
    return [
        Process(
            f"{state.fullname}-{OLD_HASH}-"[:58] + suffix, started, ended, streams=list(streams)
        )
        for suffix in ("c6m8q", "t5z9g")
    ]
