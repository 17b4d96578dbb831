"""Where an API server is and as whom it is asked: address, TLS, proxy, credentials, impersonation.

Source: https://kubernetes.io/docs/reference/config-api/kubeconfig.v1/ and client-go, which kubectl
and helm use: https://pkg.go.dev/k8s.io/client-go/rest#Config
"""

import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import urllib3
from msgspec import Struct

from upkeep.adapters.wire.proxies import pool_through
from upkeep.adapters.wire.reading import bounded
from upkeep.errors import BadInput

# client-go reads a token file at most every ten seconds, so that a rotated one is used.
TOKEN_SECONDS = 10.0
MOST_CONNECTIONS = 64


class Impersonation(Struct, frozen=True):
    """The identity that the API server is asked to act as; empty where there is none.

    Source: https://kubernetes.io/docs/reference/access-authn-authz/user-impersonation/
    """

    user: str = ""
    uid: str = ""
    groups: tuple[str, ...] = ()
    extra: tuple[tuple[str, tuple[str, ...]], ...] = ()

    def headers(self) -> list[tuple[str, str]]:
        """Return the headers of a request, a line for each value."""
        if not self.user:
            return []
        named = [("Impersonate-User", self.user)]
        named += [("Impersonate-Uid", self.uid)] if self.uid else []
        named += [("Impersonate-Group", group) for group in self.groups]
        for key, values in self.extra:
            # Keys are lower case on the server's side; what no header may hold is percent-encoded.
            name = f"Impersonate-Extra-{quote(key, safe='')}"
            named += [(name, value) for value in values]
        return named


@dataclass(slots=True)
class Configuration:
    """An API server and an identity, as ``kubeconfig.load`` gives them.

    :ivar host: the URL, with a path prefix where there is one; never with credentials.
    :ivar tls: the context of HTTPS; ``None`` for plain HTTP.
    :ivar tls_server_name: what the certificate is checked for; empty for the host's name.
    :ivar proxy: the URL of the proxy; empty for none.
    :ivar authorization: gives the value of the header, empty for an anonymous request.
    """

    host: str
    tls: ssl.SSLContext | None = field(default=None, repr=False)
    tls_server_name: str = ""
    proxy: str = field(default="", repr=False)
    authorization: Callable[[], str] = field(default=lambda: "", repr=False)
    impersonation: Impersonation = field(default_factory=Impersonation)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @property
    def verified(self) -> bool:
        """Return whether the server's certificate is checked, where there is one."""
        return self.tls is None or self.tls.verify_mode is ssl.CERT_REQUIRED

    def headers(self) -> list[tuple[str, str]]:
        """Return the headers that say who asks: credentials, and the identity acted as.

        :raises BadInput: the credentials cannot be used any more: an expired plugin, a token file.
        """
        with self._lock:  # A plugin renews its token inside; once is enough.
            value = self.authorization()
        return [("Authorization", value)] * bool(value) + self.impersonation.headers()

    def pool(self, **options: Any) -> urllib3.PoolManager:
        """Return the connections to the server. Each read of an answer keeps the caller's deadline.

        :raises BadInput: the proxy cannot be used.
        """
        options |= {"maxsize": MOST_CONNECTIONS}
        if self.tls is not None:
            options["ssl_context"] = self.tls
            options["cert_reqs"] = self.tls.verify_mode
            if self.tls_server_name:
                options["server_hostname"] = self.tls_server_name
            if not self.verified:
                # The run says it once; urllib3 would say it for every request.
                urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
        return bounded(_pool(self.proxy, self.host, self.impersonation, options))


def _pool(
    proxy: str, host: str, impersonation: Impersonation, options: dict[str, Any]
) -> urllib3.PoolManager:
    names = [name for name, _ in impersonation.headers()]
    through_http = proxy.startswith(("http:", "https:"))
    if through_http and host.startswith("http:") and len(set(names)) < len(names):
        # urllib3 joins repeated headers there, and the API server would read one group.
        raise BadInput(
            "several as-groups cannot be sent through an HTTP proxy to a server without TLS. "
            "Use an https:// server, or a proxy-url of socks5://"
        )
    return pool_through(proxy, **options)


def tls_context(
    *,
    authority: str | None,
    insecure: bool,
    certificate: Callable[[ssl.SSLContext], None] | None = None,
) -> ssl.SSLContext:
    """Return the context of HTTPS as kubectl's: the system's authorities unless some are given.

    :param authority: the certificates of the authorities, PEM.
    :param certificate: loads the client's certificate.
    :raises ssl.SSLError: one of them is not what it must be.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # Go trusts any certificate that is given, also one that is not self-signed, and is not strict.
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    context.set_alpn_protocols(["http/1.1"])
    if insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    elif authority is not None:
        context.load_verify_locations(cadata=authority)
    else:
        context.load_default_certs()
    if certificate is not None:
        certificate(context)
    return context
