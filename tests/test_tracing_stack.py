"""Spans of a whole stack, as a collector gets them over OTLP."""

import threading
from collections.abc import Iterator
from gzip import decompress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from bifocal import EmbeddedStack
from chaos.until import until

pytestmark = pytest.mark.stack

TRACE = "0af7651916cd43dd8448eb211c80319c"


class Collector(ThreadingHTTPServer):
    """Keeps which service made which span, of one trace."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Receiver)
        self.spans: set[tuple[str, str]] = set()

    def take(self, request: ExportTraceServiceRequest) -> None:
        for resource in request.resource_spans:
            names = {one.key: one.value.string_value for one in resource.resource.attributes}
            for span in (span for scope in resource.scope_spans for span in scope.spans):
                if span.trace_id.hex() == TRACE:
                    self.spans.add((names["service.name"], span.name))


class Receiver(BaseHTTPRequestHandler):
    server: Collector

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("Content-Encoding") == "gzip":
            body = decompress(body)
        self.server.take(ExportTraceServiceRequest.FromString(body))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Nothing."""


@pytest.fixture
def collector() -> Iterator[Collector]:
    with Collector() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_the_processes_of_a_stack_send_their_spans_of_one_trace(collector: Collector) -> None:
    environment = {
        "BIFOCAL_OTEL": "true",
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{collector.server_port}",
        "OTEL_BSP_SCHEDULE_DELAY": "100",
    }
    wanted = {
        ("bifocal-gateway", "POST /v1/jobs"), ("bifocal-gateway", "publish static"),
        ("bifocal-static", "static"), ("bifocal-contextual", "contextual"), ("bifocal-merge", "merge"),
    }  # fmt: skip
    with EmbeddedStack(env=environment) as stack, stack.client() as client:
        stack.wait_ready()
        answer = httpx.post(
            f"{stack.url}/v1/jobs",
            json={"documents": [{"id": "a", "text": "One or two words."}]},
            headers={"traceparent": f"00-{TRACE}-b7ad6b7169203331-01"},
        )
        client.wait(answer.json()["id"])
        until("every span has come", lambda: wanted <= collector.spans)
