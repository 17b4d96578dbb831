"""Test fallback-notification under active silences: whom they leave without any alert."""

from datetime import timedelta

import pytest

from tests.judges.monitoring.test_notifications import CRITICAL, EVERYTHING, MAIL, OURS, SERVICES
from tests.judges.samples import NOW, install
from upkeep.errors import Malformed
from upkeep.judges.monitoring.notifications import fallback
from upkeep.limits import Limits
from upkeep.records.monitoring import AlertmanagerConfiguration, NotificationRoute, Silence

TREE = NotificationRoute("cano", routes=(CRITICAL, EVERYTHING))


def quiet(*matchers: tuple[str, ...], tree: NotificationRoute = TREE) -> list[tuple[str, str]]:
    """The object and code of each finding under silences of these matchers."""
    silences = [
        Silence(f"id-{number}", each, NOW + timedelta(hours=number + 1))
        for number, each in enumerate(matchers)
    ]
    found = AlertmanagerConfiguration(tree, (OURS, MAIL), "Alertmanager")
    judged = fallback(found, SERVICES, silences=silences, limits=Limits(), install=install())
    return [(one.object, one.code) for one in judged.findings]


@pytest.mark.parametrize(
    ("matchers", "expected"),
    [
        ((), []),
        ((['alertname=~".+"'],), [("Alertmanager", "silences-everything")]),
        ((['team!="x"'], ['team="x"']), [("Alertmanager", "silences-everything")]),
        ((['severity!=""'],), [("Receiver/mail", "receiver-silenced")]),
        ((['severity="critical"'],), [("Receiver/mail", "receiver-silenced")]),
        ((['severity=~"crit.*"', 'alertname="X"'],), []),
        ((['severity="critical"', 'team!="x"'],), []),
        ((['severity="critical"', 'team!="x"'], ['team="x"']), [("Receiver/mail", "receiver-silenced")]),
        ((['severity=""'], ['severity!~"|critical"']), []),
    ],
)  # fmt: skip
def test_silences_of_every_alert_to_a_receiver_are_a_fault(
    matchers: tuple[list[str], ...], expected: list[tuple[str, str]]
) -> None:
    assert quiet(*(tuple(one) for one in matchers)) == expected


def test_a_silence_of_what_the_collector_alone_gets_is_a_fault_of_its_receiver() -> None:
    tree = NotificationRoute("mail", routes=(NotificationRoute("cano", ('team="x"',)),))
    assert quiet(('team="x"',), tree=tree) == [("Receiver/cano", "receiver-silenced")]


def test_a_finding_names_the_silences_and_when_the_first_ends() -> None:
    found = AlertmanagerConfiguration(TREE, (OURS, MAIL), "Alertmanager")
    silences = [
        Silence("b", ('team!="x"',), NOW + timedelta(hours=2)),
        Silence("a", ('team="x"',), NOW + timedelta(hours=1)),
        Silence("c", ('alertname="KubeNodeUnreachable"',), NOW + timedelta(minutes=5)),
    ]
    (finding,) = fallback(
        found, SERVICES, silences=silences, limits=Limits(), install=install()
    ).findings
    assert finding.message == (
        "Silences b, a match every alert until 2026-01-02 13:00 UTC. Alertmanager notifies no receiver of them."
    )
    assert finding.next == "amtool silence expire b"


def test_unknown_silences_are_no_pass_and_hide_no_finding() -> None:
    unknown = Malformed("The silences are not read.", source="/api/v2/silences")
    whole, alone = (
        AlertmanagerConfiguration(tree, (OURS, MAIL), "Alertmanager")
        for tree in (TREE, NotificationRoute("cano"))
    )
    with pytest.raises(Malformed, match="silences are not read"):
        fallback(whole, SERVICES, silences=unknown, limits=Limits(), install=install())
    judged = fallback(alone, SERVICES, silences=unknown, limits=Limits(), install=install())
    assert [one.code for one in judged.findings] == ["no-fallback"]
