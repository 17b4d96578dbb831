"""Why did a request of urllib3 get no answer? In words of the field: no exception's own text.

What an exception says of itself may hold a value: a URL, a header, a password of a proxy.
"""

import errno
import socket
import ssl
from http.client import BadStatusLine
from urllib.parse import urlsplit

from urllib3 import exceptions as urllib3_errors

from upkeep.masking import mask
from upkeep.shell import Command, shell

_NO_ROUTE = frozenset({errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EHOSTDOWN, errno.ENETDOWN})


def is_late(error: Exception) -> bool:
    """Return whether the deadline ended a request.

    A NewConnectionError is a ConnectTimeoutError by its class, and none by its meaning.
    """
    return isinstance(
        error, urllib3_errors.ConnectTimeoutError | urllib3_errors.ReadTimeoutError
    ) and not isinstance(error, urllib3_errors.NewConnectionError)


def why(error: Exception) -> str:
    """Return why a server was not reached: the fact, and its cause where it is known."""
    cause = _cause(error)
    if isinstance(error, urllib3_errors.NameResolutionError):
        # The difference decides who mends it: a typing error, or the network.
        again = getattr(cause, "errno", None) == socket.EAI_AGAIN
        return f"its name does not resolve{': no name server answers' if again else ''}"
    if isinstance(error, urllib3_errors.ProxyError):
        return "its proxy cannot be reached, or refuses"
    if isinstance(cause, ConnectionRefusedError):
        return "connection refused: its host is up, and the port is closed"
    if getattr(cause, "errno", None) in _NO_ROUTE:
        return "no route to its host: a network, VPN or firewall between here and there"
    if getattr(cause, "errno", None) == errno.ETIMEDOUT:
        return "no answer to the connection: a firewall drops it, or its host is down"
    if isinstance(error, urllib3_errors.NewConnectionError):
        return "no connection"
    if isinstance(error.args[0] if error.args else None, ssl.SSLEOFError):
        return "it closed the connection within the TLS handshake"
    if isinstance(error, urllib3_errors.SSLError):
        return f"TLS: {mask(str(error))[:160]}"
    if isinstance(error, urllib3_errors.ProtocolError):
        if isinstance(cause, BadStatusLine) and not isinstance(cause, ConnectionError):
            return "it does not answer in HTTP"
        return "it closed the connection without an answer"
    return type(error).__name__


def step(error: Exception, url: str, *, otherwise: Command) -> Command:
    """Return the command that shows what is wrong on the way to a server."""
    if isinstance(error, urllib3_errors.NameResolutionError):
        return shell("nslookup {}", urlsplit(url).hostname or url)
    return otherwise


def _cause(error: Exception) -> BaseException:
    """Return the system's error behind one of urllib3, or the error itself."""
    return error.__cause__ or next(
        (one for one in reversed(error.args) if isinstance(one, Exception)), error
    )
