"""The evidence of a result names every source that the result rests on, folders with the requests."""

from pathlib import Path

import pytest

from tests.checks.inner import run


@pytest.mark.parametrize(
    ("control", "folder"),
    [
        ("backups-complete", "backups"),
        ("metrics-exported", "exports"),
        ("restore-rehearsed", "emergency"),
    ],
)
def test_a_folder_is_evidence(control: str, folder: str, tmp_path: Path) -> None:
    found = run(["healthy"], tmp_path, cadence=f"control(id='{control}')")
    evidence = found.results["healthy", control]["evidence"]
    of_folder = [one for one in evidence if f"/{folder}" in one["source"]]
    assert of_folder
    assert all(one["digest"] for one in of_folder)
