"""Alertmanager's configuration: as it has loaded it, as its API shows it, and as the operator keeps it in a Secret."""

import base64
from copy import deepcopy

from upkeep.demo.objects.stored import as_yaml
from upkeep.demo.state import CANARY, Object, State, stamp, uid

# The Secret of the operator's Alertmanager; in the guide's layout there is no operator, and the API hides nothing.
NAME = "cano-kube-prometheus-alertmanager"
SECRET = f"alertmanager-{NAME}"


def webhook(state: State, *, port: int | None = None, path: str = "/api/alerts") -> Object:
    """A webhook that leads to the collector's Service; the chart's own has the default port."""
    number = port if port is not None else 80 if state.layout == "chart" else 8080
    where = "" if number == 80 else f":{number}"
    return {
        "send_resolved": True,
        "url": f"http://{state.fullname}.{state.namespace}.svc.cluster.local{where}{path}",
    }


def configuration(state: State) -> Object:
    """Every alert goes to the collector, and critical ones by mail, too."""
    critical = {"matchers": ['severity="critical"'], "receiver": "mail", "continue": True}
    mail = {
        "to": "sre@example.org",
        "from": "alertmanager@example.org",
        "smarthost": "mail.example.org:587",
        "auth_password": CANARY,
    }
    return {
        "route": {
            "receiver": "cano-collector",
            "group_by": ["alertname"],
            "routes": [critical, {"receiver": "cano-collector"}],
        },
        "receivers": [
            {"name": "cano-collector", "webhook_configs": [webhook(state)]},
            {"name": "mail", "email_configs": [mail]},
        ],
    }


def shown(state: State) -> str:
    """What the API shows of it: secrets are hidden; from 0.26 on (the chart layout's) URLs are, too."""
    document = deepcopy(state.notifications)
    for receiver in document.get("receivers", []):
        for mail in receiver.get("email_configs", []):
            mail["auth_password"] = "<secret>"  # noqa: S105 - what Alertmanager says
        for one in receiver.get("webhook_configs", []):
            if "url" in one and state.layout == "chart":
                one["url"] = "<secret>"
    return as_yaml(document)


def secret(state: State) -> Object:
    """What the operator's Alertmanager reads its configuration from."""
    text = f"# {CANARY}\n" + as_yaml(state.notifications)
    head: Object = {
        "name": SECRET,
        "namespace": state.namespace,
        "uid": uid("Secret", SECRET),
        "resourceVersion": "999",
    }
    head |= {
        "creationTimestamp": stamp(state.ago(days=30)),
        "labels": {"managed-by": "prometheus-operator"},
    }
    return {
        "apiVersion": "v1", "kind": "Secret", "type": "Opaque", "metadata": head,
        "data": {"alertmanager.yaml": base64.b64encode(text.encode()).decode()},
    }  # fmt: skip
