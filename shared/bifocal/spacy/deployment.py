"""The gateway that a component talks to."""

import atexit
import os
import threading
import weakref

from bifocal.client import Client
from bifocal.embedded import EmbeddedStack
from bifocal.settings import settings

_starting = threading.Lock()
_embedded: EmbeddedStack | None = None


class Deployment:
    """A gateway by its address, else the one at `BIFOCAL_URL`, else a stack of this process.

    Nothing is connected, and no stack started, before the first use.
    """

    def __init__(self, url: str | None, api_key: str | None) -> None:
        self._url = url
        self._api_key = api_key
        self._connected: tuple[int, Client] | None = None

    def client(self) -> Client:
        """A client, the same one each time in a process; a forked process must not share its connections.

        Raises:
            MissingExtra, StackFailed: no stack could be started.
        """
        process = os.getpid()
        if self._connected is None or self._connected[0] != process:
            client = Client(self._url or settings().url or embedded().url, api_key=self._api_key)
            weakref.finalize(self, client.close)
            self._connected = process, client
        return self._connected[1]


def embedded() -> EmbeddedStack:
    """The stack of this process, started if there is none yet; it ends with the process."""
    global _embedded
    with _starting:
        if _embedded is None:
            _embedded = EmbeddedStack().__enter__()
            atexit.register(_close, _embedded, os.getpid())
        return _embedded


def _close(stack: EmbeddedStack, process: int) -> None:
    # A process that was forked since uses the stack, and does not own it.
    if os.getpid() == process:
        stack.close()
