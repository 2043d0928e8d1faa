"""A TCP proxy that cuts connections in the middle of an answer."""

import socket
import threading
from collections.abc import Iterator, Sequence
from types import TracebackType

_PIECE = 16 * 1024


class CuttingProxy:
    """Passes everything on between clients and a server, but for answers that it cuts.

    Of the requests whose head holds `of`, the first answer is cut after the first of `after_bytes`, the next
    one after the next, and so on; when they are used up, everything passes.
    """

    def __init__(self, server: tuple[str, int], *, after_bytes: Sequence[int], of: bytes = b"") -> None:
        self._server = server
        self._after_bytes = list(after_bytes)
        self._of = of
        self._lock = threading.Lock()
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._open: set[socket.socket] = set()
        self.url = "http://127.0.0.1:{}".format(self._listening.getsockname()[1])
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
            still_open = list(self._open)
        for one in still_open:
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
            left: list[int] = []
            """Bytes of the answer under way that may pass, if it is to be cut."""
            answering = threading.Thread(target=self._answer, args=(client, server, left), daemon=True)
            answering.start()
            for piece in _pieces(client):
                if self._of in piece.partition(b"\r\n")[0]:
                    with self._lock:
                        left[:] = self._after_bytes[:1]
                if not _sent(server, piece):
                    break
            _shut(server)
            answering.join()
            with self._lock:
                self._open -= {client, server}

    def _answer(self, client: socket.socket, server: socket.socket, left: list[int]) -> None:
        for piece in _pieces(server):
            with self._lock:
                passed = piece[: left[0]] if left else piece
                cut = bool(left) and len(piece) > left[0]
                if cut:
                    self.n_cut += 1
                    del self._after_bytes[0]
                elif left:
                    left[0] -= len(piece)
            if not _sent(client, passed) or cut:
                break
        _shut(client)


def _pieces(source: socket.socket) -> Iterator[bytes]:
    try:
        while piece := source.recv(_PIECE):
            yield piece
    except OSError:
        return


def _sent(target: socket.socket, piece: bytes) -> bool:
    try:
        target.sendall(piece)
    except OSError:
        return False
    return True


def _shut(one: socket.socket) -> None:
    try:
        one.shutdown(socket.SHUT_RDWR)
    except OSError:
        return
