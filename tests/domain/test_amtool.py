"""Compare the decisions about Alertmanager's routes with amtool's, where it is installed (tests/cluster builds it)."""

import shutil
from pathlib import Path

import pytest

from tests.domain.generated_routes import (
    SPELLINGS,
    disagreements,
    generated,
    some_alerts,
    spelled,
)

AMTOOL = shutil.which("amtool")
NEEDED = pytest.mark.skipif(
    AMTOOL is None, reason="amtool is not on the PATH: go install github.com/prometheus/alertmanager/cmd/amtool@v0.28.1"
)  # fmt: skip


@NEEDED
@pytest.mark.parametrize("seed", range(200))
def test_amtool_agrees_on_generated_routes(seed: int, tmp_path: Path) -> None:
    assert AMTOOL is not None
    alerts = some_alerts(seed, 4)
    assert disagreements(Path(AMTOOL), tmp_path, generated(seed), alerts) == []


@NEEDED
@pytest.mark.parametrize("text", SPELLINGS)
def test_amtool_agrees_on_every_spelling(text: str, tmp_path: Path) -> None:
    assert AMTOOL is not None
    alerts = some_alerts(7, 12)
    assert disagreements(Path(AMTOOL), tmp_path, spelled(text), alerts) == []
