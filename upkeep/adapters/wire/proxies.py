"""Proxies of HTTP: which one does the environment name for a URL, and how is it used and shown?

kubectl, promtool and amtool follow Go's rules, and so does every request of upkeep.
"""

import ipaddress
import re
from collections.abc import Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit

import urllib3
from urllib3.util import make_headers

from upkeep.errors import BadInput
from upkeep.masking import hide

PROXY_SCHEMES = ("http", "https", "socks5", "socks5h")
# The loopback addresses never go through a proxy of the environment (Go's httpproxy).
_LOOPBACK = "localhost"
_PORTS = {"http": 80, "https": 443}
_WITH_PORT = re.compile(r"(?:\[([^\]]*)\]|([^:]*)):(\d+)")


def pool_through(proxy: str, **options: Any) -> urllib3.PoolManager:
    """Return the connections through a proxy; empty for none.

    :param proxy: as ``proxy_of`` gives it.
    :param options: those of urllib3's PoolManager.
    """
    if not proxy:
        return urllib3.PoolManager(**options)
    parts = urlsplit(proxy)
    if parts.scheme in ("socks5", "socks5h"):
        from urllib3.contrib.socks import SOCKSProxyManager

        return SOCKSProxyManager(resolving(proxy), **options)
    user = unquote(f"{parts.username or ''}:{parts.password or ''}")
    headers = make_headers(proxy_basic_auth=user) if parts.username else {}
    bare = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
    return urllib3.ProxyManager(bare, proxy_headers=headers, **options)


def resolving(proxy: str) -> str:
    """Return the URL of a proxy that resolves the names itself.

    Go hands the name to a SOCKS proxy for both schemes, which is what socks5h says here.
    """
    scheme, _, rest = proxy.partition(":")
    return f"socks5h:{rest}" if scheme == "socks5" else proxy


def shown(proxy: str) -> str:
    """Return a proxy without credentials, as curl takes it: HOST:PORT, or SCHEME://HOST:PORT where that is not http.

    Empty for none.
    """
    if not proxy:
        return ""
    parts = urlsplit(resolving(proxy))
    scheme = "" if parts.scheme == "http" else f"{parts.scheme}://"
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return f"{scheme}{host}:{parts.port or _PORTS.get(parts.scheme, 1080)}"


def proxy_of(host: str, environ: Mapping[str, str]) -> str:
    """Return the proxy that the environment names for a server; empty for none.

    The rules are Go's, which kubectl follows: ``HTTPS_PROXY``, ``HTTP_PROXY`` and ``NO_PROXY``,
    upper case first; ``host:port`` is an HTTP proxy; loopback is never proxied; ``ALL_PROXY`` is
    not read. Source: https://pkg.go.dev/golang.org/x/net/http/httpproxy

    :raises BadInput: the variable holds no proxy, or comes from a request.
    """
    parts = urlsplit(host)
    name = f"{parts.scheme.upper()}_PROXY"
    value = environ.get(name) or environ.get(name.lower()) or ""
    excepted = environ.get("NO_PROXY") or environ.get("no_proxy") or ""
    if not value or _loopback(parts.hostname or "") or _excepted(parts, excepted):
        return ""
    if parts.scheme == "http" and environ.get("REQUEST_METHOD"):
        # A request's header Proxy sets it there: https://golang.org/s/cgihttpproxy
        raise BadInput(
            "HTTP_PROXY is not used by a CGI program. Unset REQUEST_METHOD, or HTTP_PROXY"
        )
    return proxy_url(value if "://" in value else f"http://{value}", where=name)


def proxy_url(value: str, *, where: str) -> str:
    """Return a proxy's URL when it is one.

    :raises BadInput: another scheme, or no host. The message never shows the value.
    """
    try:
        parts = urlsplit(value)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host, parts = None, urlsplit("")
    # An @ behind the host: a password with # / or ?, whose first part reads as the host.
    cut = value.count("@") != parts.netloc.count("@")
    if "://" not in value or parts.scheme not in PROXY_SCHEMES or not host or cut:
        raise BadInput(
            f"{where} is no proxy that can be used. Write http://HOST:PORT, https://HOST:PORT "
            "or socks5://HOST:PORT, with # / ? @ of a password as %23 %2F %3F %40"
        )
    hide_user(parts)
    return value


def hide_user(parts: SplitResult) -> None:
    """Mask the password of a URL from now on; without one its user, which is then a token."""
    secret = parts.password or parts.username or ""
    hide(secret, unquote(secret))


def _loopback(host: str) -> bool:
    address = _address(host)
    return host == _LOOPBACK if address is None else address.is_loopback


def _excepted(parts: SplitResult, entries: str) -> bool:
    """Return whether NO_PROXY names the host, with its port or any: by name, suffix, address or network."""
    host, port = _ascii(parts.hostname or ""), str(parts.port or _PORTS.get(parts.scheme))
    address = _address(host)
    for entry in (one.strip().lower() for one in entries.split(",")):
        if entry == "*":
            return True
        found = _WITH_PORT.fullmatch(entry)
        name, of_port = (found[1] or found[2], found[3]) if found else (entry, port)
        if not name or of_port != port:
            continue
        if address is not None:
            with suppress(ValueError):
                if address in ipaddress.ip_network(name, strict=False):
                    return True
            continue
        name = _ascii(name.removeprefix("*") if name.startswith("*.") else name)
        if host == name or host.endswith(f".{name.removeprefix('.')}"):
            return True
    return False


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def _ascii(host: str) -> str:
    with suppress(UnicodeError):
        return host.encode("idna").decode()
    return host
