"""A folder of backups as records: every fault of a file is a fault of it, whatever lies there; and what upkeep backup writes is whole."""

import base64
import hashlib
import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzzing import examples
from upkeep.adapters.folders import backups
from upkeep.adapters.folders.backups import writer
from upkeep.adapters.formats.exposure import LAST_APPLIED
from upkeep.errors import Absent, BadInput, Malformed, UpkeepError
from upkeep.records.backups import BackupFolder

NOW = datetime(2026, 1, 2, 12, 0, tzinfo=UTC)
SECRET = "canary-value-9f3a"


def config_map(name: str = "cano-collector-config", **changes) -> dict:
    metadata = {"name": name, "namespace": "monitoring"}
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": metadata,
        "data": {"destinations.yaml": f"a: {SECRET}\n"},
    } | changes


def secret(name: str = "cano-collector-secrets", **changes) -> dict:
    value = base64.b64encode(SECRET.encode()).decode()
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": "Opaque",
        "metadata": {"name": name, "namespace": "monitoring"},
        "data": {"K": value},
    } | changes


def put(
    folder: Path, name: str, content: str | bytes | dict | list, *, made: datetime | None = None
) -> Path:
    path = folder / name
    if isinstance(content, dict | list):
        content = yaml.safe_dump_all(
            content if isinstance(content, list) else [content], explicit_start=True
        )
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    moment = (made or NOW - timedelta(hours=2)).timestamp()
    os.utime(path, (moment, moment))
    path.chmod(0o600)
    return path


def read(folder: Path, days: int = 7) -> BackupFolder:
    return backups.read(folder, now=NOW, days=days)


def codes(folder: Path) -> list[str]:
    found = read(folder)
    return [fault.code for one in found.sets for fault in one.faults] + [
        fault.code for fault in found.faults
    ]


def test_the_guides_files_are_one_set(tmp_path: Path):
    put(tmp_path, "backup-20260102.yaml", config_map())
    put(tmp_path, "secrets-20260102.yaml", secret())
    (one,) = read(tmp_path).sets
    assert (one.stamp, one.day, one.taken, one.taken_from, one.faults) == (
        "20260102",
        "2026-01-02",
        NOW - timedelta(hours=2),
        "file",
        (),
    )
    first, second = one.objects
    assert (first.kind, first.namespace, first.name, list(first.keys), first.file) == (
        *("ConfigMap", "monitoring", "cano-collector-config"), ["destinations.yaml"], "backup-20260102.yaml"
    )  # fmt: skip
    assert (second.kind, second.type, list(second.keys), second.data_bytes) == (
        "Secret",
        "Opaque",
        ["K"],
        len(SECRET),
    )
    assert SECRET not in repr(one)


def test_equal_values_have_equal_digests_and_tell_nothing_of_the_value():
    plain = backups.configuration_object(secret(data={}, stringData={"K": SECRET}))
    assert plain.keys == backups.configuration_object(secret()).keys
    assert plain.keys["K"] != hashlib.sha256(SECRET.encode()).hexdigest()
    assert backups.configuration_object(secret(data={"K": "b3RoZXI="})).keys != plain.keys


def test_what_kubectl_get_keeps_is_named(tmp_path: Path):
    whole = config_map()
    whole["metadata"] |= {
        "resourceVersion": "42",
        "uid": "u",
        "creationTimestamp": "2026-01-01T00:00:00Z",
        "annotations": {LAST_APPLIED: "{}"},
    }
    put(tmp_path, "backup-20260102.yaml", {"apiVersion": "v1", "kind": "List", "items": [whole]})
    (one,) = read(tmp_path).sets[0].objects
    assert one.server_fields == (
        "metadata.resourceVersion",
        "metadata.uid",
        "metadata.creationTimestamp",
    )
    assert one.last_applied


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ("", "file-empty"),
        ("  \n---\n", "file-empty"),
        (b"\x7fELF\xff\xfe\x00", "file-not-text"),
        ("kind: [\n", "file-not-yaml"),
        ("a: &a [x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: [*b,*b,*b,*b,*b,*b,*b,*b,*b]\n" * 40, "file-not-yaml"),
        (yaml.safe_dump(config_map())[:-9], "file-truncated"),
        ("just words\n", "object-unusable"),
        (yaml.safe_dump(config_map() | {"kind": "Pod"}), "object-unusable"),
        (yaml.safe_dump(secret() | {"data": {"K": "%%%"}}), "object-unusable"),
        (yaml.safe_dump(config_map() | {"data": {"K": 7}}), "object-unusable"),
        (yaml.safe_dump_all([config_map(), config_map()]), "object-twice"),
        (yaml.safe_dump(config_map(), sort_keys=True) + yaml.safe_dump(config_map("b"), sort_keys=True), "documents-run-together"),
        ("# x\n" * 1_100_000, "file-too-large"),
    ],
)  # fmt: skip
def test_a_bad_file_is_a_fault_of_its_own_kind(content: str | bytes, code: str, tmp_path: Path):
    put(tmp_path, "backup-20260102.yaml", content)
    assert code in codes(tmp_path)
    assert SECRET not in repr(read(tmp_path))


def test_a_link_is_not_followed(tmp_path: Path):
    (tmp_path / "backup-20260102.yaml").symlink_to("/etc/hostname")
    os.mkfifo(tmp_path / "secrets-20260102.yaml")
    assert codes(tmp_path) == ["file-not-regular", "file-not-regular"]


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("backup-20260104.yaml", ["file-from-the-future"]),
        ("backup-20260102.yml", ["file-name-unknown"]),
        ("backup-20261302.yaml", ["file-name-unknown"]),
        ("backup-20260102.yaml.gz", ["file-name-unknown"]),
        ("manifest-20260102.yaml", ["file-name-unknown"]),
        ("notes.txt", []),
    ],
)
def test_a_file_of_another_name_is_said_or_not_ours(name: str, found: list[str], tmp_path: Path):
    put(tmp_path, name, config_map())
    assert codes(tmp_path) == found
    assert read(tmp_path).sets == ()


def test_a_copied_file_is_as_old_as_its_name_says(tmp_path: Path):
    put(tmp_path, "backup-20251230.yaml", config_map(), made=NOW)
    (one,) = read(tmp_path).sets
    assert (one.taken, one.taken_from) == (datetime(2025, 12, 30, tzinfo=UTC), "name")


def test_sets_before_the_window_are_left_out_and_the_newest_is_read_in_any_case(tmp_path: Path):
    for day in ("20251101", "20251102"):
        put(tmp_path, f"backup-{day}.yaml", config_map())
    assert [one.stamp for one in read(tmp_path).sets] == ["20251102"]


def test_no_folder_is_absent_and_a_file_is_none(tmp_path: Path):
    with pytest.raises(Absent, match="no such folder"):
        read(tmp_path / "none")
    with pytest.raises(Malformed, match="Not a directory"):
        read(put(tmp_path, "file", "x"))


# What upkeep backup writes


def save(folder: Path, *objects: dict, taken: datetime = NOW - timedelta(hours=1)) -> list[str]:
    written = writer.save(
        folder,
        objects or (config_map(), secret()),
        deployment="cano-collector",
        namespace="monitoring",
        taken=taken,
    )
    return [path.name for path in written]


def test_a_set_is_written_whole_for_its_owner_alone(tmp_path: Path):
    folder = tmp_path / "new" / "backups"
    assert save(folder) == [
        "backup-20260102.yaml",
        "secrets-20260102.yaml",
        "manifest-20260102.json",
    ]
    (one,) = read(folder).sets
    assert (one.faults, one.taken, one.taken_from) == ((), NOW - timedelta(hours=1), "manifest")
    assert {file.mode for file in one.files} == {0o600}
    assert (folder.stat().st_mode & 0o777, read(folder).open_to_others) == (0o700, False)
    assert sorted(path.name for path in folder.iterdir() if path.name.startswith(".")) == [
        writer.LOCK
    ]


def test_what_the_server_owns_and_what_repeats_values_is_left_out():
    whole = secret(immutable=True)
    whole["metadata"] |= {
        "resourceVersion": "42", "uid": "u", "managedFields": [{}], "creationTimestamp": "x", "generation": 2, "ownerReferences": [{"uid": "o"}],
        "finalizers": ["f"], "labels": {"app": "x"}, "annotations": {LAST_APPLIED: SECRET, "team": "sre"},
    }  # fmt: skip
    kept = writer.restorable(whole | {"status": {}})
    assert kept["metadata"] == {
        "name": "cano-collector-secrets",
        "namespace": "monitoring",
        "labels": {"app": "x"},
        "annotations": {"team": "sre"},
    }
    assert kept == secret(immutable=True, metadata=kept["metadata"])


@given(
    data=st.dictionaries(
        st.from_regex(r"[a-z]{1,4}", fullmatch=True), st.text(max_size=60), max_size=3
    )
)
@settings(
    max_examples=examples(60),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_every_value_comes_back_as_it_was(
    data: dict[str, str], tmp_path_factory: pytest.TempPathFactory
):
    """Texts that YAML could take for numbers, dates or booleans, and every control character."""
    folder = tmp_path_factory.mktemp("set")
    live = config_map(
        data={key: value.encode("utf-8", "replace").decode() for key, value in data.items()}
    )
    save(folder, live)
    (one,) = read(folder).sets
    assert (one.faults, one.objects[0].keys) == ((), backups.configuration_object(live).keys)


def test_nothing_is_overwritten_and_a_second_set_of_a_day_is_newer(tmp_path: Path):
    save(tmp_path)
    before = (tmp_path / "backup-20260102.yaml").read_bytes()
    assert save(tmp_path, config_map(data={}), taken=NOW)[0] == "backup-20260102-120000.yaml"
    with pytest.raises(BadInput, match="of this second exists"):
        save(tmp_path, taken=NOW)
    assert (tmp_path / "backup-20260102.yaml").read_bytes() == before
    assert [one.stamp for one in read(tmp_path).sets] == ["20260102-120000", "20260102"]


def test_old_sets_of_ours_are_removed_down_to_a_floor(tmp_path: Path):
    put(tmp_path, "backup-20240101.yaml", config_map())
    for age in (50, 40, 31, 2, 1):
        save(tmp_path, taken=NOW - timedelta(days=age))
    assert writer.prune(tmp_path, now=NOW, days=30, at_least=4) == [
        f"{NOW - timedelta(days=50):%Y%m%d}"
    ]
    assert len(writer.prune(tmp_path, now=NOW, days=30, at_least=1)) == 2
    assert writer.prune(tmp_path, now=NOW, days=30, at_least=1) == []
    assert sorted(backups.stamps(tmp_path)) == ["20240101", "20251231", "20260101"]


def test_two_writers_do_not_write_at_once(tmp_path: Path):
    with writer._locked(tmp_path), pytest.raises(BadInput, match="another upkeep backup"):
        save(tmp_path)


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path):
    with pytest.raises(BadInput, match=r"--backups=.*/file: cannot be written"):
        save(put(tmp_path, "file", "x"))


@pytest.mark.parametrize(
    "change",
    [
        lambda folder: put(folder, "backup-20260102.yaml", config_map(data={"x": "y"})),
        lambda folder: (folder / "secrets-20260102.yaml").unlink(),
        lambda folder: put(folder, "manifest-20260102.json", json.dumps({"files": []})),
        lambda folder: put(folder, "manifest-20260102.json", "[" * 60_000),
    ],
)
def test_a_set_that_was_touched_does_not_agree_with_its_manifest(change, tmp_path: Path):
    save(tmp_path)
    change(tmp_path)
    assert codes(tmp_path)[0].startswith("manifest-")


@given(
    st.one_of(
        st.binary(max_size=400),
        st.text(max_size=400).map(str.encode),
        st.builds(lambda text, cut: text[:cut].encode(), st.just(yaml.safe_dump_all([config_map(), secret()])), st.integers(0, 400)),
        st.recursive(st.none() | st.integers() | st.text(max_size=8), lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["kind", "metadata", "data", "items", "name", "apiVersion"]), inner, max_size=4), max_leaves=12).map(lambda one: yaml.safe_dump(one).encode()),
    )
)  # fmt: skip
@settings(
    max_examples=examples(300),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_no_bytes_break_the_reader(tmp_path_factory: pytest.TempPathFactory, body: bytes):
    """Whatever lies there: records with faults, or a typed error; what was rehearsed of it is what was read of it."""
    folder = tmp_path_factory.mktemp("any", numbered=True)
    for name in ("backup-20260102.yaml", "manifest-20260102.json"):
        put(folder, name, body)
    try:
        (one,) = read(folder).sets
        assert one.objects or one.faults
        assert len(backups.manifests(folder, one)) >= len(one.objects)
    except UpkeepError as error:
        pytest.fail(f"a fault of the file ended the reading: {error}")
