"""`bifocal serve`: keep a stack up on this machine."""

import json
import signal
import threading
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer

from bifocal.cli.console import AsJson, Quiet, told
from bifocal.embedded import EmbeddedStack

_CHECK_S = 0.5


def serve(
    data: Annotated[Path, typer.Option(help="Folder for Redis, the store and the logs; kept.")] = Path(
        "bifocal-data"
    ),
    port: Annotated[int, typer.Option(help="Port of the gateway on 127.0.0.1.", min=1, max=65535)] = 8420,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Keep the gateway and the lenses running on a private Redis, on this machine only.

    Accepted jobs survive a restart: they lie in the data folder. With --json a line on standard output says
    where it serves, once it is ready.
    """
    console = told(quiet=quiet or as_json)
    stop = threading.Event()

    def ask_to_stop(_: int, __: FrameType | None) -> None:
        stop.set()

    with EmbeddedStack(folder=data, port=port) as stack:
        signal.signal(signal.SIGTERM, ask_to_stop)
        signal.signal(signal.SIGINT, ask_to_stop)
        with console.status("loading the models …"):
            stack.wait_ready()
        logs = str(stack.folder / "logs")
        if as_json:
            typer.echo(json.dumps({"url": stack.url, "logs": logs}))
        console.print(f"bifocal serves at {stack.url}; logs in {logs}; Ctrl-C ends it", soft_wrap=True)
        while not stop.wait(_CHECK_S):
            stack.check()
    console.print("stopped")
