"""The guide and the controls: nothing of it without one, none without it; and the reading of the guide itself."""

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
        (
            "VERIFIED",
            {**checklist.VERIFIED, "Water the plants": (("pods-ready",), "")},
            "no instructions of the guide: ['Water the plants']",
        ),
        (
            "VERIFIED",
            {key: value for key, value in checklist.VERIFIED.items() if key != "Check logs"},
            "instructions without a control: ['Check logs']",
        ),
        (
            "VERIFIED",
            {**checklist.VERIFIED, "Check logs": (("logs-clean",), "")},
            "neither a control nor pending: ['logs-clean']",
        ),
        ("BEYOND", {}, "controls that no instruction names: "),
        ("PENDING", checklist.PENDING | {"pods-ready"}, "pending, and built: ['pods-ready']"),
    ],
)
def test_a_gap_stops_the_document(
    name: str, value: object, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checklist, name, value)
    if name == "BEYOND":
        with_out = {
            key: (tuple(one for one in controls if one != "pods-stable"), why)
            for key, (controls, why) in checklist.VERIFIED.items()
        }
        monkeypatch.setattr(checklist, "VERIFIED", with_out)
    with pytest.raises(ValueError, match=said.replace("[", r"\[").replace("]", r"\]")):
        checklist.document()
