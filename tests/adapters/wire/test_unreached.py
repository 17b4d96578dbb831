"""Why a server was not reached, in words of the field: no exception's own text."""

import errno
import ssl
from collections.abc import Callable
from http.client import BadStatusLine, RemoteDisconnected

import pytest
import urllib3
from urllib3 import exceptions

from tests.adapters.cluster.test_deadlines import client, direct, web
from tests.adapters.scripted import Server
from tests.judges.samples import pod
from upkeep.adapters.wire.unreached import why
from upkeep.errors import Unreachable

ASK: dict[str, Callable[[str], object]] = {
    "the API server": lambda url: client(url, seconds=5).get("/api"),
    "a URL of the user's": lambda url: web(url, seconds=5).get("/api", {}, type=dict),
    "--collector=URL": lambda url: direct(url, seconds=5).get(pod("a"), "/metrics"),
}
# Linux has no route to the broadcast address for TCP.
WHERE = {
    "http://upkeep.invalid:1": ("its name does not resolve", "nslookup upkeep.invalid"),
    "http://255.255.255.255:9": ("no route to its host", "curl "),
}


def refused(network: int) -> exceptions.NewConnectionError:
    """Return what urllib3 raises where the system refuses to connect."""
    pool = urllib3.HTTPConnectionPool("127.0.0.1")
    error = exceptions.NewConnectionError(pool._get_conn(), "no connection")
    error.__cause__ = OSError(network, "of the system")
    return error


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (
            exceptions.SSLError(ssl.SSLEOFError(8, "EOF occurred in violation of protocol")),
            "it closed the connection within the TLS handshake",
        ),
        (
            exceptions.SSLError(ssl.SSLCertVerificationError(1, "certificate has expired")),
            "TLS: certificate has expired",
        ),
        (exceptions.ProtocolError("x"), "it closed the connection without an answer"),
        (
            exceptions.ProtocolError("x", RemoteDisconnected("x")),
            "it closed the connection without an answer",
        ),
        (exceptions.ProtocolError("x", BadStatusLine("x")), "it does not answer in HTTP"),
        (
            refused(errno.ECONNREFUSED),
            "connection refused: its host is up, and the port is closed",
        ),
        (
            refused(errno.EHOSTUNREACH),
            "no route to its host: a network, VPN or firewall between here and there",
        ),
        (
            refused(errno.ETIMEDOUT),
            "no answer to the connection: a firewall drops it, or its host is down",
        ),
        (refused(errno.EACCES), "no connection"),
    ],
)
def test_what_ended_a_connection_is_said(error: exceptions.HTTPError, words: str) -> None:
    assert why(error) == words


@pytest.mark.parametrize("url", WHERE)
@pytest.mark.parametrize("ask", ASK)
def test_a_name_and_a_route_are_told_apart(ask: str, url: str) -> None:
    fact, step = WHERE[url]
    with pytest.raises(Unreachable, match=f"cannot be reached: {fact}") as told:
        ASK[ask](url)
    assert told.value.next_step.startswith(step)


@pytest.mark.parametrize("ask", ["the API server", "a URL of the user's"])
def test_a_closed_port_is_told(ask: str, server: Server) -> None:
    server.close()
    with pytest.raises(Unreachable, match="cannot be reached: connection refused: its host is up"):
        ASK[ask](server.url)
