"""The record of a run says which cluster was looked at, in which namespace, and as whom."""

import json
from pathlib import Path

from tests.checks.inner import run


def test_the_record_says_where_was_looked_and_as_whom(tmp_path: Path) -> None:
    run(["chart/healthy"], tmp_path, cadence="control(id='pods-ready')")
    (place,) = json.loads((tmp_path / "out" / "run.json").read_text(encoding="utf-8"))["looked_at"]
    named = {name: place[name] for name in ("server", "namespace", "context", "user", "acting")}
    assert named == {
        "server": "embedded cluster (--demo)", "namespace": "kubecano", "context": "chart/healthy", "user": "demo",
        "acting": "demo-acting",
    }  # fmt: skip
