"""Compare the decisions about Alertmanager's routes with amtool's, where it is installed (tests/cluster builds it)."""

import shutil
from pathlib import Path

import pytest

from tests.domain.alertmanager.generated_routes import (
    SPELLINGS,
    disagreements,
    generated,
    some_alerts,
    spelled,
)

AMTOOL = shutil.which("amtool")
pytestmark = pytest.mark.skipif(
    AMTOOL is None, reason="amtool is not on the PATH: go install github.com/prometheus/alertmanager/cmd/amtool@v0.28.1"
)  # fmt: skip


def test_amtool_agrees_on_generated_routes(tmp_path: Path) -> None:
    trees = [generated(seed) for seed in range(200)]
    assert disagreements(Path(str(AMTOOL)), tmp_path, trees, some_alerts(1, 30)) == []


def test_amtool_agrees_on_every_spelling(tmp_path: Path) -> None:
    trees = [spelled(text) for text in SPELLINGS]
    assert disagreements(Path(str(AMTOOL)), tmp_path, trees, some_alerts(2, 12)) == []
