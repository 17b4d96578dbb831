"""How many requests a run makes: what it needs, each once, however many checks ask for it."""

import json
from pathlib import Path

import pytest

from tests.checks.inner import run


def requests_of(folder: Path) -> int:
    """The number that the run says of itself."""
    return int(json.loads((folder / "out" / "run.json").read_text(encoding="utf-8"))["requests"])


@pytest.mark.parametrize(
    ("scenario", "requests"), [("healthy", 28), ("chart/healthy", 35), ("chart-defaults", 23)]
)
def test_a_daily_run_makes_a_known_number_of_requests(
    scenario: str, requests: int, tmp_path: Path
) -> None:
    """README and docs give these numbers; a pod more costs its health paths, its metrics and its logs."""
    assert len(run([scenario], tmp_path).results) == 13
    assert requests_of(tmp_path) == requests


def test_another_check_on_what_is_measured_costs_no_request(tmp_path: Path) -> None:
    """The sweep asks, not the checks: the counters are read once, for whoever judges them."""
    made = []
    for number, chosen in enumerate(
        ("error-rate-low", "error-rate-low|alerts-not-dropped|alerts-accounted-for")
    ):
        folder = tmp_path / str(number)
        folder.mkdir()
        expression = " or ".join(f"control(id='{name}')" for name in chosen.split("|"))
        assert len(run(["healthy"], folder, cadence=f"({expression})").results) == 1 + chosen.count(
            "|"
        )
        made.append(requests_of(folder))
    assert made == [8, 8]
