"""`bifocal calibrate`: find a model's heads and weights on labelled text, and write them down."""

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from bifocal.contracts import Options
from bifocal.errors import InvalidOptions
from bifocal.settings import Precision

_DEFAULTS = Options()


def calibrate(
    model: Annotated[str, typer.Option(help="Transformer; one of the names that are allowed.")],
    coreference: Annotated[
        list[Path] | None,
        typer.Option(help="GAP, CoNLL-U with Entity= or CoNLL-2012: a file or a folder; repeat for more."),
    ] = None,
    dependencies: Annotated[
        list[Path] | None, typer.Option(help="CoNLL-U with trees: a file or a folder; repeat for more.")
    ] = None,
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for the files.")] = Path(
        "bifocal-catalogues"
    ),
    static_model: Annotated[str, typer.Option(help="Static embedding for the joint probe.")] = (
        _DEFAULTS.static_models[0]
    ),
    language: Annotated[str, typer.Option(help="Language of the labelled text.")] = _DEFAULTS.language,
    name: Annotated[str | None, typer.Option(help="What reports call the catalogue; else MODEL/1.")] = None,
    heads: Annotated[
        str | None, typer.Option(help="Heads of the fast profile, as 4-9 3-5 … (layer-head from 1).")
    ] = None,
    licence: Annotated[
        list[str] | None, typer.Option(help="NAME=LICENCE of a file or folder; repeat for more.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
) -> None:
    """Fit a head catalogue, and joint probes with a static embedding, on labelled text.

    Writes MODEL.json and MODEL+STATIC.PROFILE.safetensors; set BIFOCAL_CATALOGUE_FOLDER to the folder to
    use them. Kinds of relations that do not beat their baselines on documents set aside are left out.
    """
    from bifocal_laboratory.calibration import Labelled
    from bifocal_laboratory.calibration import calibrate as fit
    from bifocal_laboratory.commands.models import Models

    labelled = Labelled(
        coreference=_there(coreference or []),
        dependencies=_there(dependencies or []),
        licences=dict(_pair(one) for one in licence or []),
    )
    if not labelled.coreference and not labelled.dependencies:
        raise InvalidOptions("name at least one file with --coreference or --dependencies")
    models = Models.load(model, static_model, precision=Precision.FLOAT32)
    console = Console(stderr=True, quiet=as_json, highlight=False)
    fitted = fit(
        models.contextual,
        models.vectors,
        labelled,
        name=name or f"{model}/1",
        language=language,
        heads=None if heads is None else _heads(heads, models.contextual.transformer.n_heads),
        say=lambda step: console.print(f"{step} …"),
    )
    output.mkdir(parents=True, exist_ok=True)
    (output / f"{model}.json").write_text(fitted.catalogue.readable())
    for profile, joint in fitted.joints.items():
        joint.save(output / f"{model}+{static_model}.{profile}.safetensors")
    if as_json:
        typer.echo(json.dumps(fitted.figures))
    else:
        from bifocal_laboratory.commands.tables import catalogue_table

        Console(highlight=False).print(catalogue_table(fitted.catalogue))


def _there(paths: list[Path]) -> list[Path]:
    for path in paths:
        if not path.exists():
            raise InvalidOptions(f"{path} is not there")
    return paths


def _pair(text: str) -> tuple[str, str]:
    name, equals, licence = text.partition("=")
    if not equals:
        raise InvalidOptions(f"--licence takes NAME=LICENCE, not {text!r}")
    return name, licence


def _heads(text: str, n_heads: tuple[int, ...]) -> list[int]:
    found = []
    for one in text.replace(",", " ").split():
        layer, dash, head = one.partition("-")
        if not (dash and layer.isdigit() and head.isdigit()):
            raise InvalidOptions(f"--heads takes layer-head from 1, as 4-9, not {one!r}")
        if not (1 <= int(layer) <= len(n_heads) and 1 <= int(head) <= n_heads[int(layer) - 1]):
            raise InvalidOptions(f"there is no head {one} in this model")
        found.append(sum(n_heads[: int(layer) - 1]) + int(head) - 1)
    return found
