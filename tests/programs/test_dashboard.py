"""The Grafana dashboard: every query of it is answered by a real Prometheus that real runs fed."""

from pathlib import Path

import pytest

from tests.programs import QUICK
from tests.programs.monitoring import dashboard_queries, monitoring, wait_for
from upkeep.commands import suite

# One target with a failure, one that cannot be measured: each query has a row to show.
TARGETS = '[targets.failing]\ndemo = "alert-errors"\n[targets.blind]\ndemo = "forbidden@metrics"\n'


def test_every_query_of_the_dashboard_has_an_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    queries = dashboard_queries()
    assert len(queries) == 10
    (tmp_path / "upkeep.toml").write_text(TARGETS)
    monkeypatch.chdir(tmp_path)
    with monitoring(tmp_path) as programs:
        chosen = ["-m", "daily or weekly", "--target=failing", "--target=blind", "--gate", "-q"]
        places = [f"--ledger={tmp_path / 'ledger'}", f"--out={tmp_path / 'out'}"]
        pushed = f"--pushgateway={programs.pushgateway}"
        assert suite.run([*chosen, *QUICK, *places, pushed]) == 10
        for name, query in queries.items():
            assert wait_for(lambda query=query: programs.query(query), seconds=15), (
                f"{name}: {query}"
            )
