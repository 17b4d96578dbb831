"""The folder of exports: what is kept is whole, what is loaded is ours, and what is wrong with a monthly export is a fault of it."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.adapters.formats.test_exposition import POD, STARTED, TAKEN, body
from tests.judges.counting.counter_samples import examples
from upkeep.adapters.folders import exports
from upkeep.domain import pod_names
from upkeep.errors import BadInput, Malformed, Truncated

# Kept by runs


def keep(
    folder: Path,
    *,
    namespace: str = "monitoring",
    pod: str = POD,
    taken: datetime = TAKEN,
    content: bytes | None = None,
) -> Path:
    return exports.keep(
        content or body("cano_alerts_errors_total 3"),
        folder=folder,
        namespace=namespace,
        pod=pod,
        taken=taken,
    )


PODS = pod_names.of_deployment("cano-collector")


def load(folder: Path, *, namespace: str = "monitoring", pods: str = PODS):
    return exports.load_kept(folder, namespace=namespace, pods=pods)


def test_what_was_kept_is_loaded_again(tmp_path):
    path = keep(tmp_path / "new" / "exports")
    assert path.name == f"exposition-monitoring-{POD}-20260102T120000Z.txt"
    assert path.read_bytes() == (
        f"# upkeep namespace=monitoring pod={POD} taken=2026-01-02T12:00:00Z\n".encode()
        + body("cano_alerts_errors_total 3")
    )
    (snapshot,) = load(path.parent)
    assert (snapshot.pod, snapshot.taken, snapshot.process_start, snapshot.source) == (
        POD,
        TAKEN,
        STARTED,
        "export",
    )
    assert snapshot.samples[0].value == 3
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_kept_ones_come_oldest_first(tmp_path):
    for hours in (1, 3, 2):
        keep(tmp_path, taken=TAKEN - timedelta(hours=hours))
    assert [snapshot.taken.hour for snapshot in load(tmp_path)] == [9, 10, 11]


def test_no_folder_and_an_empty_one_hold_none(tmp_path):
    assert load(tmp_path / "missing") == ()
    assert load(tmp_path) == ()


@pytest.mark.parametrize(
    "name",
    [
        "notes.txt",
        f"exposition-other-{POD}-20260102T120000Z.txt",
        f"exposition-monitoring-{POD}-20260102.txt",
        f".exposition-monitoring-{POD}-20260102T120000Z.txt",
        "exposition-monitoring-cano-collector-staging-5c4b8d7f69-b8c4v-20260102T120000Z.txt",
        f"exposition-monitoring-{POD}-20260102T120000Z.txt.partial",
    ],
)
def test_a_foreign_file_is_ignored(tmp_path, name):
    (tmp_path / name).write_bytes(b"anything")
    assert load(tmp_path) == ()


def test_of_two_namespaces_whose_names_run_together_the_first_line_decides(tmp_path):
    keep(tmp_path, namespace="a", pod="b-cano-x2-y2222")
    assert load(tmp_path, namespace="a-b", pods=pod_names.of_deployment("cano")) == ()
    assert [
        snapshot.pod
        for snapshot in load(tmp_path, namespace="a", pods=pod_names.of_deployment("b-cano"))
    ] == ["b-cano-x2-y2222"]


@pytest.mark.parametrize(
    ("content", "kind", "why"),
    [
        (b"", Malformed, "lacks the first line of a saved exposition"),
        (body(), Malformed, "lacks the first line of a saved exposition"),
        (
            f"# upkeep namespace=monitoring pod={POD} taken=yesterday\n".encode() + body(),
            Malformed,
            "its first line has no time",
        ),
        (
            f"# upkeep namespace=monitoring pod={POD} taken=2026-01-02T13:00:00Z\n".encode()
            + body(),
            Malformed,
            "its first line contradicts its name",
        ),
        (
            b"# upkeep namespace=monitoring pod=other taken=2026-01-02T12:00:00Z\n" + body(),
            Malformed,
            "its first line contradicts its name",
        ),
        (
            f"# upkeep namespace=monitoring pod={POD} taken=2026-01-02T12:00:00Z\n".encode(),
            Malformed,
            "the exposition is empty",
        ),
        (
            f"# upkeep namespace=monitoring pod={POD} taken=2026-01-02T12:00:00Z\n".encode()
            + body()[:-1],
            Truncated,
            "the last line has no end, so the rest is missing",
        ),
    ],
)
def test_one_of_ours_that_cannot_be_read_is_named_and_never_skipped(tmp_path, content, kind, why):
    keep(tmp_path, taken=TAKEN - timedelta(hours=1))
    path = tmp_path / f"exposition-monitoring-{POD}-20260102T120000Z.txt"
    path.write_bytes(content)
    with pytest.raises(kind) as caught:
        load(tmp_path)
    assert caught.value.message == f"{path}: {why}"
    assert (caught.value.source, caught.value.next_step) == (str(path), f"rm {path}")


def test_a_folder_that_cannot_be_written_is_the_users_mistake_and_leaves_nothing(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(BadInput, match="--exports="):
        keep(tmp_path / "file")


def test_a_rename_that_fails_leaves_no_temporary_file(tmp_path, monkeypatch):
    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", fail)
    with pytest.raises(BadInput, match="No space left on device"):
        keep(tmp_path)
    assert list(tmp_path.iterdir()) == []


# Monthly exports

WHOLE = body("cano_alerts_errors_total 3", "process_open_fds 12", "process_max_fds 1024")
OTHER = POD.replace("b8c4v", "h5n7r")
NOW = TAKEN + timedelta(hours=1)


def write(folder: Path, *, taken: datetime = TAKEN, **bodies: bytes) -> Path:
    return exports.write(
        folder,
        {POD: WHOLE, OTHER: WHOLE} | bodies,
        namespace="monitoring",
        deployment="cano-collector",
        taken=taken,
    )


def the_only(folder: Path):
    (export,) = exports.read(folder, now=NOW).exports
    return export


def faults(folder: Path) -> list[tuple[str, str]]:
    return [(fault.code, fault.message) for fault in the_only(folder).faults]


def test_an_export_is_read_as_it_was_written(tmp_path):
    path = write(tmp_path / "new")
    assert path.name == "metrics-20260102.txt"
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.read_text().startswith(
        "# upkeep export namespace=monitoring deployment=cano-collector pods=2 taken=2026-01-02T12:00:00Z\n# upkeep "
    )
    export = the_only(path.parent)
    assert (export.taken, export.taken_from, export.faults) == (TAKEN, "export", ())
    assert [(namespace, one.pod, one.taken, one.source) for namespace, one in export.snapshots] == [
        ("monitoring", POD, TAKEN, "export"),
        ("monitoring", OTHER, TAKEN, "export"),
    ]


def test_a_further_export_of_a_day_has_its_time_in_its_name_and_nothing_is_overwritten(tmp_path):
    names = [write(tmp_path).name, write(tmp_path, taken=TAKEN + timedelta(seconds=5)).name]
    assert names == ["metrics-20260102.txt", "metrics-20260102-120005.txt"]
    with pytest.raises(BadInput, match="an export of this second exists"):
        write(tmp_path, taken=TAKEN + timedelta(seconds=5))
    assert [export.file for export in exports.read(tmp_path, now=NOW).exports] == names[::-1]


def test_the_guides_file_has_one_exposition_of_nobody(tmp_path):
    path = tmp_path / "metrics-20260102.txt"
    path.write_bytes(WHOLE)
    os.utime(path, (TAKEN.timestamp(), TAKEN.timestamp()))
    export = the_only(tmp_path)
    assert [(namespace, one.pod) for namespace, one in export.snapshots] == [("", "")]
    assert (export.taken, export.taken_from) == (TAKEN, "file")


def test_a_file_that_was_copied_later_is_of_the_beginning_of_the_day_in_its_name(tmp_path):
    (tmp_path / "metrics-20260101.txt").write_bytes(
        body(start=f"process_start_time_seconds {STARTED.timestamp() - 10**6}\n")
    )
    assert (the_only(tmp_path).taken, the_only(tmp_path).taken_from) == (
        datetime(2026, 1, 1, tzinfo=UTC),
        "name",
    )


@pytest.mark.parametrize(
    ("content", "code", "why"),
    [
        (b"", "export-unusable", "the exposition is empty"),
        (b"\x00\xff" * 50, "export-unusable", "the last line has no end"),
        (b"<html></html>\n", "export-unusable", "a page of HTML"),
        (WHOLE[:-1], "export-unusable", "the last line has no end"),
        (WHOLE + WHOLE, "export-unusable", "cano_alerts_errors_total twice"),
        (body("cano_alerts_errors_total 3"), "families-not-exported", "lacks process_open_fds and process_max_fds of its pod"),
        (body('cano_alerts_processed_total{source="processed"} 3', "process_open_fds 1", "process_max_fds 9"), "families-not-exported",
         "lacks cano_alerts_processing_duration_seconds of its pod"),
        (b"# upkeep export namespace=n deployment=d pods=0 taken=2026-01-02T12:00:00Z\n", "export-unusable", "holds no exposition"),
        (b"# upkeep export namespace=n deployment=d pods=1 taken=noon\n" + WHOLE, "export-unusable", "has no time in its first line"),
        (b"# upkeep export namespace=n deployment=d pods=1 taken=2026-01-02T14:00:00Z\n" + WHOLE, "export-from-the-future",
         "has the time 2026-01-02 14:00 UTC, which is in the future"),
        (b"# upkeep export namespace=n deployment=d pods=2 taken=2026-01-02T12:00:00Z\n"
         b"# upkeep namespace=n pod=a taken=2026-01-02T12:00:00Z\n" + WHOLE, "export-cut", "announces 2 pods and holds 1"),
        (b"# upkeep export namespace=n deployment=d pods=1 taken=2026-01-02T12:00:00Z\n"
         b"# upkeep namespace=n pod=a taken=noon\n" + WHOLE, "export-unusable", "is in the future"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_an_export_is_a_fault_of_it(tmp_path, content, code, why):
    (tmp_path / "metrics-20260102.txt").write_bytes(content)
    ((found, message),) = faults(tmp_path)
    assert found == code
    assert "metrics-20260102.txt" in message
    assert why in message


def test_what_is_no_regular_file_or_too_large_or_of_no_day_is_a_fault(tmp_path, monkeypatch):
    (tmp_path / "metrics-20260102.txt").symlink_to(tmp_path / "elsewhere")
    assert faults(tmp_path)[0][0] == "export-unreadable"
    (tmp_path / "metrics-20260102.txt").unlink()
    (tmp_path / "metrics-20260102.txt").mkdir()
    assert faults(tmp_path)[0][0] == "export-not-regular"
    (tmp_path / "metrics-20260102.txt").rmdir()
    (tmp_path / "metrics-20260231.txt").write_bytes(WHOLE)
    assert faults(tmp_path) == [
        ("export-unusable", "metrics-20260231.txt has no valid day in its name")
    ]
    (tmp_path / "metrics-20260231.txt").rename(tmp_path / "metrics-20260102.txt")
    monkeypatch.setattr(exports, "MOST_BYTES", 100)
    assert faults(tmp_path)[0][0] == "export-too-large"


def test_files_of_other_names_are_no_exports(tmp_path):
    for name in (
        "metrics.txt",
        "metrics-2026.txt",
        "metrics-20260102.txt.gz",
        ".metrics-20260102.txt-x",
        "notes",
    ):
        (tmp_path / name).write_bytes(WHOLE)
    assert exports.read(tmp_path, now=NOW).exports == ()
    assert exports.read(tmp_path / "missing", now=NOW).exports == ()


@examples(60)
@given(st.binary(max_size=200), st.integers(0, 400), st.booleans())
def test_whatever_a_file_holds_it_is_read_or_faulty(
    tmp_path_factory, junk: bytes, cut: int, after: bool
):
    folder = tmp_path_factory.mktemp("exports")
    path = write(folder)
    whole = path.read_bytes()
    path.write_bytes(whole[:cut] + junk + (whole[cut:] if after else b""))
    export = the_only(folder)
    assert export.faults or {one.pod for _, one in export.snapshots} <= {POD, OTHER, ""} or junk
