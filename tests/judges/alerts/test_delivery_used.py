"""destinations-used."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.judges.counting.counter_samples import (
    INSTALL,
    LIMITS,
    codes,
    earlier,
    history,
    pod_of,
    snapshot,
)
from tests.judges.samples import NOW, ago
from upkeep.errors import Absent, Malformed, TooEarly
from upkeep.judges.alerts import delivery
from upkeep.model import Judgement
from upkeep.records.configuration import (
    ConfigurationDocument,
    ConfigurationFault,
    ConfiguredName,
    Destination,
)
from upkeep.records.counters import CounterHistory

OPS, AUDIT = Destination("ops", "slack"), Destination("audit", "slack")


def teams(**uses: tuple[str, ...]) -> ConfigurationDocument:
    """A document of teams, in order."""
    where = "ConfigMap/t key teams.yaml"
    return ConfigurationDocument(
        "teams",
        where,
        (),
        tuple(ConfiguredName(name, "", where, 2, "teams[0]", used) for name, used in uses.items()),
    )


def used(
    those: CounterHistory,
    *configured: Destination,
    documents: tuple[ConfigurationDocument, ...] = (),
) -> Judgement:
    return delivery.used(those, configured, documents, now=NOW, limits=LIMITS, install=INSTALL)


def day(before: dict[str, int] | None = None, **sent: int) -> CounterHistory:
    """A process of three days whose counters of a day ago are known."""
    return history(snapshot(sent=sent), before=(earlier(sent=before or {}),))


def test_what_is_told_and_got_messages_is_used() -> None:
    judged = used(day(ops=4, audit=1), OPS, AUDIT, documents=(teams(default=("ops", "audit")),))
    assert (bool(judged), judged.observed, judged.limit, judged.unit) == (
        True,
        "audit: 1 message; ops: 4 messages",
        0,
        "unused in 1 d",
    )


def test_a_message_that_failed_is_use_too() -> None:
    assert used(history(snapshot(failed={"ops": 2}), before=(earlier(),)), OPS).findings == ()


def test_what_got_nothing_in_the_window_is_unused_whatever_came_before() -> None:
    judged = used(day({"audit": 9}, ops=4, audit=9), OPS, AUDIT)
    assert [(finding.object, finding.code, finding.observed) for finding in judged.findings] == [
        ("Destination/audit", "destination-unused", 0)
    ]


def test_what_only_later_teams_name_is_never_told() -> None:
    judged = used(
        day(ops=4, audit=4), OPS, AUDIT, documents=(teams(default=("ops",), second=("audit",)),)
    )
    (finding,) = judged.findings
    assert (finding.code, finding.observed) == ("destination-never-told", "second")
    assert (
        finding.message
        == "Destination audit gets no alert: only second names it, but every alert goes to the first team, default."
    )


def test_without_any_team_nobody_is_told() -> None:
    judged = used(day(ops=4), OPS, documents=(teams(),))
    assert codes(judged) == ["destination-never-told"]
    assert judged.findings[0].message.endswith(
        "no team names it, but every alert goes to the first team, and there is none."
    )


def test_nothing_configured_is_another_controls_to_say() -> None:
    assert used(day()) == Judgement(
        (), "no destination", 0, "unused in 1 d", used(day(), OPS).basis
    )


def test_a_young_process_that_sent_nothing_is_too_early() -> None:
    with pytest.raises(
        TooEarly,
        match=r"^audit got no message in the 6 h of known counters. Retry after 2026-01-03 06:00 UTC.$",
    ):
        used(history(snapshot(started=ago(hours=6), sent={"ops": 1})), OPS, AUDIT)


def test_an_old_process_that_never_sent_is_proof_enough() -> None:
    assert codes(used(history(snapshot(sent={"ops": 1})), AUDIT)) == ["destination-unused"]


def test_messages_of_unknown_age_are_too_early() -> None:
    with pytest.raises(TooEarly, match=r"^ops got messages since"):
        used(history(snapshot(sent={"ops": 1})), OPS)


def test_teams_that_cannot_be_read_are_not_judged() -> None:
    fault = ConfigurationFault(
        "ConfigMap/t", 1, "", "not-yaml", "ConfigMap/t is not valid YAML", "correct it"
    )
    with pytest.raises(Malformed, match=r"^ConfigMap/t is not valid YAML$"):
        used(day(ops=1), OPS, documents=(ConfigurationDocument("teams", "ConfigMap/t", (fault,)),))


def test_no_counters_are_not_judged() -> None:
    with pytest.raises(Absent):
        used(history(), OPS)


sent = st.dictionaries(st.sampled_from(["ops", "audit"]), st.integers(0, 3))
named = st.lists(st.sampled_from(["ops", "audit"]), unique=True).map(tuple)


@given(sent, named, st.booleans())
def test_one_more_unused_destination_never_makes_a_failure_a_pass(
    counts: dict[str, int], first: tuple[str, ...], with_teams: bool
) -> None:
    documents = (teams(default=first),) if with_teams else ()
    before = used(day(**counts), OPS, AUDIT, documents=documents)
    after = used(day(**counts), OPS, AUDIT, Destination("new", "slack"), documents=documents)
    assert "Destination/new" in pod_of(after.findings)
    assert set(pod_of(before.findings)) <= set(pod_of(after.findings))
