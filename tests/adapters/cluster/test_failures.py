"""Why a server was not reached, in words of the field: no exception's own text."""

import ssl

import pytest
from urllib3 import exceptions

from upkeep.adapters.cluster.failures import why


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
    ],
)
def test_what_ended_a_connection_is_said(error: exceptions.HTTPError, words: str) -> None:
    assert why(error) == words
