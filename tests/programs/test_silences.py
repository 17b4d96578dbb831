"""Compare which alerts a silence matches with what a real Alertmanager says of the same alerts."""

import itertools
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import requests

from tests.programs import program
from tests.programs.monitoring import free_port, started, wait_for
from upkeep.adapters.http.alertmanager import Alertmanager
from upkeep.adapters.http.web import UrlApi
from upkeep.clock import Clock
from upkeep.domain.alertmanager import routing
from upkeep.meter import Meter
from upkeep.settings.access import HttpAccess

NOW = datetime.now(UTC).replace(microsecond=0)  # Alertmanager says milliseconds
# Alertmanager takes no silence that matches every alert by absent labels alone.
WHOLE = {"name": "alertname", "value": ".+", "isRegex": True, "isEqual": True}
PARTS = [
    {"name": "team", "value": value, "isRegex": expression, "isEqual": equal}
    for value, expression in (("x", False), ("a b,\"'", False), ("x|", True), ("(?i)X.*", True))
    for equal in (True, False)
]
LABELS = [
    {"alertname": name} | ({} if team is None else {"team": team})
    for name in ("Down", "Up")
    for team in (None, "x", "X1", "a b,\"'", "y")
]


def silence(matchers: list[dict[str, Any]], *, begins: timedelta = timedelta()) -> dict[str, Any]:
    return {
        "matchers": matchers,
        "startsAt": (NOW + begins).isoformat(),
        "endsAt": (NOW + timedelta(hours=2)).isoformat(),
        "createdBy": "test",
        "comment": "test",
    }


def test_a_silence_matches_the_alerts_that_alertmanager_silences(tmp_path: Path) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    (tmp_path / "one.yaml").write_text("route: {receiver: none}\nreceivers: [{name: none}]\n")
    with started(
        program("prometheus-alertmanager"),
        f"--config.file={tmp_path / 'one.yaml'}",
        f"--storage.path={tmp_path / 'data'}",
        f"--web.listen-address={url.removeprefix('http://')}",
        "--cluster.listen-address=",
        ready=f"{url}/-/ready",
    ):
        made = {}
        for number, parts in enumerate([[], *([one] for one in PARTS), PARTS[:2], PARTS[4:6]]):
            name = {**WHOLE, "value": "Down", "isRegex": False} if number % 3 == 1 else WHOLE
            answer = requests.post(f"{url}/api/v2/silences", json=silence([name, *parts]))
            made[answer.json()["silenceID"]] = [name, *parts]
        later = silence([WHOLE], begins=timedelta(hours=1))
        assert requests.post(f"{url}/api/v2/silences", json=later).ok
        alerts = [{"labels": labels, "startsAt": NOW.isoformat()} for labels in LABELS]
        assert requests.post(f"{url}/api/v2/alerts", json=alerts).ok
        api = UrlApi(
            HttpAccess(url), option="--alertmanager", clock=Clock(), meter=Meter(), deadline_seconds=9
        )  # fmt: skip
        active = Alertmanager(api).silences(NOW)
        assert {one.id for one in active} == made.keys()
        assert {one.until for one in active} == {NOW + timedelta(hours=2)}

        def silenced() -> list[dict[str, Any]]:
            found: list[dict[str, Any]] = requests.get(f"{url}/api/v2/alerts", timeout=5).json()
            return found if len(found) == len(LABELS) else []

        said = {
            (one["labels"]["alertname"], one["labels"].get("team"), each)
            for one in wait_for(silenced)
            for each in one["status"]["silencedBy"]
        }
    decided = {
        (labels["alertname"], labels.get("team"), one.id)
        for labels, one in itertools.product(LABELS, active)
        if routing.all_hold(routing.conditions(one.matchers), labels)
    }
    assert decided == said
    assert len(said) > 20
