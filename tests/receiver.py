"""A receiver of webhooks on this machine, which keeps what it is sent."""

import queue
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ssl import SSLContext
from threading import Thread


@dataclass(frozen=True, kw_only=True)
class Message:
    """A request as it came."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, kw_only=True)
class Receiver:
    """Answers with each of `answers` in turn, then with 204."""

    port: int
    received: "queue.Queue[Message]" = field(default_factory=queue.Queue)
    answers: list[int] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook?token=secret"

    def message(self) -> Message:
        """The next one; waits for it."""
        return self.received.get(timeout=60)

    def messages(self) -> list[Message]:
        """Those that have come by now."""
        return [self.received.get() for _ in range(self.received.qsize())]


@contextmanager
def receiver(*answers: int, tls: SSLContext | None = None) -> Iterator[Receiver]:
    """A receiver, for a while."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            found.received.put(Message(path=self.path, headers=headers, body=body))
            self.send_response(found.answers.pop(0) if found.answers else 204)
            self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    found = Receiver(port=server.server_address[1], answers=list(answers))
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield found
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
