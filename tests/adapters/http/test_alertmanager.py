"""Alertmanager's configuration as facts: where webhooks lead, what is hidden, what is stored; and nothing of it that is secret."""

import base64
import gzip
from collections.abc import Mapping
from typing import Any

import pytest

from tests.adapters.http.canned import CannedApi
from tests.judges.samples import NOW, service
from upkeep.adapters.http import alertmanager_configuration
from upkeep.adapters.http.alertmanager import Alertmanager
from upkeep.adapters.http.alertmanager_configuration import parse, stored, told
from upkeep.domain.alertmanager.routing import silences_everything
from upkeep.errors import Absent, Malformed, TooEarly
from upkeep.records.monitoring import AlertmanagerConfiguration, Webhook

SERVICES = (service(addresses=("10.96.0.14", "fd00::e")),)
RIGHT = Webhook("collector", "cano-collector", "http", 80, "/api/alerts")
TEXT = """
global: {slack_api_url: https://hooks.slack.example/canary}
route:
  receiver: cano
  routes:
  - {match: {severity: critical}, match_re: {team: a|b}, receiver: mail, continue: true}
  - matchers: ['alertname="Watchdog"']
    routes: [{receiver: mail}]
receivers:
- name: cano
  webhook_configs: [{url: http://cano-collector.monitoring.svc/api/alerts, http_config: {basic_auth: {password: canary}}}]
  slack_configs: []
- name: mail
  email_configs: [{to: a@example.org, auth_password: canary}]
  pagerduty_configs: [{routing_key: canary}]
"""
HIDDEN = TEXT.replace("http://cano-collector.monitoring.svc/api/alerts", "<secret>")


def read(text: object, namespace: str = "monitoring") -> AlertmanagerConfiguration:
    return parse(
        text, where="am", services=SERVICES, collector="cano-collector", namespace=namespace
    )


def webhook(
    url: str, *, name: str = "x", namespace: str = "monitoring", key: str = "url"
) -> Webhook:
    text = f"route: {{receiver: {name}}}\nreceivers: [{{name: {name}, webhook_configs: [{{{key}: '{url}'}}]}}]"
    return read(text, namespace).receivers[0].webhooks[0]


def test_routes_have_the_receiver_of_the_one_above_and_matchers_in_one_form() -> None:
    route = read(TEXT).route
    first, second = route.routes
    assert (route.receiver, route.matchers, route.goes_on) == ("cano", (), False)
    assert (first.receiver, first.matchers, first.goes_on) == (
        "mail",
        ('severity="critical"', 'team=~"a|b"'),
        True,
    )
    assert (second.receiver, second.matchers, second.routes[0].receiver) == (
        "cano",
        ('alertname="Watchdog"',),
        "mail",
    )


def test_a_route_has_the_time_intervals_that_mute_it_and_not_those_above() -> None:
    text = TEXT.replace(
        "receiver: mail, continue: true}",
        "receiver: mail, mute_time_intervals: [night], active_time_intervals: [work], routes: [{receiver: cano}]}",
    )
    assert text != TEXT
    text += (
        "time_intervals: [{name: work, time_intervals: [{weekdays: ['monday:friday']}]}]\n"
        "mute_time_intervals: [{name: night, time_intervals: [{times: [{start_time: '00:00', end_time: '06:00'}]}]}]\n"
    )
    first = read(text).route.routes[0]
    assert (first.at_times, first.routes[0].at_times) == (("night", "work"), ())
    with pytest.raises(Malformed, match="differ"):
        told(read(TEXT), read(text))


@pytest.mark.parametrize(
    ("rule", "sets_off"),
    [
        ("{source_matchers: ['alertname=\"Down\"']}", ('alertname="Down"',)),
        (
            "{source_match: {alertname: Down}, target_match_re: {severity: '.*'}, equal: []}",
            ('alertname="Down"',),
        ),
        ("{source_matchers: [a=b], target_matchers: ['alertname=~\".+\"']}", ('a="b"',)),
        ("{source_matchers: [a=b], target_match_re: {alertname: '(.*)'}}", ('a="b"',)),
        # Every alert is source and target: Alertmanager lets none of these silence another.
        ("{target_matchers: ['severity=~\".*\"']}", ()),
        # No alert is a source.
        ("{source_matchers: [a=b, a=c]}", ()),
        ("{source_matchers: [a=b], equal: [namespace]}", ()),
        ("{source_matchers: [a=b], target_matchers: ['severity=\"info\"']}", ()),
        ("{source_match: {a: b}, target_match: {severity: info}}", ()),
    ],
)
def test_an_inhibit_rule_is_about_every_alert_where_nothing_narrows_it(
    rule: str, sets_off: tuple[str, ...]
) -> None:
    rules = silences_everything(read(f"{TEXT}inhibit_rules: [{rule}]").inhibit_rules)
    assert tuple(one for rule in rules for one in rule.source) == sets_off


def test_receivers_are_kinds_and_where_webhooks_lead_and_nothing_secret() -> None:
    found = read(TEXT)
    assert [(one.name, one.integrations, one.webhooks) for one in found.receivers] == [
        ("cano", (), (RIGHT,)),
        ("mail", ("email", "pagerduty"), ()),
    ]
    assert "canary" not in repr(found)
    assert "http:" not in repr(found)


@pytest.mark.parametrize(
    "host", ["cano-collector", "cano-collector.monitoring", "cano-collector.monitoring.svc", "cano-collector.monitoring.svc.cluster.local",
             "cano-collector.monitoring.svc.example.org.", "10.96.0.14", "[fd00::e]", "CANO-collector.monitoring.svc"],
)  # fmt: skip
def test_every_form_of_the_services_name_and_its_addresses_lead_to_the_collector(host: str) -> None:
    assert webhook(f"http://{host}:80/api/alerts") == RIGHT


@pytest.mark.parametrize(
    ("url", "port", "path", "scheme"),
    [
        ("http://cano-collector.monitoring.svc", 80, "", "http"),
        ("https://cano-collector.monitoring.svc/api/alerts", 443, "/api/alerts", "https"),
        (
            "http://u:canary@cano-collector.monitoring.svc:8080/api/alerts?token=canary",
            8080,
            "/api/alerts",
            "http",
        ),
    ],
)
def test_port_path_and_scheme_are_told_without_user_and_query(
    url: str, port: int, path: str, scheme: str
) -> None:
    found = webhook(url)
    assert (found.leads, found.port, found.path, found.scheme) == ("collector", port, path, scheme)
    assert "canary" not in repr(found)


@pytest.mark.parametrize(
    ("url", "leads"),
    [
        ("http://cano-collector.other.svc:80/api/alerts", "namesake"),
        ("http://snitch.monitoring.svc/api/alerts", "elsewhere"),
        ("http://snitch:9000/api/alerts", "elsewhere"),
        ("https://alerts.example.org/api/alerts", "unknown"),
        ("http://10.0.0.9:30080/api/alerts", "unknown"),
        ("http://[fd00::9]:8080/api/alerts", "unknown"),
        ("https://nosnch.example/canary", "elsewhere"),
        ("<secret>", "hidden"),
        ("https://{{ .Host }}/api/alerts", "hidden"),
    ],
)
def test_what_leads_elsewhere_may_come_back_or_is_hidden_is_told_apart(
    url: str, leads: str
) -> None:
    assert webhook(url) == Webhook(leads)


def test_a_bare_name_is_that_of_alertmanagers_own_namespace() -> None:
    assert webhook("http://cano-collector/api/alerts", namespace="elsewhere") == Webhook("namesake")
    assert webhook("http://cano-collector/api/alerts", namespace="") == RIGHT


def test_a_receiver_named_after_the_collector_makes_an_address_outside_likely_its_own() -> None:
    assert webhook("https://a.example/hook", name="cano-collector-eu") == Webhook("unknown")
    assert webhook("/etc/url", key="url_file") == Webhook("hidden")


@pytest.mark.parametrize(
    "text",
    [
        None,
        7,
        "",
        "[",
        "receivers: []",
        "route: {receiver: a}\nreceivers: []",
        "route: {receiver: a}\nreceivers: [{name: b}]",
        "route: {}\nreceivers: [{name: b}]",
        "route: {receiver: b, routes: [7]}\nreceivers: [{name: b}]",
        "route: {receiver: b}\nreceivers: [{email_configs: []}]",
        "route: {receiver: b}\nreceivers: {name: b}",
        "route: {receiver: b}\nreceivers: [{name: b, webhook_configs: [{url: 'http://a:canary/'}]}]",
        "route: {receiver: b, receiver: c}\nreceivers: [{name: b}]",
    ],
)
def test_what_is_no_configuration_is_malformed_and_shows_nothing(text: object) -> None:
    with pytest.raises(Malformed) as stopped:
        read(text)
    assert "canary" not in str(stopped.value)


def secret(key: str, value: bytes) -> dict[str, Any]:
    return {"kind": "Secret", "data": {"other": "", key: base64.b64encode(value).decode()}}


@pytest.mark.parametrize("key", ["alertmanager.yaml", "alertmanager.yml"])
def test_a_stored_configuration_is_read_from_the_keys_it_may_have(key: str) -> None:
    assert stored(secret(key, TEXT.encode()), where="s") == TEXT
    assert stored({"kind": "ConfigMap", "data": {key: TEXT}}, where="c") == TEXT


def test_what_the_operator_packed_is_unpacked_and_comes_first() -> None:
    packed = secret("alertmanager.yaml.gz", gzip.compress(TEXT.encode()))
    packed["data"]["alertmanager.yaml"] = "not this one"
    assert stored(packed, where="s") == TEXT


@pytest.mark.parametrize(
    ("raw", "error"),
    [
        ({"kind": "Secret"}, Absent),
        ({"kind": "Secret", "data": {"x": ""}}, Absent),
        (secret("alertmanager.yaml.gz", b"canary"), Malformed),
        (secret("alertmanager.yaml.gz", gzip.compress(b"canary" * 99)[:-12]), Malformed),
        (
            secret(
                "alertmanager.yaml.gz",
                gzip.compress(bytes(alertmanager_configuration.MOST_BYTES + 1)),
            ),
            Malformed,
        ),
        (secret("alertmanager.yaml", b"\xff canary"), Malformed),
        ({"kind": "Secret", "data": {"alertmanager.yaml": "%canary"}}, Malformed),
        ({"kind": "Secret", "data": {"alertmanager.yaml": None}}, Malformed),
    ],
)
def test_what_is_stored_otherwise_is_not_read(
    raw: Mapping[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error) as stopped:
        stored(raw, where="Secret/n/s")
    assert "canary" not in str(stopped.value)


def test_what_is_loaded_and_what_is_stored_make_one() -> None:
    found = told(read(HIDDEN), read(TEXT))
    assert found.receivers[0].webhooks == (RIGHT,)
    assert found.source == "am; am"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("- name: mail", "- name: post\n- name: mail"),
        ("continue: true", "continue: false"),
        ("  pagerduty_configs", "  slack_configs"),
    ],
)
def test_what_is_stored_and_not_loaded_is_another_configuration(old: str, new: str) -> None:
    with pytest.raises(Malformed, match="is not the configuration that am has loaded"):
        told(read(HIDDEN), read(TEXT.replace(old, new)))


class Canned(CannedApi):
    """An Alertmanager that answers what it is told to."""

    where, namespace = "am", "monitoring"

    def __init__(self, alerts: Any, text: Any = TEXT, *, uptime: Any = None) -> None:
        status = {"config": {"original": text}, "uptime": uptime or "2025-12-30T10:00:00.5Z"}
        self.answers = {"/api/v2/status": status, "/api/v2/alerts": alerts}

    def answer(self, path: str, query: Mapping[str, str]) -> Any:
        return self.answers[path]


def routed(text: str, *, named: str = "cano", alerts: Any = None, uptime: Any = None) -> Any:
    one = {
        "receivers": [{"name": "cano"}],
        "labels": {"alertname": "Down"},
        "startsAt": "2026-01-02T10:00:00Z",
    }
    asked = Alertmanager(
        Canned(
            [one, one | {"receivers": [{"name": "mail"}]}] if alerts is None else alerts,
            text,
            uptime=uptime,
        )
    )
    return asked.routed(asked.configuration(SERVICES, collector=named), collector=named, at=NOW)


@pytest.mark.parametrize(
    ("uptime", "stopped"),
    [
        ("2026-01-02T11:51:00Z", TooEarly),
        ("2026-01-02T12:00:03Z", TooEarly),
        ("2026-01-02T11:49:00Z", None),
        (7, Malformed),
        ("x", Malformed),
    ],
)
def test_an_alertmanager_that_has_just_started_has_not_got_its_alerts_again(
    uptime: Any, stopped: type[Exception] | None
) -> None:
    """Alertmanager stores silences, not alerts: after a restart its list is empty, whatever fires."""
    assert routed(TEXT, uptime=uptime).active == 1
    with pytest.raises(stopped or Absent):
        routed(TEXT, alerts=[], uptime=uptime)


def test_a_list_without_an_alert_for_the_collector_is_believed_where_its_routes_agree() -> None:
    """Prometheus may send to no Alertmanager (prometheus/prometheus#11740): its list is empty."""
    one = {"receivers": [{"name": "mail"}], "startsAt": "2026-01-02T10:00:00Z"}
    text = TEXT.replace("routes:", 'routes:\n  - {receiver: mail, matchers: [team="db"]}', 1)
    other = one | {"labels": {"alertname": "Down", "team": "db"}}
    assert routed(text, alerts=[other]).active == 0
    with pytest.raises(Malformed, match="sends alert Down to other receivers than cano"):
        routed(text, alerts=[other, one | {"labels": {"alertname": "Down"}}])
    with pytest.raises(Absent, match="nothing shows that Prometheus reaches it"):
        routed(text, alerts=[])


def test_the_alerts_that_are_routed_to_the_collector_are_counted() -> None:
    assert (routed(TEXT).receivers, routed(TEXT).active, f"{routed(TEXT).oldest:%H:%M}") == (
        ("cano",),
        1,
        "10:00",
    )
    assert routed(TEXT, named="nobody").active == 1
    assert (routed(TEXT).newest, routed(TEXT).repeat_seconds) == (routed(TEXT).oldest, 4 * 3600)


def test_where_urls_are_hidden_the_name_tells_or_nobody_can() -> None:
    assert routed(HIDDEN).active == 1
    with pytest.raises(Malformed, match="hides the webhook URLs of cano, so"):
        routed(HIDDEN, named="cano-collector")


@pytest.mark.parametrize(
    "alerts",
    [
        {},
        [{}],
        [{"receivers": [{"name": "cano"}]}],
        [{"receivers": [{"name": "cano"}], "startsAt": "2026-01-02T10:00:00Z"}],
        [{"receivers": [{"name": "cano"}], "labels": {}, "startsAt": "x"}],
    ],
)
def test_alerts_of_another_form_are_malformed(alerts: Any) -> None:
    with pytest.raises(Malformed):
        routed(TEXT, alerts=alerts)


@pytest.mark.parametrize("status", [{}, [], {"config": None}, {"config": {}}])
def test_a_status_without_configuration_is_malformed(status: Any) -> None:
    asked = Canned([])
    asked.answers["/api/v2/status"] = status
    with pytest.raises(Malformed):
        Alertmanager(asked).configuration(SERVICES, collector="cano")


def test_after_how_long_it_is_sent_again_is_inherited_and_the_longest_counts() -> None:
    """What may have come by any route that leads to the collector may come again as late as by the slowest of them."""
    slow = TEXT.replace("  receiver: cano\n", "  receiver: cano\n  repeat_interval: 1h30m\n")
    assert routed(slow).repeat_seconds == 5400
    assert [one.repeat_seconds for one in read(slow).route.routes] == [5400, 5400]
    slower = slow.replace(
        "- matchers: ['alertname=\"Watchdog\"']",
        "- matchers: ['alertname=\"Watchdog\"']\n    repeat_interval: 1w2d",
    )
    assert routed(slower).repeat_seconds == 9 * 86400
    of_others = slow.replace(
        "receiver: mail, continue: true", "receiver: mail, repeat_interval: 7d"
    )
    assert routed(of_others).repeat_seconds == 5400


@pytest.mark.parametrize("text", ["soon", "4", "-1h", "1.5h", "[4h]"])
def test_an_interval_that_is_none_is_malformed(text: str) -> None:
    with pytest.raises(Malformed):
        read(TEXT.replace("  receiver: cano\n", f"  receiver: cano\n  repeat_interval: {text}\n"))


def test_another_inhibit_rule_than_is_loaded_is_another_configuration() -> None:
    """The loaded one silences everything; the stored one is harmless, and says so."""
    loaded = read(f"{TEXT}inhibit_rules: [{{source_matchers: [a=b], target_matchers: []}}]")
    stored = read(f"{TEXT}inhibit_rules: [{{source_matchers: [a=b], target_matchers: [c=d]}}]")
    assert told(loaded, loaded).inhibit_rules == loaded.inhibit_rules
    with pytest.raises(Malformed, match="receivers, routes or inhibit rules differ"):
        told(loaded, stored)
