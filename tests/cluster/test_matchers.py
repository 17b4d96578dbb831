"""Compare the decisions about Alertmanager's routes with those of the amtool that is built here."""

from pathlib import Path

from tests.cluster.programs import program
from tests.domain.alertmanager.generated_routes import (
    SPELLINGS,
    disagreements,
    generated,
    some_alerts,
    spelled,
)


def test_amtool_agrees_on_generated_routes(tmp_path: Path) -> None:
    trees = [generated(seed) for seed in range(300)]
    assert disagreements(program("amtool"), tmp_path, trees, some_alerts(3, 30)) == []


def test_amtool_agrees_on_every_spelling(tmp_path: Path) -> None:
    trees = [spelled(text) for text in SPELLINGS]
    assert disagreements(program("amtool"), tmp_path, trees, some_alerts(4, 12)) == []
