"""One WebSocket to the API server: the bytes of its channels, read until it ends.

It goes the way of every other request: the same TLS, proxy, credentials and impersonation, which
the WebSocket of the official client leaves out. One deadline holds for all of it.

Source: https://kubernetes.io/docs/reference/using-api/api-concepts/ (exec, v5.channel.k8s.io)
"""

import socket
from collections import defaultdict
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode, urlsplit

import urllib3
from wsproto import ConnectionType, WSConnection
from wsproto.events import (
    AcceptConnection,
    CloseConnection,
    Message,
    Ping,
    RejectConnection,
    RejectData,
    Request,
)
from wsproto.utilities import ProtocolError

from upkeep.adapters.cluster.identity.connection import Configuration
from upkeep.adapters.wire.reading import set_timeout, until

PROTOCOLS = ["v5.channel.k8s.io", "v4.channel.k8s.io"]
MOST_BYTES = 16 * 1024 * 1024
BLOCK_BYTES = 64 * 1024


class Rejected(Exception):
    """The server answered the handshake with another status than 101.

    :ivar body: what it said, as far as it is short.
    """

    def __init__(self, status: int, body: str) -> None:
        super().__init__(f"HTTP {status}")
        self.status = status
        self.body = body


class Broken(Exception):
    """The connection ended in the middle, or what came is no WebSocket; the text says which."""


def exchange(
    configuration: Configuration, path: str, query: Sequence[tuple[str, str]], *, seconds: float
) -> dict[int, bytes]:
    """Return what came on each channel until the server closed the connection.

    :param seconds: for all of it, from the connection to the end.
    :raises Rejected: the handshake was refused. :raises TimeoutError: it takes longer.
    :raises Broken: it began and did not end. :raises OSError: the server is not reached.
    :raises urllib3.exceptions.HTTPError: likewise.
    """
    with until(seconds):
        connection = _connected(configuration, seconds)
        try:
            return _channels(connection.sock, configuration, path, query)
        finally:
            connection.close()


def _connected(configuration: Configuration, seconds: float) -> Any:
    """Return a connection of urllib3's, through proxy and TLS."""
    pool: Any = configuration.pool().connection_from_url(configuration.host)
    connection = pool._new_conn()
    connection.timeout = seconds
    through_http = pool.proxy is not None and pool.proxy.scheme in ("http", "https")
    try:
        if through_http and isinstance(pool, urllib3.HTTPSConnectionPool):
            pool._prepare_proxy(connection)
            return connection
        if through_http:
            # A proxy forwards no WebSocket; it opens a tunnel.
            parts = urlsplit(configuration.host)
            connection.set_tunnel(parts.hostname, parts.port or 80, pool.proxy_headers)
        connection.connect()
    except (urllib3.exceptions.HTTPError, OSError) as error:
        if through_http and not connection.has_connected_to_proxy:
            # As urllib3 does it for its own requests.
            raise urllib3.exceptions.ProxyError("no tunnel", error) from error
        raise
    return connection


def _channels(
    connection: socket.socket,
    configuration: Configuration,
    path: str,
    query: Sequence[tuple[str, str]],
) -> dict[int, bytes]:
    parts = urlsplit(configuration.host)
    protocol = WSConnection(ConnectionType.CLIENT)
    asked = Request(
        host=parts.netloc,
        target=f"{parts.path.rstrip('/')}{path}?{urlencode(query)}",
        subprotocols=PROTOCOLS,
        extra_headers=[
            (name.lower().encode(), value.encode()) for name, value in configuration.headers()
        ],
    )
    _send(connection, protocol.send(asked))
    channels: defaultdict[int, bytearray] = defaultdict(bytearray)
    message, size, accepted, refused = bytearray(), 0, False, b""
    status = 0
    while True:
        set_timeout(connection)
        block = connection.recv(BLOCK_BYTES)
        size += len(block)
        if size > MOST_BYTES:
            raise Broken(f"more than {MOST_BYTES} bytes came")
        try:
            protocol.receive_data(block or None)
            for event in protocol.events():
                if isinstance(event, AcceptConnection):
                    accepted = True
                elif isinstance(event, RejectConnection):
                    status = event.status_code
                    if not event.has_body:
                        raise Rejected(status, "")
                elif isinstance(event, RejectData):
                    refused += event.data
                    if event.body_finished:
                        raise Rejected(status, refused.decode(errors="replace"))
                elif isinstance(event, Message):
                    data = event.data
                    message += data.encode() if isinstance(data, str) else data
                    if event.message_finished and message:
                        channels[message[0]] += message[1:]
                    if event.message_finished:
                        message.clear()
                elif isinstance(event, Ping):
                    _send(connection, protocol.send(event.response()))
                elif isinstance(event, CloseConnection):
                    return {channel: bytes(content) for channel, content in channels.items()}
        except ProtocolError:
            if status:
                raise Rejected(status, refused.decode(errors="replace")) from None
            raise Broken("what came is no WebSocket") from None
        if not block:
            if status:
                raise Rejected(status, refused.decode(errors="replace"))
            if not accepted:
                raise Broken("the server closed it before an answer")
            raise Broken("the connection ended before the command did")


def _send(connection: socket.socket, data: bytes) -> None:
    set_timeout(connection)
    connection.sendall(data)
