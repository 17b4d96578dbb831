"""The archive of a chart: from beside the index, or from where it leads over real HTTP; credentials go to the repository alone."""

import hashlib
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from upkeep.adapters.http import charts
from upkeep.clock import Clock
from upkeep.domain.versions import Version, of_chart, offered
from upkeep.errors import Absent, Forbidden, Malformed, Unmeasured, Unreachable
from upkeep.meter import Meter
from upkeep.records.releases import ChartIndex, ChartVersion
from upkeep.settings.access import HttpAccess

CONTENT = b"\x1f\x8b a chart"
DIGEST = hashlib.sha256(CONTENT).hexdigest()


class Site:
    """A server of files: path -> (status, headers, body); it keeps what was asked for."""

    def __init__(self) -> None:
        self.answers: dict[str, tuple[int, dict[str, str], bytes]] = {}
        self.asked: list[tuple[str, str | None, str | None]] = []
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                site.asked.append(
                    (self.path, self.headers.get("Authorization"), self.headers.get("X-Key"))
                )
                status, headers, body = site.answers.get(self.path, (404, {}, b""))
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()


@pytest.fixture
def sites() -> Iterator[tuple[Site, Site]]:
    pair = Site(), Site()
    yield pair
    for site in pair:
        site.server.shutdown()
        site.server.server_close()


def archive(folder: Path, url: str, repository: HttpAccess | Path, digest: str = DIGEST) -> str:
    entry = ChartVersion("0.0.26", None, url=url, digest=digest)
    return charts.archive(
        entry, repository, folder, clock=Clock(), meter=Meter(), deadline_seconds=60
    )


def access(url: str, tmp_path: Path) -> HttpAccess:
    bearer = tmp_path / "bearer"
    bearer.write_text("canary")
    return HttpAccess(url, bearer_file=bearer, headers={"X-Key": "canary"})


@pytest.mark.parametrize("repository", ["/charts", "/charts/", "/charts/index.yaml"])
def test_it_comes_from_the_repository_with_its_credentials(
    sites: tuple[Site, Site], tmp_path: Path, repository: str
) -> None:
    site, _ = sites
    site.answers["/charts/x-0.0.26.tgz"] = (200, {}, CONTENT)
    path = archive(tmp_path, "x-0.0.26.tgz", access(site.url + repository, tmp_path))
    assert Path(path).read_bytes() == CONTENT
    assert site.asked == [("/charts/x-0.0.26.tgz", "Bearer canary", "canary")]


def test_another_host_gets_no_credentials(sites: tuple[Site, Site], tmp_path: Path) -> None:
    """Named by the index, or by a redirection of the repository, as release pages do."""
    site, other = sites
    site.answers["/x.tgz"] = (302, {"Location": f"{other.url}/signed/x.tgz"}, b"")
    other.answers["/signed/x.tgz"] = (200, {"Content-Type": "application/octet-stream"}, CONTENT)
    repository = access(site.url, tmp_path)
    assert Path(archive(tmp_path, "x.tgz", repository)).read_bytes() == CONTENT
    assert Path(archive(tmp_path, f"{other.url}/signed/x.tgz", repository)).read_bytes() == CONTENT
    assert other.asked == [("/signed/x.tgz", None, None)] * 2


def test_what_leads_nowhere_is_no_archive(sites: tuple[Site, Site], tmp_path: Path) -> None:
    site, _ = sites
    repository = access(site.url, tmp_path)
    site.answers["/round.tgz"] = (302, {"Location": "/round.tgz"}, b"")
    site.answers["/page.tgz"] = (200, {"Content-Type": "text/html"}, b"<html>")
    site.answers["/no.tgz"] = (403, {}, b"")
    wrong: list[tuple[str, type[Unmeasured], str]] = [
        ("round.tgz", Malformed, "redirects more than 5 times"), ("page.tgz", Malformed, "a file was asked for, text/html"), ("no.tgz", Forbidden, "forbids"),
        ("none.tgz", Absent, "404"), ("http://127.0.0.1:9/x.tgz", Unreachable, "cannot be reached"), ("ftp://x/x.tgz", Malformed, "that is no file, http"),
        ("file:///etc/passwd", Malformed, "that is no file, http"), ("", Absent, "has no URL of version"),
    ]  # fmt: skip
    for url, kind, words in wrong:
        with pytest.raises(kind, match=words) as stopped:
            archive(tmp_path, url, repository)
        assert "canary" not in str(stopped.value)


def test_nothing_goes_out_of_tls(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A redirection from https to http is not followed: whoever is in between could send another chart."""
    from upkeep.adapters.http.web import UrlApi, WebAnswer

    monkeypatch.setattr(
        UrlApi, "file", lambda _: WebAnswer(302, "", b"", "http://charts.example/x.tgz")
    )
    with pytest.raises(Malformed, match="redirects from https to http"):
        archive(tmp_path, "x.tgz", HttpAccess("https://charts.example"))


def test_another_archive_than_the_index_says_is_none(
    sites: tuple[Site, Site], tmp_path: Path
) -> None:
    site, _ = sites
    site.answers["/x.tgz"] = (200, {}, CONTENT + b"more")
    with pytest.raises(Malformed, match="has another digest than the index says"):
        archive(tmp_path, "x.tgz", HttpAccess(site.url))
    assert (
        Path(archive(tmp_path, "x.tgz", HttpAccess(site.url), digest="")).read_bytes()
        == CONTENT + b"more"
    )


def test_beside_a_file_lies_a_file_a_folder_or_an_address(tmp_path: Path) -> None:
    folder, index = tmp_path / "of helm", tmp_path / "charts" / "index.yaml"
    (tmp_path / "charts" / "unpacked").mkdir(parents=True)
    folder.mkdir()
    (tmp_path / "charts" / "x 1.tgz").write_bytes(CONTENT)
    assert Path(archive(folder, "x%201.tgz", index)).read_bytes() == CONTENT
    assert archive(folder, "unpacked", index) == str(tmp_path / "charts" / "unpacked")
    assert (
        archive(folder, "oci://registry.example/x:0.0.26", index)
        == "oci://registry.example/x:0.0.26"
    )
    with pytest.raises(Absent, match="cannot be read: No such file"):
        archive(folder, "gone.tgz", index)


def version(text: str) -> Version:
    return of_chart(text, chart="x", source="here")


def test_the_newest_is_a_release_unless_a_prerelease_is_installed() -> None:
    index = ChartIndex(
        "here",
        "x",
        tuple(
            ChartVersion(text, None)
            for text in ("0.0.9", "0.0.26", "1.0.0-rc.1", "latest", "0.0.25")
        ),
    )
    assert offered(index, installed=version("0.0.25"))[-1][1].version == "0.0.26"
    assert offered(index, installed=version("0.0.26"))[-1][1].version == "0.0.26"
    assert offered(index, installed=version("0.0.27-rc.1"))[-1][1].version == "1.0.0-rc.1"
    with pytest.raises(
        Absent, match=r"Chart x 0\.1\.0 is installed; the index of here ends at 0\.0\.26"
    ):
        offered(index, installed=version("0.1.0"))
    with pytest.raises(
        Malformed, match="The version 'latest' of the installed chart x is no semantic version"
    ):
        version("latest")
    with pytest.raises(Absent, match="no released version"):
        offered(
            ChartIndex("here", "x", (ChartVersion("1.0.0-rc.1", None),)), installed=version("0.1.0")
        )


def test_an_index_of_somebody_hostile_is_told_and_not_followed(
    sites: tuple[Site, Site], tmp_path: Path
) -> None:
    """An address that is none, a device that never ends, a body that is not packed as it says, a name that ends a word."""
    site, _ = sites
    site.answers["/packed.tgz"] = (200, {"Content-Encoding": "gzip"}, b"not packed")
    site.answers["/away.tgz"] = (302, {"Location": "http://[x"}, b"")
    for url in (
        "http://[x/x.tgz",
        "http://x:99999999/x.tgz",
        "packed.tgz",
        "away.tgz",
        "http://.x/x.tgz",
        f"http://{'a' * 70}.x/x.tgz",
    ):
        with pytest.raises((Malformed, Unreachable)):
            archive(tmp_path, url, HttpAccess(site.url))
    index = tmp_path / "index.yaml"
    for url in ("file:///dev/zero", "file:///dev/null"):
        with pytest.raises(Malformed, match="is no file"):
            archive(tmp_path, url, index)
    with pytest.raises(Absent) as stopped:
        archive(tmp_path, "x%3B%20y%00.tgz", index)
    assert stopped.value.next_step == f"ls -l '{tmp_path}/x; y.tgz'"


def test_an_archive_that_is_too_large_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(charts, "MOST_ARCHIVE_BYTES", 3)
    (tmp_path / "x.tgz").write_bytes(CONTENT)
    with pytest.raises(Malformed, match="is larger than 3 bytes"):
        archive(tmp_path, "x.tgz", tmp_path / "index.yaml")
