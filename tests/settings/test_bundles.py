"""``--bundle`` and ``--save-bundle`` among the settings: what counts beside a bundle, and what contradicts it."""

from pathlib import Path
from typing import Any

import pytest

from tests.settings.resolved import refusal, resolved
from upkeep.limits import LIMITS

FILE = """
context = "prod"
ledger = "ledger"
waivers = "waivers.yaml"
pushgateway = "http://push:9091"
save_bundle = "evidence.gz"
out = "results"
[limits]
alert_window = "2h"
[gate]
add = ["recent-logs-clean"]
"""


def test_the_file_may_save_a_bundle_of_every_run(tmp_path: Path) -> None:
    assert resolved(tmp_path, FILE).save_bundle == tmp_path / "evidence.gz"
    found = resolved(tmp_path, options={"save_bundle": "mine.gz"})
    assert found.save_bundle == tmp_path / "mine.gz"


def test_no_file_judges_a_bundle_in_every_run(tmp_path: Path) -> None:
    said = refusal(tmp_path, 'bundle = "old.gz"')
    assert "unknown setting 'bundle'" in said


def test_of_the_file_a_bundle_keeps_decisions_and_the_folder_of_results(tmp_path: Path) -> None:
    found = resolved(tmp_path, FILE, {"bundle": "b.gz"})
    assert found.bundle == tmp_path / "b.gz"
    assert (found.waivers, found.out) == (tmp_path / "waivers.yaml", tmp_path / "results")
    assert found.gate_add == ("recent-logs-clean",)
    assert (found.ledger, found.pushgateway, found.save_bundle) == (None, None, None)
    assert found.targets[0].context is None
    assert found.limits["alert_window"] == LIMITS["alert_window"].default


@pytest.mark.parametrize(
    ("options", "environ", "word"),
    [
        ({"context": "prod"}, {}, "--context"),
        ({"limit": ["alert_window=2h"]}, {}, "--limit"),
        ({"gate": True}, {}, "--gate"),
        ({}, {"UPKEEP_GATE": "1"}, "UPKEEP_GATE"),
        ({}, {"UPKEEP_LEDGER": "ledger"}, "UPKEEP_LEDGER"),
        ({}, {"UPKEEP_TARGET": "a,b"}, "UPKEEP_TARGET"),
    ],
)
def test_an_option_of_a_cluster_or_a_record_contradicts_a_bundle(
    options: dict[str, Any], environ: dict[str, str], word: str, tmp_path: Path
) -> None:
    said = refusal(tmp_path, "", {**options, "bundle": "b.gz"}, **environ)
    assert said.startswith(f"{word} and --bundle contradict: ")
    assert said.endswith(f"Remove {word}")


def test_a_bundle_may_be_named_in_the_environment_and_a_gate_be_off(tmp_path: Path) -> None:
    found = resolved(tmp_path, UPKEEP_BUNDLE="b.gz", UPKEEP_GATE="0", UPKEEP_CONTEXT="")
    assert (found.bundle, found.gate) == (tmp_path / "b.gz", False)
