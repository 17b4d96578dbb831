"""Prometheus and Alertmanager as the cluster sees them: their Services, the guide's rules, and the alerts that are active."""

from datetime import datetime, timedelta

from upkeep.demo.objects import notifications
from upkeep.demo.objects.services import service
from upkeep.demo.state import Object, State, stamp, uid

GUIDE_ALERTS = {
    "CanoCollectorBackupFailed": ("time() - cano_backup_last_success_timestamp > 86400", "warning"),
    "CanoCollectorConfigOld": ("time() - cano_config_last_modified_timestamp > 2592000", "info"),
}


def rule(name: str) -> Object:
    """One of the guide's alerts as Prometheus' rules API shows it, loaded and quiet."""
    query, severity = GUIDE_ALERTS[name]
    return {
        "state": "inactive", "name": name, "query": query, "duration": 3600, "labels": {"severity": severity},
        "annotations": {"summary": name}, "alerts": [], "health": "ok", "evaluationTime": 0.0004, "type": "alerting",
    }  # fmt: skip


def alert(
    state: State, name: str, receiver: str, *, started: datetime, severity: str = "warning"
) -> Object:
    """An active alert as Alertmanager's API shows it."""
    return {
        "annotations": {"summary": name}, "labels": {"alertname": name, "severity": severity},
        "receivers": [{"name": receiver}], "fingerprint": uid(name)[:8] * 2, "startsAt": stamp(started),
        "endsAt": stamp(state.now + timedelta(minutes=4)), "updatedAt": stamp(state.ago(seconds=30)),
        "status": {"inhibitedBy": [], "silencedBy": [], "mutedBy": [], "state": "active"},
    }  # fmt: skip


def silence(
    state: State, name: str, *matchers: tuple[str, str, bool], ended: bool = False
) -> Object:
    """A silence as Alertmanager's API shows it, of (label, value, is an expression); one that has ended is kept five days."""
    ends = state.ago(hours=2) if ended else state.now + timedelta(hours=6)
    return {
        "id": uid("silence", name), "status": {"state": "expired" if ended else "active"},
        "matchers": [
            {"name": label, "value": value, "isRegex": expression, "isEqual": True}
            for label, value, expression in matchers
        ],
        "startsAt": stamp(state.ago(hours=8)), "endsAt": stamp(ends), "updatedAt": stamp(state.ago(hours=8)),
        "createdBy": "sre@example.org", "comment": "Move to the new node pool",
    }  # fmt: skip


def store(state: State) -> None:
    """Prometheus and Alertmanager: their Services, the guide's rules, an alert on its way to the collector.

    The chart layout has what kube-prometheus-stack installs: two Services each for the same program.
    """
    if state.layout == "guide":
        for name, port in (("prometheus", 9090), ("alertmanager", 9093)):
            labels = {"app.kubernetes.io/name": name}
            state.add(
                service(
                    state, name, port, target=port, selector=labels, labels=labels, port_name="web"
                )
            )
    else:
        for name, port in (("prometheus", 9090), ("alertmanager", 9093)):
            selector = {"app.kubernetes.io/name": name}
            operated = {f"operated-{name}": "true"}
            stack = {
                "app": f"kube-prometheus-stack-{name}",
                "app.kubernetes.io/part-of": "kube-prometheus-stack",
            }
            state.add(
                service(
                    state,
                    f"{name}-operated",
                    port,
                    target="http-web",
                    selector=selector,
                    labels=operated,
                    port_name="http-web",
                    headless=True,
                )
            )
            own = f"cano-kube-prometheus-{name}"
            state.add(
                service(
                    state,
                    own,
                    port,
                    target=port,
                    selector=selector | {name: own},
                    labels=stack,
                    port_name="http-web",
                )
            )
    state.rules = [rule(name) for name in GUIDE_ALERTS]
    state.notifications = notifications.configuration(state)
    state.alerts = [
        alert(state, "Watchdog", "cano-collector", started=state.ago(days=9), severity="none"),
        alert(state, "KubePodCrashLooping", "cano-collector", started=state.ago(hours=5)),
    ]
    state.silences = [
        silence(
            state,
            "node",
            ("alertname", "KubeNodeUnreachable", False),
            ("node", "worker-[34]", True),
        ),
        silence(state, "move", ("alertname", ".+", True), ended=True),
    ]
    labels = {"namespace": state.namespace, "job": "cano-upkeep"}
    state.series = [
        (
            labels | {"__name__": "cano_backup_last_success_timestamp"},
            state.ago(hours=10).timestamp(),
        ),
        (
            labels | {"__name__": "cano_config_last_modified_timestamp"},
            state.ago(days=12).timestamp(),
        ),
    ]
