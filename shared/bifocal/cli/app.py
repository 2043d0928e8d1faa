"""Commands, exit statuses and the one place where errors become messages."""

import os
import signal
import sys
from importlib.metadata import entry_points
from typing import Annotated

import typer

from bifocal import __version__
from bifocal.cli.compare import compare
from bifocal.cli.console import told
from bifocal.cli.doctor import doctor
from bifocal.cli.jobs import cancel, jobs, status
from bifocal.cli.keys import app as keys
from bifocal.cli.list_options import ListOptionsCommand
from bifocal.cli.results import results
from bifocal.cli.serve import serve
from bifocal.cli.status import HELP, Exit
from bifocal.cli.watch import watch
from bifocal.errors import BifocalError, RequestError
from bifocal.process import collect_rarely

#: Entry points that add commands.
COMMANDS = "bifocal.commands"

app = typer.Typer(
    name="bifocal",
    help="Word relations through two lenses: static embeddings and self-attention, compared pair by pair.",
    epilog=HELP,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
for own in (compare, watch, results, status, jobs, cancel, serve, doctor):
    app.command()(own)
app.add_typer(keys)
for found in sorted(entry_points(group=COMMANDS), key=lambda point: point.name):
    # Packages beside this one bring commands of their own, which the shared package does not know.
    command = found.load()
    if isinstance(command, typer.Typer):
        app.add_typer(command)
    else:
        app.command(found.name, cls=ListOptionsCommand)(command)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"bifocal {__version__}")
        raise typer.Exit


@app.callback()
def _common(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and end.")
    ] = False,
) -> None:
    """Options before the command."""


def main() -> None:
    """Run the command line; every error of ours ends in one line and its exit status."""
    # Set before torch or transformers could be imported: neither has business with the network unasked.
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    collect_rarely()
    for ending in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(ending, _end)
    try:
        app()
    except BifocalError as error:
        _complain(error.message)
        sys.exit(Exit.USAGE if isinstance(error, RequestError) else Exit.BROKEN)
    except OSError as error:
        _complain(str(error))
        sys.exit(Exit.BROKEN)
    except KeyboardInterrupt:
        told().print("bifocal: interrupted")
        sys.exit(Exit.INTERRUPTED)


def _end(*_: object) -> None:
    """End by way of every `finally`, so that an embedded stack is stopped and its folder removed."""
    sys.exit(Exit.TERMINATED)


def _complain(message: str) -> None:
    """Messages may quote users' words, which are no markup."""
    from rich.markup import escape

    told().print(f"[red]bifocal:[/red] {escape(message)}", soft_wrap=True)
