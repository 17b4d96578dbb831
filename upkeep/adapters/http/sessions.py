"""A session of requests for one URL of the user's: its TLS, its headers and its proxy.

A module of its own, for importing requests takes 80 ms: only a run with such a URL pays them.
"""

from typing import Any

import requests
from requests.adapters import HTTPAdapter

from upkeep.adapters.wire.proxies import resolving
from upkeep.adapters.wire.reading import bounded
from upkeep.settings.access import HttpAccess


class _Bounded(HTTPAdapter):
    """Connections whose reads keep the deadline of the thread, also through a proxy."""

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        super().init_poolmanager(*arguments, **options)
        bounded(self.poolmanager)

    def proxy_manager_for(self, proxy: str, **options: Any) -> Any:
        known = proxy in self.proxy_manager
        manager = super().proxy_manager_for(proxy, **options)
        return manager if known else bounded(manager)


def session_of(access: HttpAccess, *, proxy: str) -> requests.Session:
    """Return a session with what the settings say of a URL.

    :param proxy: as ``proxy_of`` gives it; empty for none.
    """
    session = requests.Session()
    # With it requests would send credentials of a .netrc that no setting names, and read the
    # variables of proxies by other rules than kubectl and the client of the API server.
    session.trust_env = False
    if proxy:
        session.proxies = {"http": resolving(proxy), "https": resolving(proxy)}
    for prefix in ("https://", "http://"):
        session.mount(prefix, _Bounded())
    session.headers.update(access.headers)
    if access.ca_file is not None:
        session.verify = str(access.ca_file)
    if access.client_certificate is not None:
        key = access.client_key
        session.cert = (
            (str(access.client_certificate), str(key))
            if key is not None
            else str(access.client_certificate)
        )
    return session
