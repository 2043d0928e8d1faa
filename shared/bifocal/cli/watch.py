"""`bifocal watch`: compare the files of a folder as they come."""

import json
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Annotated

import typer

from bifocal.cli.comparison import Comparison, takes_comparison
from bifocal.cli.connection import Connection, connected
from bifocal.cli.console import AsJson, Quiet, shown, told
from bifocal.cli.status import Exit
from bifocal.client import Client
from bifocal.contracts import Job
from bifocal.errors import BifocalError, StackFailed
from bifocal.files import Reader
from bifocal.files.configured import configured_limits
from bifocal.settings import settings
from bifocal.watch import Done, Folders, Memory, Watcher

_LONGEST_PAUSE_S = 60.0


@takes_comparison
def watch(
    folder: Annotated[Path, typer.Argument(help="Folder that files come to, and its subfolders.")],
    comparison: Comparison,
    output: Annotated[
        str, typer.Option("--output", "-o", help="Folder for the reports, one of its own, or its URL.")
    ],
    done: Annotated[
        Path | None, typer.Option(help="Where files go that have their reports; by default FOLDER/done.")
    ] = None,
    failed: Annotated[
        Path | None,
        typer.Option(help="Where files go of which something failed; by default FOLDER/failed."),
    ] = None,
    once: Annotated[bool, typer.Option("--once", help="End when what is there now is done.")] = False,
    interval_s: Annotated[
        float,
        typer.Option("--interval", help="Seconds between looks; a file must be the same at two.", min=0.05),
    ] = 2.0,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Compare files as they come to a folder: each once, whatever dies in between.

    The reports of a file are written to OUTPUT under its name and a hash of its content, all failures to
    failures.jsonl; then the file is moved. Ctrl-C or SIGTERM ends it with status 0, and the next run goes on;
    with --once it ends with the statuses of `bifocal compare`.
    """
    folders = Folders(
        watched=folder,
        output=output,
        done=done or folder / "done",
        failed=failed or folder / "failed",
    )
    n_failed = 0
    complaints: set[str] = set()

    def tell(one: Done) -> None:
        nonlocal n_failed
        n_failed += bool(one.failures)
        if as_json:
            found = {
                "file": one.source.name,
                "report": one.report,
                "failures": [failure.model_dump(mode="json") for failure in one.failures],
            }
            typer.echo(json.dumps(found))
        else:
            _tell(one, quiet=quiet)

    def tell_unreadable(path: Path, error: OSError) -> None:
        nonlocal n_failed
        complaint = f"{shown(str(path))}: {error.strerror or error}; left where it is"
        if complaint not in complaints:
            complaints.add(complaint)
            n_failed += 1
            told().print(complaint, soft_wrap=True)

    with (
        Memory(folders.memory) as memory,
        Reader(configured_limits(settings()), comparison.reading) as reader,
        _Connecting(quiet=quiet or as_json) as connecting,
        _ending(once),
    ):
        watcher = Watcher(
            folders=folders,
            memory=memory,
            options=comparison.options,
            terms=comparison.terms,
            reader=reader,
            client=connecting.client,
            look=connecting.look,
            done=tell,
            unreadable=tell_unreadable,
        )
        if once:
            _once(watcher, interval_s)
        else:
            told(quiet=quiet or as_json).print(
                f"watching {shown(str(folder))}; Ctrl-C ends it", soft_wrap=True
            )
            _on_and_on(watcher, interval_s)
    if once and n_failed:
        raise typer.Exit(Exit.SOME_FAILED)


def _once(watcher: Watcher, interval_s: float) -> None:
    watcher.resume()
    looks = watcher.looks()
    looks.settled()
    time.sleep(interval_s)
    before: list[Path] = []
    # A file may have been given back by a deployment that lost its job; one that cannot be read stays.
    while (settled := looks.settled()) and settled != before:
        watcher.compare(settled)
        before = settled


def _on_and_on(watcher: Watcher, interval_s: float) -> None:
    looks = watcher.looks()
    pause_s = interval_s
    while True:
        try:
            watcher.resume()
            watcher.compare(looks.settled())
            pause_s = interval_s
        except (BifocalError, OSError) as error:
            if isinstance(error, StackFailed) or not getattr(error, "retryable", True):
                raise
            told().print(f"{shown(str(error))}; trying again", soft_wrap=True)
            pause_s = min(pause_s * 2, max(_LONGEST_PAUSE_S, interval_s))
        time.sleep(pause_s)


class _Connecting:
    """Connects when there is something to say: a folder without a new file starts no stack."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet
        self._open = ExitStack()
        self._connection: Connection | None = None

    def __enter__(self) -> "_Connecting":
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def client(self) -> Client:
        if self._connection is None:
            self._connection = self._open.enter_context(connected(quiet=self._quiet))
        return self._connection.client

    def look(self, _: Job) -> None:
        if self._connection is not None:
            self._connection.check()


@contextmanager
def _ending(once: bool) -> Iterator[None]:
    """Where a watcher goes on until it is told to end, being told so is no error."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    if once:
        yield
        return
    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    except KeyboardInterrupt:
        told().print("stopped; the next `bifocal watch` goes on")
    finally:
        signal.signal(signal.SIGTERM, before)


def _tell(one: Done, *, quiet: bool) -> None:
    console = told(quiet=quiet)
    if not one.failures:
        console.print(f"{shown(one.source.name)}: {shown(one.report)}", soft_wrap=True)
        return
    first = one.failures[0].error.message
    console.print(
        f"[red]{shown(one.source.name)}[/red]: {len(one.failures):,} failed, first: {shown(first)}",
        soft_wrap=True,
    )
