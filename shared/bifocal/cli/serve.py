"""`bifocal serve`: keep a stack up on this machine."""

import signal
import threading
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer
from rich.console import Console

from bifocal.embedded import EmbeddedStack

_CHECK_S = 0.5


def serve(
    data: Annotated[Path, typer.Option(help="Folder for Redis, the store and the logs; kept.")] = Path(
        "bifocal-data"
    ),
    port: Annotated[int, typer.Option(help="Port of the gateway on 127.0.0.1.", min=1, max=65535)] = 8420,
) -> None:
    """Keep the gateway and the lenses running on a private Redis, on this machine only.

    Accepted jobs survive a restart: they lie in the data folder.
    """
    console = Console(stderr=True, highlight=False)
    stop = threading.Event()

    def ask_to_stop(_: int, __: FrameType | None) -> None:
        stop.set()

    with EmbeddedStack(folder=data, port=port) as stack:
        signal.signal(signal.SIGTERM, ask_to_stop)
        signal.signal(signal.SIGINT, ask_to_stop)
        with console.status("loading the models …"):
            stack.wait_ready()
        console.print(
            f"bifocal serves at {stack.url}; logs in {stack.folder / 'logs'}; Ctrl-C ends it", soft_wrap=True
        )
        while not stop.wait(_CHECK_S):
            stack.check()
    console.print("stopped")
