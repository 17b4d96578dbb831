"""Changes of Prometheus, Alertmanager and the guide's alerts."""

from upkeep.demo.changes.alerts import stop_alerts
from upkeep.demo.changes.catalogue import RULES, scenario
from upkeep.demo.objects import alerting, notifications, telemetry
from upkeep.demo.state import State, stamp


@scenario("guide-alerts-missing", "Prometheus has not loaded the guide's alerts", *RULES)
def guide_alerts_missing(state: State) -> None:
    state.rules = []


@scenario(
    "rules-elsewhere",
    "a ruler beside the queried server evaluates the rules, so this server lists none",
)
def rules_elsewhere(state: State) -> None:
    state.rules = []
    state.evaluates_rules = False


@scenario(
    "guide-alerts-cannot-fire",
    "the guide's alerts are loaded, but their metrics have no series",
    *RULES,
)
def guide_alerts_cannot_fire(state: State) -> None:
    state.series = []


@scenario("guide-alert-broken", "one of the guide's alerts cannot be evaluated", *RULES)
def guide_alert_broken(state: State) -> None:
    state.rules[0] |= {
        "health": "err",
        "lastError": "found duplicate series for the match group on the right hand-side of the operation",
    }


@scenario(
    "rules-not-evaluated",
    "Prometheus has just started and has not evaluated the guide's alerts yet",
)
def rules_not_evaluated(state: State) -> None:
    for rule in state.rules:
        rule |= {"health": "unknown", "lastEvaluation": "0001-01-01T00:00:00Z"}


@scenario("rules-stale", "Prometheus last evaluated the guide's alerts a year ago")
def rules_stale(state: State) -> None:
    for rule in state.rules:
        rule["lastEvaluation"] = stamp(state.ago(days=365))


@scenario(
    "prometheus-partial", "a storage node of VictoriaMetrics is down: its answers say isPartial"
)
def prometheus_partial(state: State) -> None:
    state.marks = {"isPartial": True}


@scenario(
    "alertmanager-restarted",
    "no alert arrived for 26 hours, and Alertmanager started two minutes ago with none",
)
def alertmanager_restarted(state: State) -> None:
    stop_alerts(state)
    state.alerts = []
    state.alertmanager_started = state.ago(minutes=2)


@scenario(
    "guide-alert-firing",
    "the configuration is forty days old, and the guide's alert for that fires",
    "maintenance-alerts-quiet",
)
def guide_alert_firing(state: State) -> None:
    changed, since = state.ago(days=40), state.ago(days=9)
    state.series = [
        (labels, changed.timestamp() if "config" in labels["__name__"] else value)
        for labels, value in state.series
    ]
    active = {
        "labels": {"alertname": "CanoCollectorConfigOld", "severity": "info"},
        "annotations": {},
        "state": "firing",
        "activeAt": stamp(since),
        "value": "3.4e+06",
    }
    state.rules[1] |= {"state": "firing", "alerts": [active]}
    state.alerts.append(
        alerting.alert(
            state, "CanoCollectorConfigOld", "cano-collector", started=since, severity="info"
        )
    )


@scenario(
    "scrape-down",
    "Prometheus has not been able to scrape one pod for ten minutes",
    "metrics-scraped",
)
def scrape_down(state: State) -> None:
    state.unreachable.add(state.pods[0]["metadata"]["name"])


@scenario("scrape-missing", "Prometheus has no target for one pod", "metrics-scraped")
def scrape_missing(state: State) -> None:
    state.unscraped.add(state.pods[0]["metadata"]["name"])


@scenario("no-prometheus", "there is no Prometheus")
def no_prometheus(state: State) -> None:
    state.drop(
        "services",
        *(
            item["metadata"]["name"]
            for item in state.objects["services"]
            if "prometheus" in item["spec"]["selector"].values()
        ),
    )


@scenario("no-alertmanager", "there is no Alertmanager")
def no_alertmanager(state: State) -> None:
    state.drop(
        "services",
        *(
            item["metadata"]["name"]
            for item in state.objects["services"]
            if "alertmanager" in item["spec"]["selector"].values()
        ),
    )


HIT = "fallback-notification"


@scenario("no-fallback", "Alertmanager has no receiver beside the collector", HIT)
def no_fallback(state: State) -> None:
    state.notifications["route"]["routes"] = []
    del state.notifications["receivers"][1]


@scenario(
    "route-takes-everything",
    "a route to the collector takes every alert with a name, and does not continue",
    HIT,
)
def route_takes_everything(state: State) -> None:
    first = {"matchers": ['alertname=~".+"'], "receiver": "cano-collector"}
    state.notifications["route"]["routes"].insert(0, first)


@scenario("fallback-muted", "the mail receiver beside the collector is muted at night", HIT)
def fallback_muted(state: State) -> None:
    night = {
        "name": "night",
        "time_intervals": [{"times": [{"start_time": "00:00", "end_time": "07:00"}]}],
    }
    state.notifications["time_intervals"] = [night]
    state.notifications["route"]["routes"][0]["mute_time_intervals"] = ["night"]


@scenario("everything-silenced", "a silence of every alert is active in Alertmanager", HIT)
def everything_silenced(state: State) -> None:
    state.silences.append(alerting.silence(state, "all", ("alertname", ".*", True)))


@scenario(
    "fallback-silenced",
    "a silence of critical alerts is active, and the mail receiver gets no others",
    HIT,
)
def fallback_silenced(state: State) -> None:
    state.silences.append(alerting.silence(state, "critical", ("severity", "critical", False)))


@scenario(
    "webhook-wrong-port",
    "Alertmanager posts to a port that the collector's Service does not have",
    HIT,
)
def webhook_wrong_port(state: State) -> None:
    other = 80 if state.layout == "guide" else 8080
    state.notifications["receivers"][0]["webhook_configs"] = [
        notifications.webhook(state, port=other)
    ]


@scenario(
    "collector-not-routed",
    "Alertmanager has a receiver for the collector, but no route to it",
    HIT,
)
def collector_not_routed(state: State) -> None:
    state.notifications["route"] = {"receiver": "mail", "group_by": ["alertname"]}


@scenario(
    "webhook-url-hidden",
    "Alertmanager reads its webhook's URL from a file, and no option names its stored configuration",
)
def webhook_url_hidden(state: State) -> None:
    state.notifications["receivers"][0]["webhook_configs"] = [
        {"url_file": "/etc/alertmanager/secrets/cano-collector/url"}
    ]
    state.notifications_named = False


def export(state: State, text: str, **ago: float) -> None:
    """Make one export the only one."""
    state.exports = {f"metrics-{state.ago(**(ago or {'days': 7})):%Y%m%d}.txt": text}


def exported(state: State, **ago: float) -> str:
    return telemetry.exported(state, state.ago(**(ago or {"days": 7})))


@scenario("exports-missing", "the metrics were never exported", "metrics-exported")
def exports_missing(state: State) -> None:
    state.exports = {"notes.txt": "The metrics of each month are kept here.\n"}


@scenario(
    "export-old", "the newest export is forty days old, of pods that are gone", "metrics-exported"
)
def export_old(state: State) -> None:
    instant = state.ago(days=40)
    text = exported(state).replace(
        f"{state.ago(days=7):%Y-%m-%dT%H:%M:%SZ}", f"{instant:%Y-%m-%dT%H:%M:%SZ}"
    )
    for process in state.processes.values():
        text = text.replace(process[0].pod, process[0].pod[:-5] + "old00").replace(
            f"{process[0].started.timestamp():.10g}", f"{state.ago(days=41).timestamp():.10g}"
        )
    export(state, text, days=40)


@scenario("export-cut", "the newest export ends in the middle of its last pod", "metrics-exported")
def export_cut(state: State) -> None:
    export(state, exported(state)[:-40])


@scenario(
    "export-of-one-pod",
    "the newest export is the guide's: one exposition, of one of the two pods",
    "metrics-exported",
)
def export_of_one_pod(state: State) -> None:
    export(state, telemetry.exposition(state.process(), state, state.ago(days=7)))


@scenario("export-lacks-a-pod", "the newest export lacks a pod that ran then", "metrics-exported")
def export_lacks_a_pod(state: State) -> None:
    head, _, rest = exported(state).partition("\n")
    first = rest.split("# upkeep namespace=")[1]
    export(state, head.replace("pods=2", "pods=1") + "\n# upkeep namespace=" + first)


@scenario(
    "export-without-histograms",
    "the newest export was filtered: it holds no histogram",
    "metrics-exported",
)
def export_without_histograms(state: State) -> None:
    export(
        state,
        "".join(
            line
            for line in exported(state).splitlines(keepends=True)
            if "duration_seconds" not in line
        ),
    )
