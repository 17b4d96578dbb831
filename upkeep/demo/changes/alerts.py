"""Changes of the alerts: missing, dropped, lost, failed or slow, and destinations that fail or get nothing."""

from copy import deepcopy
from dataclasses import replace
from datetime import timedelta

from upkeep.demo.changes.catalogue import divert, rebuild, scenario, write
from upkeep.demo.objects import alerting, configuration, logs, processes, workload
from upkeep.demo.state import Answer, State, Stream


def stop_alerts(state: State) -> None:
    """No alert came in the last 26 hours."""
    silent = state.ago(hours=26)
    for index in range(len(state.pods)):
        process = state.process(index)
        process.streams = [replace(stream, until=silent) for stream in process.streams]
        process.log = logs.life(
            state.layout, process.started, state.now, seed=process.pod, silent=silent
        )


@scenario(
    "alerts-stopped",
    "no alert arrived for 26 hours, though Alertmanager routes some here",
    "alerts-flow",
)
def alerts_stopped(state: State) -> None:
    stop_alerts(state)


@scenario(
    "alerts-stopped-nothing-routed",
    "no alert arrived for 26 hours, and Alertmanager had none to route here",
)
def alerts_stopped_nothing_routed(state: State) -> None:
    stop_alerts(state)
    state.alerts = [
        alerting.alert(state, "Watchdog", "mail", started=state.ago(days=9), severity="none")
    ]


@scenario(
    "alerts-dropped",
    "some alerts had no team and were dropped without an error",
    "alerts-not-dropped",
)
def alerts_dropped(state: State) -> None:
    divert(state, share=30, outcome="no_team_resolved", sends=())


@scenario(
    "alerts-dropped-no-destinations",
    "some alerts had a team without destinations and were dropped",
    "alerts-not-dropped",
)
def alerts_dropped_no_destinations(state: State) -> None:
    divert(state, share=30, outcome="no_destinations", sends=())


@scenario(
    "alerts-lost",
    "some alerts were received, but neither processed nor counted as errors",
    "alerts-accounted-for",
)
def alerts_lost(state: State) -> None:
    divert(state, share=30, outcome="lost", sends=())


@scenario(
    "alerts-lost-in-a-panic",
    "the same, with the handler's panics in the log",
    "alerts-accounted-for",
    "recent-logs-clean",
)
def alerts_lost_in_a_panic(state: State) -> None:
    divert(state, share=30, outcome="lost", sends=())
    write(
        state.process(),
        [
            line
            for number in range(5)
            for line in logs.recovered_panic(state.ago(hours=1 + 4 * number))
        ],
    )


@scenario("alert-errors", "one alert in twenty ended in an error", "error-rate-low")
def alert_errors(state: State) -> None:
    divert(state, share=10, outcome="conversion_failed", sends=())


@scenario(
    "alerts-refused", "the collector refused requests of Alertmanager with 400", "error-rate-low"
)
def alerts_refused(state: State) -> None:
    state.process().streams.append(Stream("", 240, outcome="refused"))


@scenario(
    "restarted-process",
    "the pods were replaced six hours ago, and one alert in twelve has ended in an error since",
    "error-rate-low",
)
def restarted_process(state: State) -> None:
    former = [
        processes.run(state, f"{state.fullname}-{workload.OLD_HASH}-{suffix}", state.ago(days=4))
        for suffix in ("b8c4v", "h5n7r")
    ]
    rebuild(state, life=timedelta(hours=6))
    state.former = []
    for process in former:
        process.ended = state.ago(hours=6)
        state.processes[process.pod] = [process]
    divert(state, share=3, outcome="conversion_failed", sends=())


@scenario("processing-slow", "every sixth alert of one pod takes seven seconds", "processing-fast")
def processing_slow(state: State) -> None:
    divert(state, share=3, took_seconds=7.0)
    divert(state, share=3, took_seconds=7.0, process=state.former[0])


@scenario(
    "processing-slower",
    "for three days every alert has taken 0.4 s, ten times as long as before",
    "latency-stable",
)
def processing_slower(state: State) -> None:
    turned = state.ago(days=3)
    for (process,) in state.processes.values():
        before = (turned - process.started) / (state.now - process.started)
        process.streams = [
            half
            for stream in process.streams
            for groups in [int(stream.groups * before)]
            for half in (
                replace(stream, groups=groups, until=turned),
                replace(stream, groups=stream.groups - groups, since=turned, took_seconds=0.4),
            )
        ]


@scenario(
    "destination-slow", "every message to one destination takes three seconds", "destinations-fast"
)
def destination_slow(state: State) -> None:
    divert(state, share=3, sends=(("platform", 1),), send_seconds=3.0)


@scenario(
    "requests-slow",
    "a dozen requests of alerts took eight seconds this week, by the access lines",
    "processing-fast",
)
def requests_slow(state: State) -> None:
    write(
        state.process(),
        [
            logs.access(state.ago(hours=5 + 12 * number), 8_000_000_000 + number)
            for number in range(12)
        ],
    )


@scenario(
    "destination-failing", "one message in ten to one destination fails", "destinations-succeed"
)
def destination_failing(state: State) -> None:
    divert(state, share=10, sends=(("oncall", 1),), failures=(("platform", 1),))


@scenario(
    "destination-silent", "a third destination is configured and got nothing", "destinations-used"
)
def destination_silent(state: State) -> None:
    document = configuration.destinations(state)
    document["destinations"]["slack"].append(
        deepcopy(document["destinations"]["slack"][0]) | {"name": "audit"}
    )
    configuration.configure(state, document)


@scenario(
    "metrics-foreign",
    "another program answers on one pod's /metrics, and its process is older than the pod",
)
def metrics_foreign(state: State) -> None:
    process = state.process()
    began = process.started - timedelta(days=900)
    body = (
        "# TYPE go_goroutines gauge\ngo_goroutines 9\n# TYPE process_start_time_seconds gauge\n"
        f"process_start_time_seconds {began.timestamp():.0f}\n"
    )
    process.answers["/metrics"] = Answer(200, body, "text/plain; version=0.0.4; charset=utf-8")
