"""Where commands speak: what they found on standard output, everything else on standard error.

rich leaves out colours where `NO_COLOR` is set or nobody reads a terminal.
"""

from typing import Annotated

import typer
from rich.console import Console

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON on standard output, and no progress.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but what went wrong.")]


def told(*, quiet: bool = False) -> Console:
    """Standard error, for progress and notes."""
    return Console(stderr=True, quiet=quiet, highlight=False)


def shown(text: str) -> str:
    """Users' words on a terminal: no markup, and nothing that the terminal would obey."""
    from rich.markup import escape

    return escape("".join(c if c.isprintable() else "�" for c in text))
