"""How commands tell what they do and what they found."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import typer
from rich.console import Console
from rich.table import Table

from bifocal_laboratory.progress import Say

#: Makes tables of figures.
Tables = Callable[[Mapping[str, Any]], Table | list[Table]]


def say(as_json: bool) -> Say:
    """Tells steps on standard error, or nothing where a script reads."""
    console = Console(stderr=True, quiet=as_json, highlight=False)
    return lambda step: console.print(f"{step} …")


def show(found: dict[str, Any], tables: Sequence[Tables], *, as_json: bool) -> None:
    """Figures as JSON, or as tables."""
    if as_json:
        typer.echo(json.dumps(found))
        return
    console = Console(highlight=False)
    for make in tables:
        made = make(found)
        for table in made if isinstance(made, list) else [made]:
            console.print(table)
