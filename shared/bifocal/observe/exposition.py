"""Metrics of a process in Prometheus's text format, and a worker's port for them."""

import logging
import threading
from collections.abc import Callable, Iterable
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from prometheus_client import REGISTRY, CollectorRegistry, disable_created_metrics
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest

from bifocal.authorization import bears_key
from bifocal.settings import Settings

log = logging.getLogger(__name__)

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4


def text_of(*registries: CollectorRegistry) -> bytes:
    """Metrics of registries, and of this process last, for it may count that one of those failed.

    No two of them share a name.
    """
    # The time at which a counter was made, a series more for each: nobody asks.
    disable_created_metrics()  # type: ignore[no-untyped-call]
    return b"".join(generate_latest(registry) for registry in (*registries, REGISTRY))


def serve_metrics(settings: Settings) -> int | None:
    """Serve `GET /metrics` in a thread, if there is a port for it; returns the port.

    A port that is taken is no reason not to work.
    """
    if settings.metrics_port is None:
        return None
    try:
        server = make_server(
            settings.metrics_host, settings.metrics_port, _application(settings), _Server, _Handler
        )
    except OSError as error:
        log.warning("no metrics at port %d: %s", settings.metrics_port, error)
        return None
    threading.Thread(target=server.serve_forever, name="metrics", daemon=True).start()
    log.info("metrics at http://%s:%d/metrics", settings.metrics_host, server.server_port)
    return server.server_port


def _application(settings: Settings) -> Callable[[dict[str, Any], Any], Iterable[bytes]]:
    def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if environ.get("PATH_INFO") != "/metrics":
            status, kind, body = "404 Not Found", "text/plain", b"metrics are at /metrics\n"
        elif not bears_key(environ.get("HTTP_AUTHORIZATION", ""), settings.api_key):
            status, kind, body = "401 Unauthorized", "text/plain", b"send the key as a bearer token\n"
        else:
            status, kind, body = "200 OK", CONTENT_TYPE, text_of()
        start_response(status, [("Content-Type", kind), ("Content-Length", str(len(body)))])
        return [body]

    return application


class _Server(ThreadingMixIn, WSGIServer):
    """A thread a scrape, so that one that hangs keeps no other waiting."""

    daemon_threads = True


class _Handler(WSGIRequestHandler):
    timeout = 10

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """No line for each scrape."""
