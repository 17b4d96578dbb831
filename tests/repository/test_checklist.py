"""The guide and the controls: nothing of it without one, none without it; and the reading of the guide itself."""

import re

import pytest

from tests.repository import checklist

TOLD = list(checklist.instructions(checklist.GUIDE.read_text(encoding="utf-8")))


def test_every_part_of_the_guide_is_read() -> None:
    texts = [one.text for one in TOLD]
    assert len(TOLD) == 92
    assert {one.section for one in TOLD} >= {
        "Health Checks",
        "Service Outage Response",
        "Monitoring Alerts",
        "Quarterly Checklist",
    }
    assert texts.count("Check pod status") == 3
    assert {
        "Optimize resource limits",
        "Fallback Plan",
        "CanoCollectorConfigOld",
        "Emergency procedure review",
    } <= set(texts)


def test_commands_and_thresholds_stand_with_their_instruction() -> None:
    found = {one.text: one.commands for one in TOLD}
    assert found["Check disk usage"] == (
        "kubectl exec -n monitoring deployment/cano-collector -- df -h",
    )
    assert found["CanoCollectorBackupFailed"] == (
        "expr: time() - cano_backup_last_success_timestamp > 86400",
    )
    assert found["cano-collector-backup"][0] == 'schedule: "0 2 * * *"  # Daily at 2 AM'


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("ALSO", {"Water the plants": ("pods-ready",)}, "no instructions of the guide: ['Water the plants']"),
        ("WRONG_HERE", {"Water the plants": "dry"}, "no instructions of the guide: ['Water the plants']"),
        ("ALSO", {"Check logs": ()}, "instructions without a control: ['Check logs']"),
        ("ALSO", {"Check logs": ("logs-clean",)}, "no controls: ['logs-clean']"),
        ("BEYOND", {"logs-clean": "x"}, "no controls: ['logs-clean']"),
    ],
)  # fmt: skip
def test_a_gap_stops_the_document(
    name: str, value: dict[str, object], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checklist, name, {**getattr(checklist, name), **value})
    with pytest.raises(ValueError, match=re.escape(said)):
        checklist.document()


def test_a_control_that_names_no_part_of_the_guide_is_told() -> None:
    told = checklist.guides() | {"plants-watered": "Water the plants"}
    assert list(checklist.gaps(TOLD, told)) == [
        "controls whose guide= is neither an instruction nor a heading: ['plants-watered']"
    ]
