"""Test fallback-notification: which receivers alerts reach, and what cannot be decided."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.judges.samples import install, service
from upkeep.errors import Absent, Ambiguous, Malformed
from upkeep.judges.monitoring.notifications import fallback
from upkeep.limits import Limits
from upkeep.model import Judgement
from upkeep.records.monitoring import (
    AlertmanagerConfiguration,
    InhibitRule,
    NotificationReceiver,
    NotificationRoute,
    Webhook,
)
from upkeep.records.serving import Service, ServicePort

SERVICES = (service(),)
RIGHT = Webhook("collector", "cano-collector", "http", 80, "/api/alerts")
OURS = NotificationReceiver("cano", (), (RIGHT,))
MAIL = NotificationReceiver("mail", ("email",))
NULL = NotificationReceiver("null")
EVERYTHING = NotificationRoute("cano")
CRITICAL = NotificationRoute("mail", ('severity="critical"',), True)


def told(
    *receivers: NotificationReceiver,
    route: NotificationRoute | None = None,
    stored: str = "",
    **limits: float,
) -> Judgement:
    """Every alert goes to each of the receivers, unless a route says otherwise."""
    every = tuple(NotificationRoute(one.name, goes_on=True) for one in receivers)
    tree = route or NotificationRoute(receivers[0].name, routes=every)
    found = AlertmanagerConfiguration(
        tree, receivers, "Service monitoring/alertmanager:9093", stored
    )
    return fallback(found, SERVICES, silences=(), limits=Limits(limits), install=install())


def codes(judgement: Judgement) -> list[str]:
    return [finding.code for finding in judgement.findings]


def leading(**changes) -> NotificationReceiver:
    return replace(OURS, webhooks=(replace(RIGHT, **changes),))


def test_a_route_to_the_collector_and_one_to_somebody_else_pass() -> None:
    judged = told(OURS, MAIL, route=NotificationRoute("cano", routes=(CRITICAL, EVERYTHING)))
    assert (judged.findings, judged.limit, judged.unit) == ((), 1, "receivers beside the collector")
    assert (
        judged.observed
        == 'to the collector: cano (every alert); to others: mail (email; severity="critical")'
    )
    assert judged.basis.startswith("Service monitoring/alertmanager:9093; ")


def test_an_integration_beside_the_webhook_is_another_way() -> None:
    judged = told(replace(OURS, integrations=("pagerduty",)))
    assert (judged.findings, judged.observed) == (
        (),
        "to the collector: cano (every alert); to others: cano (pagerduty; every alert)",
    )


def test_a_webhook_that_leads_elsewhere_is_another_way() -> None:
    assert told(OURS, NotificationReceiver("snitch", (), (Webhook("elsewhere"),))).findings == ()


def test_a_fallback_that_is_muted_at_times_is_none() -> None:
    """Unless another route to it never is; a muted route above says nothing of those below it."""
    muted = replace(CRITICAL, at_times=("night", "weekend"))
    judged = told(OURS, MAIL, route=NotificationRoute("cano", routes=(muted, EVERYTHING)))
    (finding,) = judged.findings
    assert (finding.object, finding.code, finding.observed, finding.limit, finding.unit) == (
        "Receiver/mail",
        "fallback-muted",
        0,
        1,
        "receivers",
    )
    assert "Time intervals (night, weekend) mute every route to receiver mail." in finding.message
    assert judged.observed.endswith('to others: mail (email; severity="critical" at times)')
    assert not told(
        OURS, MAIL, route=NotificationRoute("cano", routes=(muted, CRITICAL, EVERYTHING))
    ).findings
    below = NotificationRoute(
        "cano", ('team="x"',), True, (NotificationRoute("mail"),), at_times=("night",)
    )
    assert not told(
        OURS, MAIL, route=NotificationRoute("cano", routes=(below, EVERYTHING))
    ).findings
    # Where enough others are there all the time, nothing is wrong.
    other = NotificationReceiver("pager", ("pagerduty",))
    assert not told(
        OURS,
        MAIL,
        other,
        route=NotificationRoute(
            "cano", routes=(muted, NotificationRoute("pager", (), True), EVERYTHING)
        ),
    ).findings


def test_an_inhibit_rule_about_every_alert_is_a_fault() -> None:
    tree = NotificationRoute("cano", routes=(CRITICAL, EVERYTHING))
    found = AlertmanagerConfiguration(
        tree,
        (OURS, MAIL),
        "Alertmanager",
        inhibit_rules=(InhibitRule(('alertname="CanoCollectorDown"',), ()),),
    )
    (finding,) = fallback(found, SERVICES, silences=(), limits=Limits(), install=install()).findings
    assert (finding.object, finding.code, finding.observed, finding.limit) == (
        "Alertmanager",
        "inhibits-everything",
        "every alert",
        "some alerts",
    )
    assert finding.message.startswith(
        'One inhibit rule silences every alert: while alertname="CanoCollectorDown" fires'
    )


@pytest.mark.parametrize("others", [(), (NULL,), (replace(OURS, name="again"),)])
def test_nobody_beside_the_collector_fails(others: tuple[NotificationReceiver, ...]) -> None:
    (finding,) = told(OURS, *others).findings
    assert (finding.object, finding.code, finding.observed, finding.limit, finding.unit) == (
        "Alertmanager",
        "no-fallback",
        0,
        1,
        "receivers",
    )
    assert (
        finding.message
        == "Without the collector, Alertmanager sends alerts to no receiver. At least 1 receiver must not depend on it."
    )
    assert (
        finding.next
        == "give receiver cano email_configs, slack_configs or the like: docs/runbook.md#fallback-notification"
    )


def test_how_many_must_be_told_is_a_limit() -> None:
    (finding,) = told(OURS, MAIL, fallback_receivers=2).findings
    assert (
        finding.message
        == "Without the collector, Alertmanager sends alerts only to mail. At least 2 receivers must not depend on it."
    )
    assert told(OURS, MAIL, replace(MAIL, name="pager"), fallback_receivers=2).findings == ()


def test_a_receiver_that_no_route_leads_to_tells_nobody() -> None:
    (finding,) = told(OURS, MAIL, route=EVERYTHING).findings
    assert (finding.code, finding.next) == (
        "no-fallback",
        "add to the route of Alertmanager, before the others: {receiver: mail, continue: true}",
    )
    (finding,) = told(OURS, MAIL, route=NotificationRoute("mail")).findings
    assert (finding.object, finding.code) == ("Receiver/cano", "not-routed")
    assert (
        finding.message
        == "Receiver cano posts to the collector, but no alert can reach this receiver. The collector gets no alerts."
    )


@pytest.mark.parametrize(
    ("route", "expected"),
    [
        # The route's own receiver is told what none of its routes takes.
        (NotificationRoute("cano", routes=(replace(CRITICAL, goes_on=False),)), []),
        (NotificationRoute("cano", routes=(NotificationRoute("mail"),)), ["not-routed"]),
        (
            NotificationRoute(
                "cano", routes=(NotificationRoute("mail", ('team=~".*"',), goes_on=True),)
            ),
            ["not-routed"],
        ),
        # What comes after one that takes everything is never looked at.
        (NotificationRoute("null", routes=(NotificationRoute("mail"), EVERYTHING)), ["not-routed"]),
        (
            NotificationRoute("null", routes=(NotificationRoute("mail", goes_on=True), EVERYTHING)),
            [],
        ),
        (
            NotificationRoute(
                "null",
                routes=(NotificationRoute("null", ('a="b"',), routes=(CRITICAL, EVERYTHING)),),
            ),
            [],
        ),
    ],
)
def test_routes_are_walked_as_alertmanager_does(
    route: NotificationRoute, expected: list[str]
) -> None:
    assert codes(told(OURS, MAIL, NULL, route=route)) == expected


def test_no_receiver_of_the_collector_fails_with_the_url_to_give() -> None:
    (finding,) = told(MAIL).findings
    assert (finding.object, finding.code, finding.observed, finding.limit) == (
        "Alertmanager",
        "not-routed",
        0,
        1,
    )
    assert finding.next.endswith(
        "a webhook with url: http://cano-collector.monitoring.svc:80/api/alerts"
    )
    (finding,) = told(MAIL, NotificationReceiver("old", (), (Webhook("namesake"),))).findings
    assert finding.message.endswith(
        "gets no alerts. Receiver old posts to a Service of that name in another namespace."
    )
    assert codes(told(NULL)) == ["not-routed", "no-fallback"]


@pytest.mark.parametrize(
    ("changes", "code", "observed", "limit"),
    [
        ({"port": 8080}, "wrong-port", 8080, "80"),
        ({"path": "/"}, "wrong-path", "/", "/api/alerts"),
        ({"path": ""}, "wrong-path", "/", "/api/alerts"),
        ({"path": "/alerts"}, "wrong-path", "/alerts", "/api/alerts"),
        ({"scheme": "https"}, "wrong-scheme", "https", "http"),
    ],
)
def test_a_webhook_that_does_not_arrive_fails(
    changes: dict, code: str, observed: object, limit: object
) -> None:
    (finding,) = told(leading(**changes), MAIL).findings
    assert (finding.object, finding.code, finding.observed, finding.limit) == (
        "Receiver/cano",
        code,
        observed,
        limit,
    )
    assert (
        finding.next
        == "in the receiver cano of Alertmanager: "
        + "url: http://cano-collector.monitoring.svc:80/api/alerts"
    )
    # One that nobody uses may lead anywhere.
    idle = replace(leading(**changes), name="idle")
    assert (
        told(
            OURS, MAIL, idle, route=NotificationRoute("cano", routes=(CRITICAL, EVERYTHING))
        ).findings
        == ()
    )


@pytest.mark.parametrize(
    ("of", "port", "fails"),
    [
        (service(headless=True), 80, True),
        (service(headless=True), 8080, False),
        (service(ports=(ServicePort("a", 80, 8080), ServicePort("b", 9090, 9090))), 80, False),
        (service(ports=(ServicePort("a", 80, 8080), ServicePort("b", 9090, 9090))), 9090, True),
    ],
)
def test_a_webhook_must_post_to_a_port_that_leads_to_the_collector(
    of: Service, port: int, fails: bool
) -> None:
    found = AlertmanagerConfiguration(
        NotificationRoute("cano", routes=(CRITICAL, EVERYTHING)),
        (leading(port=port), MAIL),
        "Service monitoring/alertmanager:9093",
    )
    judged = fallback(found, (of,), silences=(), limits=Limits({}), install=install())
    assert codes(judged) == ["wrong-port"] * fails


def test_a_slash_more_at_the_end_is_the_same_path() -> None:
    assert told(leading(path="/api/alerts/"), MAIL).findings == ()


def test_what_is_hidden_is_not_judged_and_says_where_it_may_be_stored() -> None:
    hidden = NotificationReceiver("somebody", (), (Webhook("hidden"),))
    with pytest.raises(Malformed, match="hides the webhook URLs of receiver somebody") as stopped:
        told(hidden, MAIL, stored="Secret/monitoring/alertmanager-main-generated")
    assert (
        stopped.value.next_step
        == "--alertmanager-config=Secret/monitoring/alertmanager-main-generated, where its configuration is stored"
    )
    with pytest.raises(Malformed) as stopped:
        told(hidden, MAIL)
    assert stopped.value.next_step.startswith(
        "in the receiver somebody of Alertmanager, instead of a url_file: url: "
    )
    with pytest.raises(Malformed):
        told(OURS, hidden)
    assert told(OURS, MAIL, hidden).findings == ()
    assert (
        told(
            OURS, MAIL, hidden, route=NotificationRoute("cano", routes=(CRITICAL, EVERYTHING))
        ).findings
        == ()
    )
    assert codes(told(hidden, fallback_receivers=2)) == ["no-fallback"]


def test_an_address_outside_that_may_come_back_is_not_judged() -> None:
    outside = NotificationReceiver("cano-ingress", (), (Webhook("unknown"),))
    with pytest.raises(Ambiguous, match="leads out of the cluster") as stopped:
        told(outside, MAIL)
    assert "cano-collector.monitoring.svc:80/api/alerts" in stopped.value.next_step


def test_without_a_service_nothing_can_lead_to_the_collector() -> None:
    with pytest.raises(Absent, match="No Service selects"):
        fallback(
            AlertmanagerConfiguration(EVERYTHING, (OURS, MAIL), "x"),
            (),
            silences=(),
            limits=Limits({}),
            install=install(),
        )


def test_a_secret_in_a_name_is_not_shown() -> None:
    name = "https://hooks.example/hunter2hunter2hunter2/9"
    (finding,) = told(replace(OURS, name=name, webhooks=(replace(RIGHT, port=1),)), MAIL).findings
    assert "hunter2" not in f"{finding}"


kinds = st.sampled_from(
    [OURS, MAIL, NULL, leading(port=1), NotificationReceiver("h", (), (Webhook("hidden"),))]
)


@given(
    st.lists(kinds, min_size=1, max_size=5, unique_by=lambda one: one.name),
    st.integers(1, 9999).filter(lambda port: port != 80),
)
def test_a_further_receiver_that_does_not_arrive_never_makes_it_pass(
    receivers: list[NotificationReceiver], port: int
) -> None:
    assert "wrong-port" in codes(told(*receivers, replace(leading(port=port), name="worse")))


@given(st.lists(kinds, min_size=1, max_size=5, unique_by=lambda one: one.name))
def test_to_hide_a_url_never_makes_a_pass(receivers: list[NotificationReceiver]) -> None:
    def outcome(*those: NotificationReceiver) -> bool | None:
        try:
            return bool(told(*those))
        except (Malformed, Ambiguous):
            return None

    hidden = [
        replace(one, webhooks=tuple(Webhook("hidden") for _ in one.webhooks)) for one in receivers
    ]
    assert not (outcome(*hidden) and not outcome(*receivers))


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        ((("alertname=Maintenance",), ('alertname=~".+"',), ("cluster",)), True),
        ((("alertname=Maintenance",), ('severity="info"',), ("cluster",)), False),
        # The source has the label, so that it is like no alert that lacks it.
        ((("alertname=Maintenance", 'cluster=~".+"'), ('alertname=~".+"',), ("cluster",)), False),
    ],
)
def test_a_label_that_both_alerts_lack_is_equal_and_what_it_silences_is_told(rule, told):
    """prometheus/alertmanager#507, #1727."""
    tree = NotificationRoute("cano", routes=(CRITICAL, EVERYTHING))
    loaded = AlertmanagerConfiguration(tree, (OURS, MAIL), "x", inhibit_rules=(InhibitRule(*rule),))
    judgement = fallback(loaded, SERVICES, silences=(), limits=Limits({}), install=install())
    said = "while alertname=Maintenance fires, an inhibit rule silences every alert without label"
    assert (said in judgement.observed) is told
    assert judgement.findings == ()
