"""Why did a request of urllib3 get no answer? In words of the field: no exception's own text.

What an exception says of itself may hold a value: a URL, a header, a password of a proxy.
"""

import errno
import re
import socket
import ssl
from http.client import BadStatusLine, responses
from urllib.parse import urlsplit

from urllib3 import exceptions as urllib3_errors

from upkeep.masking import mask
from upkeep.shell import Command, shell

PROXY_CREDENTIALS = 407
# http.client's text for a CONNECT that a proxy refuses; it has no exception of its own for it.
_TUNNEL = re.compile(r"^Tunnel connection failed: (\d{3})\b")
_PROXY_SAYS = {
    403: "forbids it",
    PROXY_CREDENTIALS: "requires a user and password",
    502: "cannot reach it",
    503: "cannot reach it",
    504: "got no answer from it",
}
_NO_ROUTE = frozenset({errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EHOSTDOWN, errno.ENETDOWN})


def is_late(error: Exception) -> bool:
    """Return whether the deadline ended a request.

    A NewConnectionError is a ConnectTimeoutError by its class, and none by its meaning.
    """
    if isinstance(error, urllib3_errors.ProxyError):
        return isinstance(error.original_error, TimeoutError) or is_late(error.original_error)
    return isinstance(
        error, urllib3_errors.ConnectTimeoutError | urllib3_errors.ReadTimeoutError
    ) and not isinstance(error, urllib3_errors.NewConnectionError)


def why(error: Exception, *, proxy: str = "") -> str:
    """Return why a server was not reached: the fact, and its cause where it is known.

    :param proxy: the proxy on the way, as ``shown`` gives it; empty for none.
    """
    if status := _tunnel_status(error):
        return proxy_refusal(status, proxy=proxy)
    if isinstance(error, urllib3_errors.ProxyError):
        return f"its proxy {proxy} is not reached: {_why(error.original_error)}"
    if isinstance(lost := getattr(error.__context__, "socket_err", None), OSError):
        # PySocks names here what the connection to the proxy itself ended with.
        return f"its proxy {proxy} is not reached: {_why(lost)}"
    if proxy:
        # What a direct connection would say may be true of the proxy, or of the server behind it.
        return f"{_why(error)} (through the proxy {proxy})"
    return _why(error)


def proxy_refusal(status: int, *, proxy: str) -> str:
    """Return what a proxy's own status says."""
    said = _PROXY_SAYS.get(status, "refuses the connection")
    phrase = f" {responses[status]}" if status in responses else ""
    return f"its proxy {proxy} {said} ({status}{phrase})"


def _tunnel_status(error: Exception) -> int:
    """Return the status with which a proxy refused CONNECT; 0 where none did."""
    inner = error.original_error if isinstance(error, urllib3_errors.ProxyError) else error
    found = _TUNNEL.match(str(inner)) if isinstance(inner, OSError) else None
    return int(found[1]) if found else 0


def _why(error: Exception) -> str:
    cause = _cause(error)
    if isinstance(error, urllib3_errors.NameResolutionError):
        # The difference decides who mends it: a typing error, or the network.
        again = getattr(cause, "errno", None) == socket.EAI_AGAIN
        return f"its name does not resolve{': no name server answers' if again else ''}"
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
    if isinstance(error, ConnectionError):
        return "it closed the connection without an answer"
    return type(error).__name__


def step(error: Exception, url: str, *, otherwise: Command, proxy: str = "") -> Command:
    """Return the command that shows what is wrong on the way to a server."""
    if _tunnel_status(error) == PROXY_CREDENTIALS:
        return proxy_credentials(url, proxy=proxy)
    if proxy:
        return shell("curl -v --proxy {} {}", proxy, url)
    if isinstance(error, urllib3_errors.NameResolutionError):
        return shell("nslookup {}", urlsplit(url).hostname or url)
    return otherwise


def proxy_credentials(url: str, *, proxy: str) -> Command:
    """Return the variable in which a proxy's user and password are given."""
    variable = f"{urlsplit(url).scheme.upper()}_PROXY"
    scheme, _, place = (proxy if "://" in proxy else f"http://{proxy}").partition("://")
    return shell("export {}={}", Command(variable), f"{scheme}://USER:PASSWORD@{place}")


def _cause(error: Exception) -> BaseException:
    """Return the system's error behind one of urllib3, or the error itself."""
    return error.__cause__ or next(
        (one for one in reversed(error.args) if isinstance(one, Exception)), error
    )


def wrapped_in(error: Exception) -> Exception:
    """Return the error of urllib3 that requests wraps."""
    first = next((one for one in error.args if isinstance(one, Exception)), error)
    reason = getattr(first, "reason", None)
    return reason if isinstance(reason, Exception) else first
