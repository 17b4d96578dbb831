"""Test maintenance-alerts-quiet, maintenance-alerts-loaded and metrics-scraped."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.fuzzing import examples
from tests.judges.samples import NOW, ago, condition, no_pods, pod, rule, unready, waiting, workload
from upkeep.domain.guide import ALERTS
from upkeep.errors import Absent, Malformed, TooEarly
from upkeep.judges.monitoring import rules
from upkeep.limits import Limits
from upkeep.model import Judgement
from upkeep.records.monitoring import ScrapeState

BACKUP, CONFIG = "CanoCollectorBackupFailed", "CanoCollectorConfigOld"
BACKUP_METRIC = "cano_backup_last_success_timestamp"


def quiet(*loaded, wanted=ALERTS, **limits: float) -> Judgement:
    return rules.alerts_quiet(loaded, wanted=wanted, now=NOW, limits=Limits(limits))


def weekly(*loaded) -> Judgement:
    return rules.alerts_loaded(loaded, wanted=ALERTS, now=NOW)


def codes(judgement: Judgement) -> list[str]:
    return [finding.code for finding in judgement.findings]


def test_the_guides_alerts_and_the_metrics_that_they_name():
    assert dict(ALERTS) == {
        "CanoCollectorBackupFailed": ("cano_backup_last_success_timestamp",),
        "CanoCollectorConfigOld": ("cano_config_last_modified_timestamp",),
    }


def test_alerts_that_are_loaded_able_to_fire_and_quiet_pass():
    judgement = quiet(rule(BACKUP), rule(CONFIG, state="pending"))
    assert judgement.findings == ()
    assert judgement.observed == "2 of 2 alerts loaded; of 2 rules 2 can fire, 0 firing, 1 pending"
    assert (judgement.limit, judgement.unit) == (0, "firing alerts")


def test_an_alert_that_is_not_loaded_fails():
    judgement = quiet(rule(BACKUP))
    (finding,) = judgement.findings
    assert (finding.object, finding.code) == ("Alert/CanoCollectorConfigOld", "alert-not-loaded")
    assert finding.message == (
        "Prometheus has not loaded alert CanoCollectorConfigOld, so it never fires. It watches cano_config_last_modified_timestamp."
    )
    assert (finding.observed, finding.limit, finding.unit) == (
        "not loaded",
        "loaded",
        "alerting rule",
    )
    assert finding.next == "kubectl get prometheusrules --all-namespaces"


def test_no_rule_at_all_fails_for_each_alert():
    assert codes(quiet()) == ["alert-not-loaded", "alert-not-loaded"]


@pytest.mark.parametrize(
    ("changes", "seen"),
    [
        ({"health": "err"}, "err"),
        ({"health": "bad"}, "bad"),
        ({"state": ""}, "state unknown"),
        ({"state": "x"}, "state x"),
    ],
)
def test_a_rule_that_is_not_evaluated_fails(changes, seen):
    (finding,) = quiet(
        rule(BACKUP, error="many-to-many matching", **changes), rule(CONFIG)
    ).findings
    assert (finding.object, finding.code) == (
        "Alert/CanoCollectorBackupFailed",
        "alert-not-evaluated",
    )
    assert finding.message == (
        f"Prometheus cannot evaluate alert CanoCollectorBackupFailed: its health is {seen}: many-to-many matching"
    )
    assert (finding.observed, finding.limit, finding.unit) == (seen, "ok", "rule health")


def test_a_rule_whose_expression_matches_no_series_was_evaluated():
    """vmalert says "no match" of absent() over a series that is missing, and the alert fires."""
    assert quiet(rule(BACKUP, health="no match"), rule(CONFIG)).findings == ()


@pytest.mark.parametrize("judged", [quiet, weekly])
@pytest.mark.parametrize(
    ("changes", "stopped"),
    [
        # Prometheus' words before the first evaluation after a start or a reload.
        ({"health": "unknown", "evaluated": None}, TooEarly),
        ({"health": "unknown"}, TooEarly),
        ({"state": "unknown"}, TooEarly),
        ({"evaluated": None}, TooEarly),
        ({"evaluated": ago(days=365)}, Malformed),
        ({"evaluated": ago(minutes=11)}, Malformed),
        ({"evaluated": ago(minutes=-11)}, Malformed),
        ({"evaluated": ago(hours=5), "interval_seconds": 3600}, Malformed),
        ({"evaluated": ago(hours=25), "interval_seconds": 9e99}, Malformed),
    ],
)
def test_a_rule_that_is_not_evaluated_now_is_no_verdict(judged, changes, stopped):
    with pytest.raises(stopped, match="CanoCollectorBackupFailed"):
        judged(rule(BACKUP, **changes), rule(CONFIG))
    # What is known to be wrong is told all the same.
    assert "alert-not-loaded" in codes(judged(rule(BACKUP, **changes)))
    broken = rule(CONFIG, health="err")
    assert codes(judged(rule(BACKUP, **changes), broken)) == ["alert-not-evaluated"]


def test_a_rule_of_a_slow_group_is_evaluated_seldom():
    slow = rule(BACKUP, evaluated=ago(hours=3), interval_seconds=3600)
    assert quiet(slow, rule(CONFIG)).findings == ()


def test_a_metric_that_does_not_exist_fails():
    judgement = quiet(rule(BACKUP, metrics=((BACKUP_METRIC, False),)), rule(CONFIG))
    (finding,) = judgement.findings
    assert finding.code == "alert-can-never-fire"
    assert finding.message == (
        "Alert CanoCollectorBackupFailed can never fire: no series of its metric cano_backup_last_success_timestamp exists."
    )
    assert (finding.observed, finding.limit, finding.unit) == (BACKUP_METRIC, "exists", "metric")
    assert judgement.observed == "2 of 2 alerts loaded; of 2 rules 1 can fire, 0 firing, 0 pending"


def test_a_firing_alert_fails():
    (finding,) = quiet(rule(BACKUP, state="firing"), rule(CONFIG)).findings
    assert (finding.object, finding.code) == ("Alert/CanoCollectorBackupFailed", "alert-firing")
    assert (finding.observed, finding.limit, finding.unit) == (1, 0, "firing alerts")
    assert finding.next == "kubectl get cronjobs,jobs --all-namespaces"


def test_as_many_may_fire_as_the_limit_says():
    both = rule(BACKUP, state="firing"), rule(CONFIG, state="firing")
    assert quiet(*both, alerts_firing=2).findings == ()
    assert codes(quiet(*both, alerts_firing=1)) == ["alert-firing", "alert-firing"]


def test_several_rules_of_one_name_are_all_judged():
    assert codes(
        quiet(rule(BACKUP), rule(BACKUP, health="err"), rule(BACKUP, state="firing"), rule(CONFIG))
    ) == [
        "alert-not-evaluated",
        "alert-firing",
    ]


def test_alerts_of_other_names_are_not_judged():
    assert (
        quiet(rule(BACKUP), rule(CONFIG), rule("Watchdog", state="firing", metrics=())).findings
        == ()
    )


def test_a_rule_on_a_metric_of_its_own_is_judged_by_that():
    own = rule(BACKUP, query="kube_cronjob_x > 1", metrics=(("kube_cronjob_x", True),))
    assert quiet(own, rule(CONFIG)).findings == ()


@pytest.mark.parametrize("metrics", [(), (("another_metric", True),)])
def test_a_metric_that_nobody_asked_about_is_no_verdict(metrics):
    with pytest.raises(Absent, match="Alert CanoCollectorBackupFailed was not judged"):
        quiet(rule(BACKUP, metrics=metrics), rule(CONFIG))


def test_a_rule_that_names_no_known_metric_is_no_verdict_whatever_its_query():
    with pytest.raises(Absent, match="its expression names no metric"):
        quiet(rule(BACKUP, query="vector(1)", metrics=()), rule(CONFIG))


def test_wanting_no_alert_is_no_verdict():
    with pytest.raises(Absent):
        quiet(rule(BACKUP), wanted={})


some_rules = st.lists(
    st.builds(
        lambda name, state, health, exists: replace(
            rule(name, state=state, health=health), metrics=((ALERTS[name][0], exists),)
        ),
        st.sampled_from([BACKUP, CONFIG]),
        st.sampled_from(["inactive", "inactive", "pending", "firing"]),
        st.sampled_from(["ok", "ok", "err"]),
        st.sampled_from([True, True, False]),
    ),
    max_size=4,
)
bad_rules = st.sampled_from(
    [rule(BACKUP, health="err"), rule(CONFIG, state="firing"), rule("Other", state="firing")]
)


@settings(max_examples=examples(60), deadline=None)
@given(some_rules, bad_rules)
def test_a_bad_rule_more_never_makes_a_failure_a_pass(rules, bad):
    # Loading what was missing does heal, so both alerts are there.
    there = [rule(BACKUP), rule(CONFIG), *rules]
    if not quiet(*there) or bad.name in ALERTS:
        assert not quiet(*there, bad)


@settings(max_examples=examples(60), deadline=None)
@given(some_rules, st.sampled_from([BACKUP, CONFIG]))
def test_rules_or_metrics_that_are_withheld_never_make_a_pass(rules, name):
    there = [rule(BACKUP), rule(CONFIG), *rules]
    assert not quiet(*(one for one in there if one.name != name))
    with pytest.raises(Absent):
        quiet(*(replace(one, metrics=()) if one.name == name else one for one in there))


@settings(max_examples=examples(60), deadline=None)
@given(some_rules, st.data())
def test_the_order_of_rules_does_not_matter(rules, data):
    assert quiet(*rules) == quiet(*data.draw(st.permutations(rules)))


# metrics-scraped


def scraped(*states: tuple[str, float | None], records=None) -> Judgement:
    found = [ScrapeState(f"cano-collector-{name}", up) for name, up in states]
    return rules.scraped(found, workload() if records is None else records, now=NOW)


def test_pods_that_are_up_pass():
    judgement = scraped(("a", 1.0), ("b", 1.0))
    assert judgement.findings == ()
    assert judgement.observed == "2 of 2 pods scraped"
    assert (judgement.limit, judgement.unit, judgement.basis) == (2, "pods with up = 1", "up")


def test_a_pod_that_nothing_selects_fails():
    judgement = scraped(("a", 1.0), ("b", None))
    (finding,) = judgement.findings
    assert (finding.object, finding.code) == ("Pod/cano-collector-b", "not-scraped")
    assert finding.message == (
        "Prometheus does not scrape pod cano-collector-b: no ServiceMonitor or scrape configuration selects it."
    )
    assert (finding.observed, finding.limit, finding.unit) == ("no series", 1, "up")
    assert judgement.observed == "1 of 2 pods scraped"


@pytest.mark.parametrize(("up", "text"), [(0.0, "0"), (0.5, "0.5"), (math.nan, "nan")])
def test_a_scrape_that_fails_fails(up, text):
    (finding,) = scraped(("a", 1.0), ("b", up)).findings
    assert (finding.object, finding.code) == ("Pod/cano-collector-b", "scrape-failed")
    assert (
        finding.message
        == f"Prometheus cannot scrape pod cano-collector-b: up is {text}, and 1 is required."
    )
    assert finding.next == "kubectl -n monitoring describe pod cano-collector-b"


def test_a_pod_without_a_state_is_no_verdict():
    with pytest.raises(Absent, match="The scrape state of pod cano-collector-b was not read"):
        scraped(("a", 1.0))


@pytest.mark.parametrize(
    "records", [no_pods(), replace(workload(), pods=()), workload(pod("a", deleted=NOW))]
)
def test_no_pod_is_no_verdict(records):
    with pytest.raises(Absent):
        scraped(("a", 1.0), ("b", 1.0), records=records)


def test_a_terminating_pod_need_not_be_scraped():
    records = workload(pod("a"), pod("b", deleted=NOW))
    assert scraped(("a", 1.0), ("b", 0.0), records=records).findings == ()


def test_a_pod_that_was_made_only_now_is_not_missed_yet():
    fresh = workload(pod("a"), pod("b", created=ago(minutes=4)))
    with pytest.raises(
        TooEarly,
        match=r"has not scraped pod cano-collector-b yet.*Retry after 2026-01-02 12:01 UTC",
    ):
        scraped(("a", 1.0), ("b", None), records=fresh)
    assert codes(scraped(("a", 0.0), ("b", None), records=fresh)) == ["scrape-failed"]
    assert codes(
        scraped(
            ("a", 1.0), ("b", None), records=workload(pod("a"), pod("b", created=ago(minutes=5)))
        )
    ) == ["not-scraped"]
    assert codes(scraped(("a", 1.0), ("b", 0.0), records=fresh)) == ["scrape-failed"]


def test_a_pod_that_only_needs_time_in_a_rollout_need_not_be_scraped_and_is_said():
    late = unready("c", status=waiting("ContainerCreating"))
    records = workload(
        pod("a"), pod("b"), late, conditions=(condition(reason="ReplicaSetUpdated"),)
    )
    judgement = scraped(("a", 1.0), ("b", 1.0), ("c", None), records=records)
    assert (judgement.findings, judgement.observed) == (
        (),
        "2 of 2 pods scraped; 1 pod of a rollout still starting",
    )


some_states = st.lists(
    st.tuples(st.sampled_from("ab"), st.sampled_from([1.0, 0.0, None])), max_size=3
)


@settings(max_examples=examples(60), deadline=None)
@given(some_states, st.sampled_from("ab"), st.sampled_from([0.0, None]), st.data())
def test_a_bad_state_fails_withheld_ones_raise_and_the_order_does_not_matter(more, name, up, data):
    states = [("a", 1.0), ("b", 1.0), *more]
    assert not scraped(*states, (name, up))
    with pytest.raises(Absent):
        scraped(*(one for one in states if one[0] != name))
    assert scraped(*states) == scraped(*data.draw(st.permutations(states)))


def test_weekly_a_firing_alert_is_loaded_and_another_that_cannot_fire_fails():
    loaded = weekly(rule(BACKUP, state="firing"), rule(CONFIG))
    assert (loaded.findings, loaded.observed, loaded.limit) == (
        (),
        "2 of 2 alerts loaded; of 2 rules 2 can fire",
        2,
    )
    dead = weekly(rule(BACKUP, metrics=((BACKUP_METRIC, False),)))
    assert codes(dead) == ["alert-not-loaded", "alert-can-never-fire"]
    assert dead.observed == "1 of 2 alerts loaded; of 1 rule 0 can fire"


def test_weekly_what_nobody_asked_about_is_not_judged():
    with pytest.raises(Absent, match=r"^The guide names no alert"):
        rules.alerts_loaded([], wanted={}, now=NOW)
    with pytest.raises(Absent, match=r"^Alert CanoCollectorBackupFailed was not judged"):
        weekly(rule(BACKUP, metrics=()))
