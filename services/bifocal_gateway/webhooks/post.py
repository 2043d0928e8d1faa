"""One POST to a receiver that nobody vouches for.

The name is resolved once, all its addresses are checked, and the connection goes to one of these very
addresses: there is no second look-up that could say something else. TLS and the Host header keep the name.
Redirects are not followed, proxies of the environment are not asked, of the answer only the status is read,
and all of it, look-up aside, has one deadline, which a receiver cannot draw out by a byte now and then.
"""

import ssl
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import httpcore

from bifocal_gateway.webhooks.addresses import Resolve, checked
from bifocal_gateway.webhooks.target import Target

_Options = Iterable[Any] | None


def post(
    target: Target,
    headers: Mapping[str, str],
    body: bytes,
    *,
    private: bool,
    timeout_s: float,
    resolve: Resolve,
    tls: ssl.SSLContext,
) -> int:
    """Send `body`; returns the status of the answer.

    Raises:
        InvalidWebhook: the host has an address that webhooks may not go to; nothing was sent.
        httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError, OSError: no answer.
    """
    url = httpcore.URL(
        scheme=target.scheme.encode(), host=target.host.encode(), port=target.port, target=target.path
    )
    sent = [("Host", target.authority), *headers.items()]
    limits = dict.fromkeys(("connect", "read", "write", "pool"), timeout_s)
    backend = _Checked(private=private, timeout_s=timeout_s, resolve=resolve)
    with (
        httpcore.ConnectionPool(ssl_context=tls, network_backend=backend, max_connections=1) as pool,
        pool.stream("POST", url, headers=sent, content=body, extensions={"timeout": limits}) as answer,
    ):
        return answer.status


class _Checked(httpcore.NetworkBackend):
    """Connects to addresses that were checked."""

    def __init__(self, *, private: bool, timeout_s: float, resolve: Resolve) -> None:
        self._private = private
        self._timeout_s = timeout_s
        self._resolve = resolve
        self._sockets = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: _Options = None,
    ) -> httpcore.NetworkStream:
        """Resolve, check and connect, to the first address that takes it."""
        addresses = checked(self._resolve(host, port), private=self._private)
        deadline = _Deadline(time.monotonic() + self._timeout_s)
        failed: Exception | None = None
        for address in addresses:
            try:
                stream = self._sockets.connect_tcp(address, port, deadline.left_s(timeout))
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failed = error
            else:
                return _Timed(stream, deadline)
        raise failed or OSError("the name has no address")


@dataclass(frozen=True, slots=True)
class _Deadline:
    at_s: float

    def left_s(self, most_s: float | None) -> float:
        left_s = self.at_s - time.monotonic()
        if left_s <= 0:
            raise httpcore.ReadTimeout("the receiver took too long")
        return left_s if most_s is None else min(left_s, most_s)


class _Timed(httpcore.NetworkStream):
    """A connection whose every step has what is left until the deadline."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: _Deadline) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._deadline.left_s(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._deadline.left_s(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        left_s = self._deadline.left_s(timeout)
        return _Timed(self._stream.start_tls(ssl_context, server_hostname, left_s), self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)
