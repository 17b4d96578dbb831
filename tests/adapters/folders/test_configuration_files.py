"""Documents in files: read whole or not at all, and never shown."""

import base64
from pathlib import Path

import pytest
import yaml

from upkeep.adapters.folders import configuration_files
from upkeep.errors import Absent, Forbidden, Malformed

SECRET = "canary-xoxb-17"
GOOD = f"destinations:\n  slack:\n  - {{name: oncall, api_key: {SECRET}, slack_channel: '#a'}}\n"


def kinds(file: Path) -> list[tuple[str, str]]:
    return [(draft.document.kind, draft.document.where) for draft in configuration_files.read(file)]


def test_a_document_and_its_text_that_does_not_show(tmp_path: Path):
    file = tmp_path / "any.yaml"
    file.write_text(GOOD)
    (draft,) = configuration_files.read(file)
    assert (
        draft.document.kind,
        [one.name for one in draft.document.names],
        draft.text.reveal(),
    ) == ("destinations", ["oncall"], GOOD)
    assert SECRET not in repr(draft)


@pytest.mark.parametrize(
    "manifest",
    [
        {"kind": "ConfigMap", "data": {"destinations.yaml": GOOD, "teams.yaml": "teams: []\n"}},
        {"kind": "Secret", "stringData": {"destinations.yaml": GOOD, "teams.yaml": "teams: []\n"}},
        {"kind": "Secret", "data": {name: base64.b64encode(text.encode()).decode() for name, text in (("destinations.yaml", GOOD), ("teams.yaml", "teams: []\n"))}},
    ],
)  # fmt: skip
def test_a_manifest_holds_documents(manifest: dict, tmp_path: Path):
    file = tmp_path / "manifest.yaml"
    file.write_text(yaml.safe_dump(manifest))
    assert kinds(file) == [
        ("destinations", f"{file} key destinations.yaml"),
        ("teams", f"{file} key teams.yaml"),
    ]
    assert configuration_files.read(file)[0].text.reveal() == GOOD


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"\xff\xfe", "not UTF-8; expected a document"),
        (b"a: 1\n", "not a collector file"),
        (b"kind: Secret\ndata: {destinations.yaml: '%%'}\n", "not base64 of a text"),
        (b"kind: ConfigMap\ndata: {destinations.yaml: {a: 1}}\n", "expected a text"),
        (b"kind: ConfigMap\n", "not a collector file"),
    ],
)
def test_what_holds_no_document_is_malformed(body: bytes, said: str, tmp_path: Path):
    file = tmp_path / "x.yaml"
    file.write_bytes(body)
    with pytest.raises(Malformed, match=said):
        configuration_files.read(file)


def test_broken_yaml_is_a_fault_of_the_document(tmp_path: Path):
    file = tmp_path / "teams.yaml"
    file.write_text(f"teams: [{SECRET}\n")
    (draft,) = configuration_files.read(file)
    assert (draft.document.kind, [fault.code for fault in draft.document.faults]) == (
        "teams",
        ["not-yaml"],
    )
    assert SECRET not in draft.document.faults[0].message


def test_a_folder_is_its_yaml_files(tmp_path: Path):
    for name in ("teams.yml", "destinations.yaml", "README.md"):
        (tmp_path / name).write_text("")
    found = configuration_files.files_in(tmp_path, option="--emergency-config")
    assert [path.name for path in found] == ["destinations.yaml", "teams.yml"]
    assert configuration_files.files_in(tmp_path / "README.md", option="--emergency-config") == [
        tmp_path / "README.md"
    ]


def test_a_place_without_files_is_absent(tmp_path: Path):
    with pytest.raises(Absent, match=r"^--emergency-config=.*: the folder holds no YAML file$"):
        configuration_files.files_in(tmp_path, option="--emergency-config")
    with pytest.raises(Absent, match="no such file or folder"):
        configuration_files.files_in(tmp_path / "x", option="--emergency-config")


def test_a_file_that_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    with pytest.raises(Absent, match="cannot be read: No such file or directory"):
        configuration_files.read(tmp_path / "x.yaml")
    with pytest.raises(Malformed, match="cannot be read: Is a directory"):
        configuration_files.read(tmp_path)

    def denied(*_: object, **__: object) -> str:  # root may read everything
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(configuration_files, "read_bounded", denied)
    with pytest.raises(Forbidden, match="cannot be read: Permission denied"):
        configuration_files.read(tmp_path / "x.yaml")


@pytest.mark.parametrize(
    ("mode", "folder", "told"),
    [(0o600, 0o755, 0), (0o640, 0o755, 0), (0o644, 0o755, 0o644), (0o644, 0o750, 0)],
)
def test_who_may_read_a_file(mode: int, folder: int, told: int, tmp_path: Path):
    file = tmp_path / "x.yaml"
    file.write_text(GOOD)
    file.chmod(mode)
    tmp_path.chmod(folder)
    assert configuration_files.readable_by_others(file) == told
