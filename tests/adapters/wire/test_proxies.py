"""Proxies of the environment: every URL of the user's obeys them, and an error names the proxy without its password."""

import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest
from urllib3.exceptions import HTTPError

from reports import metrics
from tests.adapters.cluster.identity.tls_server import proxy as tunnel
from tests.adapters.cluster.test_deadlines import direct, web
from tests.adapters.scripted import JSON, Server
from tests.judges.samples import pod
from tests.reports.formats.test_metrics_push import GROUP
from upkeep.adapters.cluster.execution.websocket import exchange
from upkeep.adapters.cluster.identity.connection import Configuration, tls_context
from upkeep.adapters.cluster.kube import Kube
from upkeep.adapters.wire import proxies
from upkeep.adapters.wire.unreached import proxy_credentials, why
from upkeep.clock import Clock
from upkeep.errors import Absent, BadInput, TimedOut, Unmeasured, Unreachable
from upkeep.masking import hidden
from upkeep.meter import Meter

PASSWORD = "proxy-horse"
# A name that only a proxy knows: loopback is never proxied.
HOST = "prometheus.corp.invalid"


def api_server(url: str) -> object:
    """Ask an API server, whose proxy its configuration holds."""
    tls = tls_context(authority=None, insecure=True) if url.startswith("https") else None
    configuration = Configuration(url, tls=tls, proxy=proxies.proxy_of(url, os.environ))
    return Kube(configuration, clock=Clock(), meter=Meter(), deadline_seconds=1).get("/api")


def executed(url: str) -> object:
    """Open a WebSocket at an API server."""
    tls = tls_context(authority=None, insecure=True) if url.startswith("https") else None
    configuration = Configuration(url, tls=tls, proxy=proxies.proxy_of(url, os.environ))
    try:
        return exchange(configuration, "/exec", [], seconds=1)
    except (OSError, HTTPError) as error:
        raise Unreachable(why(error, proxy=proxies.shown(configuration.proxy))) from None


def pushed(url: str) -> object:
    """Push to a Pushgateway."""
    try:
        return metrics.push(url, [GROUP])
    except OSError as error:
        raise Unreachable(str(error)) from None


ASK: dict[str, Callable[[str], object]] = {
    "a URL": lambda url: web(url, seconds=1).get("/api", {}, type=dict),
    "--collector=URL": lambda url: direct(url, seconds=1).get(pod("a"), "/metrics"),
    "--pushgateway=URL": pushed,
    "the API server": api_server,
    "exec": executed,
}
URLS = [name for name in ASK if name not in ("the API server", "exec")]


@contextmanager
def answering(reply: bytes) -> Iterator[int]:
    """Give the port of a proxy that has one answer to every request, and keeps the connection."""
    listening = socket.create_server(("127.0.0.1", 0))
    kept: list[socket.socket] = []

    def serve() -> None:
        while True:
            try:
                client, _ = listening.accept()
            except OSError:
                return
            kept.append(client)
            with suppress(OSError):
                client.recv(65536)
                client.sendall(reply)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield listening.getsockname()[1]
    finally:
        # Wakes the thread that accepts: one that sleeps on would keep the port.
        listening.shutdown(socket.SHUT_RDWR)
        thread.join(5)
        listening.close()
        for client in kept:
            client.close()


def through(monkeypatch: pytest.MonkeyPatch, port: int) -> str:
    """Let the environment name a proxy with a password; return how an error may show it."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, f"http://ada:{PASSWORD}@127.0.0.1:{port}")
    monkeypatch.delenv("NO_PROXY", raising=False)
    return f"127.0.0.1:{port}"


def told(ask: str, url: str) -> Unmeasured:
    with pytest.raises(Unmeasured) as caught:
        ASK[ask](url)
    shown = f"{caught.value} {caught.value.next_step} {caught.value.source}"
    assert PASSWORD not in shown
    return caught.value


@pytest.mark.parametrize("ask", URLS)
def test_a_url_without_tls_goes_through_the_proxy(
    ask: str, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    for path in ("/api", "/metrics", "/metrics/job/cano-upkeep/cadence/daily/target/default"):
        server.on(path, (404 if path == "/api" else 200, JSON, b"{}"))
    through(monkeypatch, int(server.url.rpartition(":")[2]))
    if ask == "a URL":
        with pytest.raises(Absent):
            ASK[ask](f"http://{HOST}")
    else:
        ASK[ask](f"http://{HOST}")
    assert len(server.asked) == 1


@pytest.mark.parametrize("ask", URLS)
def test_no_proxy_is_obeyed(ask: str, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    through(monkeypatch, int(server.url.rpartition(":")[2]))
    monkeypatch.setenv("NO_PROXY", "corp.invalid")
    assert "its name does not resolve" in str(told(ask, f"http://{HOST}"))
    assert server.asked == []


@pytest.mark.parametrize("ask", ASK)
def test_https_asks_the_proxy_for_a_tunnel(ask: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with tunnel("http") as (port, targets), socket.create_server(("127.0.0.1", 0)) as silent:
        through(monkeypatch, port)
        end = silent.getsockname()[1]
        threading.Thread(target=lambda: silent.accept()[0].close(), daemon=True).start()
        told(ask, f"https://{HOST}:{end}")
    assert f"{HOST}:{end}" in targets
    assert any("Basic" in line for line in targets)


REFUSED = {
    407: "requires a user and password (407 Proxy Authentication Required)",
    403: "forbids it (403 Forbidden)",
    502: "cannot reach it (502 Bad Gateway)",
    504: "got no answer from it (504 Gateway Timeout)",
    418: "refuses the connection (418 I'm a Teapot)",
}


@pytest.mark.parametrize("status", REFUSED)
@pytest.mark.parametrize("ask", ASK)
def test_a_refused_tunnel_names_the_proxy(
    ask: str, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    with answering(f"HTTP/1.1 {status} No\r\nContent-Length: 0\r\n\r\n".encode()) as port:
        proxy = through(monkeypatch, port)
        error = told(ask, f"https://{HOST}")
    assert f"its proxy {proxy} {REFUSED[status]}" in str(error)
    assert PASSWORD not in hidden(f"the proxy says {PASSWORD}")
    if ask in ("a URL", "--collector=URL", "the API server"):
        step = f"export HTTPS_PROXY=http://USER:PASSWORD@{proxy}"
        other = f"curl -v --proxy {proxy} https://{HOST}"
        assert error.next_step == (step if status == 407 else other)


@pytest.mark.parametrize("ask", [name for name in ASK if name != "exec"])
def test_a_proxy_that_wants_credentials_for_plain_http(
    ask: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with answering(b"HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n") as port:
        proxy = through(monkeypatch, port)
        error = told(ask, f"http://{HOST}")
    assert proxy in str(error)
    assert "407" in str(error)


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("ask", ASK)
def test_a_proxy_that_is_not_there_is_named(
    ask: str, scheme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = through(monkeypatch, 1)
    said = str(told(ask, f"{scheme}://{HOST}"))
    assert f"its proxy {proxy} is not reached: connection refused" in said


def test_a_command_through_a_proxy_names_the_server_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """The address of a redirection holds a signature, and commands are not masked."""
    proxy = through(monkeypatch, 1)
    with pytest.raises(Unreachable) as caught:
        web(f"https://{HOST}/token/a.tgz?X-Amz-Signature=horse", seconds=1).file()
    assert caught.value.next_step == f"curl -v --proxy {proxy} https://{HOST}"


@pytest.mark.parametrize("ask", URLS)
def test_a_socks_proxy_that_is_not_there_is_named(
    ask: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"socks5://ada:{PASSWORD}@127.0.0.1:1")
    error = told(ask, f"http://{HOST}")
    proxy = ("" if ask == "--pushgateway=URL" else "socks5h://") + "127.0.0.1:1"
    assert f"its proxy {proxy} is not reached: connection refused" in str(error)
    assert error.next_step in ("", f"curl -v --proxy {proxy} http://{HOST}")


def test_credentials_are_given_to_a_proxy_of_the_same_scheme() -> None:
    step = proxy_credentials("http://a", proxy=proxies.shown("https://p.example"))
    assert step == "export HTTP_PROXY=https://USER:PASSWORD@p.example:443"


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("ask", ["a URL", "--collector=URL", "the API server"])
def test_a_proxy_that_says_nothing_is_timed_out(
    ask: str, scheme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with answering(b"") as port:
        proxy = through(monkeypatch, port)
        error = told(ask, f"{scheme}://{HOST}")
    assert isinstance(error, TimedOut)
    assert f"through the proxy {proxy}" in str(error)


def test_a_gateways_status_through_a_proxy_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    with answering(b"HTTP/1.1 503 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n") as port:
        proxy = through(monkeypatch, port)
        said = [str(told(ask, f"http://{HOST}")) for ask in URLS]
    assert all("503" in one and f"through the proxy {proxy}" in one for one in said)


@pytest.mark.parametrize("ask", URLS)
def test_a_variable_that_is_no_proxy_is_one_sentence(
    ask: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"ftp://ada:{PASSWORD}@127.0.0.1:1")
    with pytest.raises(Unreachable, match="HTTP_PROXY is no proxy that can be used") as caught:
        ASK[ask](f"http://{HOST}")
    assert PASSWORD not in str(caught.value)


def test_an_address_of_a_pod_has_no_proxy(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy cannot reach it, and its 503 would read as the pod's."""
    through(monkeypatch, int(server.url.rpartition(":")[2]))
    with pytest.raises(Unmeasured):
        direct("http://{pod_ip}:1", seconds=0.3).get(pod("a", ip="255.255.255.255"), "/metrics")
    assert server.asked == []


@pytest.mark.parametrize(
    ("proxy", "text"),
    [
        ("", ""),
        ("http://a:b@p", "p:80"),
        ("https://p", "https://p:443"),
        ("socks5://u:w@p", "socks5h://p:1080"),
        ("http://[::1]:8", "[::1]:8"),
    ],
)
def test_a_proxy_is_shown_without_credentials(proxy: str, text: str) -> None:
    assert proxies.shown(proxy) == text


@pytest.mark.parametrize(
    ("url", "excepted", "proxied"),
    [
        ("https://a.corp.example", "*.corp.example", False),
        ("https://corp.example", "*.corp.example", True),
        ("https://corp.example", "corp.example:443", False),
        ("https://a.corp.example", "corp.example:443", False),
        ("http://corp.example", "corp.example:80", False),
        ("https://corp.example", "corp.example:8443", True),
        ("https://corp.example", ":443", True),
        ("https://10.0.0.1", "10.0.0.1:443", False),
        ("https://10.0.0.1", "0.0.1", True),
        ("https://[fd00::1]:6443", "[fd00::1]:6443", False),
        ("https://[fd00::1]:6443", "fd00:0::1", False),
        ("https://[fd00::1]", "FD00::/8", False),
        ("https://[::ffff:10.0.0.1]", "10.0.0.0/8", False),
        ("https://[::ffff:127.0.0.1]", "", False),
        ("https://b\u00fccher.example", "xn--bcher-kva.example", False),
    ],
)
def test_no_proxy_has_the_meaning_that_go_gives_it(url: str, excepted: str, proxied: bool) -> None:
    """What golang.org/x/net/http/httpproxy v0.60.0 answers."""
    environ = {"HTTP_PROXY": "p:1", "HTTPS_PROXY": "p:1", "NO_PROXY": excepted}
    assert bool(proxies.proxy_of(url, environ)) == proxied


@pytest.mark.parametrize("value", ["http://ho#rse@p:1", "http://a:ho?rse@p:1", "http://a:4/2@p:1"])
def test_a_part_of_a_password_is_not_taken_for_the_host(value: str) -> None:
    with pytest.raises(BadInput, match="HTTPS_PROXY is no proxy that can be used") as caught:
        proxies.proxy_of("https://a", {"HTTPS_PROXY": value})
    assert "ho#" not in str(caught.value)


def test_a_cgi_program_obeys_no_proxy_of_a_request() -> None:
    environ = {"HTTP_PROXY": "p:1", "HTTPS_PROXY": "p:1", "REQUEST_METHOD": "GET"}
    with pytest.raises(BadInput, match="HTTP_PROXY is not used by a CGI program"):
        proxies.proxy_of("http://a.example", environ)
    assert proxies.proxy_of("http://a.example", environ | {"NO_PROXY": "a.example"}) == ""
    assert proxies.proxy_of("https://a.example", environ) == "http://p:1"
