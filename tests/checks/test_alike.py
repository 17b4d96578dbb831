"""A result stands for its equals, and for nothing else."""

from pathlib import Path

import pytest

from tests.checks.inner import run

# The same lives of pods in one layout, the other layout, and an image that one control alone reads.
PLACES = ["healthy", "image-latest", "chart/healthy"]


def test_each_outcome_is_that_of_a_judge_of_its_own(tmp_path: Path) -> None:
    found = {}
    for equals_once in (False, True):
        folder = tmp_path / str(equals_once)
        folder.mkdir()
        found[equals_once] = run(
            PLACES, folder, cadence="daily or quarterly", equals_once=equals_once
        )
    for place in PLACES:
        assert found[True].outcomes(place) == found[False].outcomes(place)
    assert found[True].outcomes("image-latest")["runs-hardened"] == "fail"


@pytest.mark.parametrize(
    ("places", "judged"),
    [(["healthy", "rights-of-the-chart"], 1), (["healthy", "image-latest"], 2)],
)
def test_equal_records_are_judged_once(places: list[str], judged: int, tmp_path: Path) -> None:
    run(places, tmp_path, cadence="control(id='runs-hardened')", equals_once=True)
    lines = (tmp_path / "out" / "results.jsonl").read_text(encoding="utf-8").splitlines()
    assert len(lines) == judged
