"""Indexes of chart repositories, from files and over HTTP: untrusted, large, and often half filled."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.adapters.scripted import Server
from upkeep.adapters.http import charts
from upkeep.adapters.http.web import UrlApi
from upkeep.clock import Clock, HeldClock
from upkeep.errors import (
    Absent,
    Forbidden,
    Malformed,
    Unauthenticated,
    Unavailable,
    Unmeasured,
    Unreachable,
)
from upkeep.masking import hidden
from upkeep.meter import Meter
from upkeep.records.releases import ChartVersion
from upkeep.settings.access import HttpAccess

SECRET = "canary-bearer-18"
INDEX = """apiVersion: v1
entries:
  cano-collector:
  - version: 0.10
    created: 2026-01-02T12:00:00.123456789+01:00
  - {version: 0.0.25, created: "2025-12-24T00:00:00Z", deprecated: true}
  - {version: not-one}
  - {version: 0.0.24, created: yesterday}
  other: []
generated: "2026-01-02T12:00:00Z"
"""


def test_versions_are_the_texts_that_stand_there() -> None:
    """Unquoted, 0.10 is a number to YAML, and another version."""
    index = charts.index(INDEX, chart="cano-collector", where="here")
    assert index.versions == (
        ChartVersion("0.10", datetime(2026, 1, 2, 11, 0, 0, 123456, tzinfo=UTC)),
        ChartVersion("0.0.25", datetime(2025, 12, 24, tzinfo=UTC), deprecated=True),
        ChartVersion("not-one", None),
        ChartVersion("0.0.24", None),
    )


def test_an_index_may_be_json() -> None:
    text = '{"apiVersion": "v1", "entries": {"c": [{"version": "1.0.0", "created": "2026-01-02T12:00:00Z"}]}}'
    assert charts.index(text, chart="c", where="here").versions[0].version == "1.0.0"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("apiVersion: v1\nentries: {}\ngenerated: x\n", "has no chart c; it has none"),
        ("apiVersion: v1\nentries:\ngenerated: x\n", "has no chart c; it has none"),
        ("apiVersion: v1\nentries: {c: []}\ngenerated: x\n", "has no chart c; it has c"),
        (
            "apiVersion: v1\nentries: {b: [{version: 1.0.0}], ' \\e[31m': [], d: []}\ngenerated: x\n",
            "has no chart c; it has b, d",
        ),
    ],
)
def test_a_chart_that_is_not_in_it_is_absent(text: str, words: str) -> None:
    with pytest.raises(Absent, match=words) as caught:
        charts.index(text, chart="c", where="here")
    assert caught.value.next_step == "--chart-repository=URL"


@pytest.mark.parametrize(
    "text",
    [
        "", "x", "[]", "{", "{}", "apiVersion: v1\n", "entries: {}\n", "apiVersion: v1\nentries: [c]\n", "apiVersion: v1\nentries: {c: x}\n",
        "apiVersion: v1\nentries: {c: [x]}\n", "apiVersion: v1\nentries: {c: [{name: c}]}\n", "apiVersion: v1\nentries: {c: [{version: [1]}]}\n",
        "apiVersion: v1\nentries: {c: [{version: 1.0.0, created: [1]}]}\n", "a: &a [*a]\n", "{? [a] : b}\n", "[" * 50_000, "<html>\n<p>Sign in</html>\n",
        "apiVersion: v1\n---\nentries: {}\n", '{"apiVersion": "v1", "entries": {"c": [{"version": 1}]}}', "a: " + "&x x " + "*x " * 5, "\x00",
    ],
)  # fmt: skip
def test_what_is_no_index_is_malformed(text: str) -> None:
    with pytest.raises(Malformed):
        charts.index(text, chart="c", where="here")


def test_what_is_too_large_is_not_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(charts, "MOST_NODES", 20)
    with pytest.raises(Malformed, match="more than 20 nodes"):
        charts.index(INDEX, chart="cano-collector", where="here")
    monkeypatch.setattr(charts, "MOST_BYTES", 100)
    path = tmp_path / "index.yaml"
    path.write_text(INDEX)
    for read in (lambda: charts.read(path), lambda: charts.index(INDEX, chart="c", where="here")):
        with pytest.raises(Malformed, match="larger than 100 bytes"):
            read()


def test_a_file_is_read_or_told(tmp_path: Path) -> None:
    path = tmp_path / "index.yaml"
    path.write_text(INDEX)
    assert charts.read(path) == INDEX
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(Malformed, match="is not UTF-8"):
        charts.read(path)
    with pytest.raises(Absent, match="There is no file"):
        charts.read(tmp_path / "gone.yaml")
    with pytest.raises(Malformed, match="cannot be read"):
        charts.read(tmp_path)


def web(server: Server, tmp_path: Path) -> UrlApi:
    bearer = tmp_path / "token"
    bearer.write_text(SECRET)
    access = HttpAccess(f"{server.url}/charts", bearer_file=bearer, headers={"X-Secret": SECRET})
    return UrlApi(
        access,
        option="--chart-repository",
        clock=HeldClock(datetime(2026, 1, 2, tzinfo=UTC)),
        meter=Meter(),
        deadline_seconds=20,
    )


@pytest.mark.parametrize(
    "kind", ["text/yaml", "application/octet-stream", "text/plain; charset=utf-8", ""]
)
def test_a_text_is_taken_whatever_its_server_calls_it(
    kind: str, server: Server, tmp_path: Path
) -> None:
    server.on("/charts/index.yaml", (503, {}, b""), (200, {"Content-Type": kind}, INDEX.encode()))
    assert web(server, tmp_path).text("/index.yaml") == INDEX


@pytest.mark.parametrize(
    ("reply", "error", "words"),
    [
        (
            (200, {"Content-Type": "text/html; charset=utf-8"}, b"<html>"),
            Malformed,
            "a text was asked for, text/html with status 200 came",
        ),
        (
            (302, {"Location": f"https://elsewhere.example/{SECRET}"}, b""),
            Malformed,
            "a redirection came",
        ),
        ((200, {"Content-Type": "text/yaml"}, b"\xff\xfe"), Malformed, "not UTF-8"),
        ((401, {}, b""), Unauthenticated, "does not accept the credentials"),
        ((403, {}, b""), Forbidden, "forbids /index.yaml"),
        ((404, {}, b""), Absent, "has no /index.yaml"),
        ((503, {}, b""), Unavailable, "answered 503"),
        ((500, {}, b""), Unavailable, "answered 500"),
        ((418, {}, b""), Malformed, "status 418"),
    ],
)
def test_anything_but_a_text_is_told(
    reply: tuple[int, dict[str, str], bytes],
    error: type[Unmeasured],
    words: str,
    server: Server,
    tmp_path: Path,
) -> None:
    server.on("/charts/index.yaml", reply)
    with pytest.raises(error, match=words) as caught:
        web(server, tmp_path).text("/index.yaml")
    assert SECRET not in repr(caught.value)


def test_nobody_there_is_unreachable(server: Server, tmp_path: Path) -> None:
    made = web(server, tmp_path)
    server.close()
    with pytest.raises(Unreachable) as told:
        made.text("/index.yaml")
    assert told.value.next_step == f"curl -v {server.url}"


def test_the_zero_time_of_go_is_no_time() -> None:
    """Else the newest version would be two thousand years old."""
    text = '{"apiVersion": "v1", "entries": {"c": [{"version": "1.0.0", "created": "0001-01-01T00:00:00Z"}]}}'
    assert charts.index(text, chart="c", where="here").versions[0].created is None


def test_an_index_that_was_cut_off_is_no_proof() -> None:
    """bitnami/charts#31352: YAML that ends early is YAML; helm writes ``generated`` last."""
    whole = charts.index(INDEX, chart="cano-collector", where="here")
    assert whole.generated == datetime(2026, 1, 2, 12, 0, tzinfo=UTC)
    lines = INDEX.splitlines(keepends=True)
    for end in range(3, len(lines)):
        with pytest.raises((Malformed, Absent)):
            charts.index("".join(lines[:end]), chart="cano-collector", where="here")


@pytest.mark.parametrize(
    ("name", "stays"), [("X-Auth", False), ("X-Custom", False), ("X-Scope-OrgID", True)]
)
def test_the_value_of_a_header_is_hidden_unless_it_names_a_tenant(
    name: str, stays: bool, server: Server
) -> None:
    """A server can repeat what it was sent in any text."""
    value = f"echoed-{name.lower()}"
    access = HttpAccess(server.url, headers={name: value})
    UrlApi(access, option="--prometheus", clock=Clock(), meter=Meter(), deadline_seconds=1)
    assert (value in hidden(f"the server says {value}")) is stays
