"""Send metrics to a Pushgateway: a handler for prometheus_client, whose own one knows other rules of proxies.

Source: https://prometheus.github.io/client_python/exporting/pushgateway/#handlers-for-authentication
"""

import os
from collections.abc import Callable, Sequence

from urllib3.exceptions import HTTPError

from upkeep.adapters.wire.proxies import pool_through, proxy_of, shown
from upkeep.adapters.wire.unreached import PROXY_CREDENTIALS, is_late, proxy_refusal, why
from upkeep.errors import BadInput


def handler(
    url: str, method: str, timeout: float | None, headers: Sequence[tuple[str, str]], data: bytes
) -> Callable[[], None]:
    """Return the function that sends one group.

    It raises OSError where the Pushgateway is not reached or refuses.
    """

    def send() -> None:
        try:
            proxy = proxy_of(url, os.environ)
        except BadInput as error:
            raise OSError(str(error)) from None
        by = shown(proxy).rpartition("/")[2]  # no URL: of one, masking would leave the host alone
        through = f" through the proxy {by}" if by else ""
        try:
            with pool_through(proxy) as pool:
                answer = pool.request(
                    method,
                    url,
                    body=data,
                    headers=dict(headers),
                    timeout=timeout,
                    redirect=False,
                    retries=False,
                    preload_content=False,  # its status says all, and its body may have no end
                )
                answer.close()
        except HTTPError as error:
            said = f"no answer{through} within {timeout} s" if is_late(error) else ""
            raise OSError(said or why(error, proxy=by)) from None
        if answer.status == PROXY_CREDENTIALS and by:
            raise OSError(proxy_refusal(answer.status, proxy=by))
        if answer.status >= 300:
            raise OSError(f"it answered {answer.status} {answer.reason or ''}{through}")

    return send
