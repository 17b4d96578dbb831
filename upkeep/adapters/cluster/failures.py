"""What an exception of urllib3, or an answer that refuses, says about a request."""

import urllib3
from urllib3 import exceptions as urllib3_errors

from upkeep.masking import mask


def is_late(error: urllib3_errors.HTTPError) -> bool:
    """Return whether the deadline ended a request.

    A NewConnectionError is a ConnectTimeoutError by its class, and none by its meaning.
    """
    return isinstance(
        error, urllib3_errors.ConnectTimeoutError | urllib3_errors.ReadTimeoutError
    ) and not isinstance(error, urllib3_errors.NewConnectionError)


def retry_after(response: urllib3.BaseHTTPResponse, *, otherwise: float) -> float:
    """Return the seconds that it asks to wait; none, or 0, is no leave to ask without a pause."""
    text = str(response.headers.get("Retry-After", ""))
    # A number of ten digits is longer than any deadline, and Python refuses one of thousands.
    return float(text[:10]) if text.isdecimal() and text.strip("0") else otherwise


def why(error: urllib3_errors.HTTPError) -> str:
    """Return why a server was not reached, in words without a value."""
    if isinstance(error, urllib3_errors.NameResolutionError):
        return "its name does not resolve"
    if isinstance(error, urllib3_errors.ProxyError):
        return "its proxy cannot be reached, or refuses"
    if isinstance(error, urllib3_errors.NewConnectionError):
        return "connection refused or no route"
    if isinstance(error, urllib3_errors.SSLError):
        return f"TLS: {mask(str(error))[:160]}"
    if isinstance(error, urllib3_errors.ProtocolError):
        return "it closed the connection without an answer"
    return type(error).__name__
