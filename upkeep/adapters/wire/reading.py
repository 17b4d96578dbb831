"""Absolute deadlines for what is read from a connection, whatever pace a server chooses.

A socket's timeout is for one read: a server that sends a byte each second never reaches it. Here
every read of an answer, headers included, waits for what is left until the instant that
``until`` set in this thread.
"""

import contextvars
import io
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from http.client import HTTPResponse
from typing import Any

import urllib3

from upkeep.clock import Clock
from upkeep.deadline import settle

# Sockets know no other clock than the machine's.
_CLOCK = Clock()
# The instant, on the machine's monotonic clock, at which reading ends in this thread.
_ENDS: contextvars.ContextVar[float | None] = contextvars.ContextVar("reading_ends", default=None)


@contextmanager
def until(seconds: float) -> Iterator[None]:
    """Let every read inside of the ``with`` end so many seconds from now."""
    token = _ENDS.set(_CLOCK.monotonic() + max(seconds, 0.0))
    try:
        yield
    finally:
        _ENDS.reset(token)


def set_timeout(connection: socket.socket) -> None:
    """Let the next operation of a socket end with the deadline of this thread.

    :raises TimeoutError: the deadline has passed.
    """
    ends = _ENDS.get()
    if ends is None:
        return
    left = ends - _CLOCK.monotonic()
    if left <= 0:
        raise TimeoutError("the deadline has passed")
    connection.settimeout(left)


def bounded(pool: urllib3.PoolManager) -> urllib3.PoolManager:
    """Return the pool, whose connections keep the deadline of the thread that reads."""
    pool.pool_classes_by_scheme = {
        scheme: _bounded_pool(kind) for scheme, kind in pool.pool_classes_by_scheme.items()
    }
    return pool


def _bounded_pool(kind: Any) -> Any:
    connection = type("Bounded", (_Connects, kind.ConnectionCls), {"response_class": _Response})
    return type("BoundedPool", (kind,), {"ConnectionCls": connection})


class _Connects:
    """A connection that is made in a thread of its own: the resolver of names knows no deadline.

    A name server that never answers holds getaddrinfo for as long as resolv.conf says. The thread is
    left behind then, and closes what it still connects. urllib3's SOCKS connection overrides the same method.
    """

    def _new_conn(self) -> socket.socket:
        ends = _ENDS.get()
        connect: Callable[[], socket.socket] = super()._new_conn  # type: ignore[misc]  # of urllib3
        if ends is None:
            return connect()
        made: Future[socket.socket] = Future()

        threading.Thread(target=settle, args=(made, connect), daemon=True).start()
        try:
            return made.result(max(ends - _CLOCK.monotonic(), 0.0))
        except TimeoutError as error:
            if made.done() and made.exception() is error:
                raise
            made.add_done_callback(_close)
            raise urllib3.exceptions.ConnectTimeoutError(self, "no connection in time") from None


def _close(made: Future[socket.socket]) -> None:
    if made.exception() is None:
        made.result().close()


class _Response(HTTPResponse):
    """http.client's response over a socket whose reads are bounded."""

    def __init__(self, sock: socket.socket, *arguments: Any, **words: Any) -> None:
        super().__init__(sock, *arguments, **words)
        self.fp.close()
        self.fp = io.BufferedReader(_Reads(sock))


class _Reads(io.RawIOBase):
    """The bytes of a socket, as ``socket.makefile`` gives them, each read with its timeout."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._file: Any = connection.makefile("rb", buffering=0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        set_timeout(self._connection)
        return int(self._file.readinto(buffer) or 0)

    def close(self) -> None:
        if not self.closed:
            self._file.close()
        super().close()
