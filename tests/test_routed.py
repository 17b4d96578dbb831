"""Whether there is no Alertmanager, or one that cannot be asked: only the former lets alerts-flow say that nobody can tell."""

import pytest

from fixtures.monitoring import routed
from upkeep.adapters.alertmanager import Alertmanager
from upkeep.errors import Absent, Forbidden, NotApplicable, Unmeasured
from upkeep.records import RoutedAlerts

FOUND = RoutedAlerts(("cano-collector",), 0, None)


class NotHere:
    """What answers 404 to whatever is asked, as a program does whose API lies below a prefix."""

    where, namespace = "Service monitoring/alertmanager:9093", "monitoring"

    def get(self, path, query):
        raise Absent(f"{self.where} has no {path} (404)", source=path)


def take(alertmanager, alerts):
    return vars(routed)["measurement"].take(alertmanager, alerts)


@pytest.mark.parametrize("stopped", [NotApplicable("none here"), Absent("no alertmanager was found")])
def test_none_that_is_there_is_nobody_to_ask(stopped):
    assert take(stopped, stopped) is None


def test_one_that_is_there_and_answers_404_is_one_that_cannot_be_asked():
    there = Alertmanager(NotHere())
    with pytest.raises(Absent) as stopped:
        there.configuration((), collector="cano-collector")
    assert take(there, stopped.value) is stopped.value


def test_what_is_routed_is_handed_on_and_so_is_what_stopped_us():
    there, refused = Alertmanager(NotHere()), Forbidden("services/proxy")
    assert take(there, FOUND) is FOUND
    assert take(there, refused) is refused
    assert isinstance(take(refused, refused), Unmeasured)
