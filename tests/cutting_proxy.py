"""A TCP proxy that cuts connections in the middle of a request or an answer."""

import socket
import threading
from collections.abc import Iterator, Sequence
from types import TracebackType

_METHODS = (b"GET ", b"POST ", b"DELETE ")
_PIECE = 16 * 1024


class CuttingProxy:
    """Passes everything on between clients and a server, but for what it cuts.

    Of the requests whose first line holds `of`, the first is cut after as many bytes as `requests` says
    first, the next one after as many as it says next; in the same way `answers` cuts what is answered to
    them. When the numbers are used up, everything passes.
    """

    def __init__(
        self, server: tuple[str, int], *, of: bytes, requests: Sequence[int] = (), answers: Sequence[int] = ()
    ) -> None:
        self._server = server
        self._of = of
        self._requests, self._answers = list(requests), list(answers)
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        self.n_cut = 0

    def __enter__(self) -> "CuttingProxy":
        threading.Thread(target=self._listen, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _shut(self._listening)
        self._listening.close()
        with self._lock:
            for one in self._open:
                _shut(one)

    def _listen(self) -> None:
        while True:
            try:
                client, _ = self._listening.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client, socket.create_connection(self._server) as server:
            with self._lock:
                self._open |= {client, server}
            request, answer = _Cut(self._requests), _Cut(self._answers)
            answering = threading.Thread(target=self._pass, args=(server, client, answer), daemon=True)
            answering.start()
            for piece in _pieces(client):
                if piece.startswith(_METHODS):
                    asked_for = self._of in piece.partition(b"\r\n")[0]
                    request.begin(asked_for)
                    answer.begin(asked_for)
                if not self._passed(piece, server, request):
                    break
            for one in (server, client):
                _shut(one)
            answering.join()
            with self._lock:
                self._open -= {client, server}

    def _pass(self, source: socket.socket, target: socket.socket, cut: "_Cut") -> None:
        for piece in _pieces(source):
            if not self._passed(piece, target, cut):
                break
        _shut(target)

    def _passed(self, piece: bytes, target: socket.socket, cut: "_Cut") -> bool:
        """Hand on a piece, or as much of it as may pass; whether that was all, and it arrived."""
        with self._lock:
            passed = cut.allowed(piece)
            self.n_cut += len(passed) < len(piece)
        try:
            target.sendall(passed)
        except OSError:
            return False
        return len(passed) == len(piece)


class _Cut:
    """How much of the request or answer under way may pass."""

    def __init__(self, after_bytes: list[int]) -> None:
        self._after_bytes = after_bytes
        self._left: int | None = None

    def begin(self, asked_for: bool) -> None:
        self._left = self._after_bytes[0] if asked_for and self._after_bytes else None

    def allowed(self, piece: bytes) -> bytes:
        if self._left is None:
            return piece
        passed = piece[: self._left]
        self._left -= len(passed)
        if len(passed) < len(piece):
            del self._after_bytes[0]
        return passed


def _pieces(source: socket.socket) -> Iterator[bytes]:
    try:
        while piece := source.recv(_PIECE):
            yield piece
    except OSError:
        return


def _shut(one: socket.socket) -> None:
    try:
        one.shutdown(socket.SHUT_RDWR)
    except OSError:
        return
