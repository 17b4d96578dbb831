"""Change how the collector is found: other names, a second one, long lists, the chart's defaults."""

from datetime import timedelta

from upkeep.demo.changes.access.rights import chart_role
from upkeep.demo.changes.access.tokens import use_pod_logs
from upkeep.demo.changes.catalogue import BACKUP, CHART_ONLY, rebuild, scenario
from upkeep.demo.changes.monitoring import no_alertmanager, no_prometheus
from upkeep.demo.changes.resources import IDLE
from upkeep.demo.objects import alerting, services, stored, workload
from upkeep.demo.state import Object, State


@scenario("two-collectors", "a second Deployment runs the collector's image")
def two_collectors(state: State) -> None:
    state.add(workload.deployment(state, "blue-cano-collector", 0, state.ago(days=50)))


@scenario("no-collector", "there is no collector in the namespace")
def no_collector(state: State) -> None:
    for plural in ("deployments", "replicasets", "pods"):
        state.drop(plural)


@scenario(
    "other-release-name", "the Helm release has another name, and so have the collector's objects"
)
def other_release_name(state: State) -> None:
    rebuild(
        state, fullname="alert-forwarder" if state.layout == "guide" else "alerts-cano-collector"
    )


@scenario(
    "clocks-differ",
    "the API server's clock is three hours ahead of the local one",
)
def clocks_differ(state: State) -> None:
    state.clock_ahead = timedelta(hours=3)


@scenario("large-namespace", "the namespace holds 1,860 objects of other programs")
def large_namespace(state: State) -> None:
    for number in range(620):
        name, labels = f"worker-{number:04d}", {"app": "worker"}
        container = {"name": "worker", "image": "registry.example/worker:7"}
        pod: Object = {"containers": [container], "nodeName": "node-1"}
        state.add(
            stored.make(
                state,
                "Pod",
                name,
                state.ago(days=2),
                labels,
                spec=pod,
                status={"phase": "Running", "conditions": [], "podIP": "10.244.9.9"},
            )
        )
        state.add(
            services.service(state, name, 80, target=80, selector={"app": name}, labels=labels)
        )
        state.add(
            stored.make(
                state,
                "Job",
                name,
                state.ago(days=2),
                labels,
                spec={"template": {"spec": pod}},
                status={"succeeded": 1, "conditions": []},
            )
        )


@scenario(
    "continue-expired", "the same, and the API server answers each continue token with 410 once"
)
def continue_expired(state: State) -> None:
    large_namespace(state)
    state.expire_continue = True


@scenario(
    "chart-defaults",
    "the chart's defaults, 20 minutes after the install: one replica, no backup, no alerts",
    "backup-job-healthy",
    "fallback-notification",
    "maintenance-alerts-quiet",
    "survives-node-loss",
    "network-restricted",
    "runs-hardened",
    "rbac-least-privilege",
    "limits-rehearsed",
    into=CHART_ONLY,
)
def chart_defaults(state: State) -> None:
    rebuild(state, replicas=1, age=timedelta(minutes=20), life=timedelta(minutes=20), traffic=False)
    for plural in ("cronjobs", "jobs", "persistentvolumeclaims"):
        state.drop(plural)
    state.drop("serviceaccounts", BACKUP)
    state.drop("poddisruptionbudgets")
    state.drop("networkpolicies")
    state.drop("limitranges")
    state.container["resources"] = {
        "requests": {"cpu": "250m", "memory": "1Gi"},
        "limits": {"memory": "1Gi"},
    }
    del state.container["securityContext"]
    state.cores, state.memory_mib = IDLE
    chart_role(state)
    use_pod_logs(state)
    state.backups = {}
    state.attestations = []
    state.charts = []
    state.emergency = {}
    state.rules, state.series = [], []
    # The default receiver of kube-prometheus-stack notifies no one.
    state.notifications = {"route": {"receiver": "null"}, "receivers": [{"name": "null"}]}
    state.alerts = [
        alerting.alert(state, "Watchdog", "null", started=state.ago(minutes=20), severity="none")
    ]


@scenario(
    "chart-defaults-no-prometheus",
    "the same, without Prometheus and Alertmanager",
    "backup-job-healthy",
    "network-restricted",
    into=CHART_ONLY,
)
def chart_defaults_no_prometheus(state: State) -> None:
    chart_defaults(state)
    no_prometheus(state)
    no_alertmanager(state)
