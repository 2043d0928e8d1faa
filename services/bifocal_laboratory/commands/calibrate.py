"""`bifocal calibrate`: find a model's weights on labelled text or lists, and write them down."""

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
    model: Annotated[
        str | None, typer.Option(help="Transformer; one of the names that are allowed. Not for --lexical.")
    ] = None,
    coreference: Annotated[
        list[Path] | None,
        typer.Option(help="GAP, CoNLL-U with Entity= or CoNLL-2012: a file or a folder; repeat for more."),
    ] = None,
    dependencies: Annotated[
        list[Path] | None, typer.Option(help="CoNLL-U with trees: a file or a folder; repeat for more.")
    ] = None,
    lexical: Annotated[
        list[Path] | None,
        typer.Option(help="Word pairs with their relation: a file, a folder or WordNet's; repeat for more."),
    ] = None,
    text: Annotated[
        list[Path] | None,
        typer.Option(help="With --lexical: text like that to be read, as compare takes it; else Lee's news."),
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
    attribution: Annotated[
        list[str] | None, typer.Option(help="NAME=WHOM of a word list; repeat for more.")
    ] = None,
    released_under: Annotated[
        str, typer.Option(help="Licence of the weights that --lexical makes.")
    ] = "not stated",
    as_json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
) -> None:
    """Fit a head catalogue, and joint probes with a static embedding, on labelled text.

    Writes MODEL.json and MODEL+STATIC.PROFILE.safetensors, and with --lexical STATIC.lexical.safetensors;
    set BIFOCAL_CATALOGUE_FOLDER to the folder to use them. Kinds of relations that do not beat their
    baselines on documents, or words, set aside are left out.
    """
    if lexical:
        if coreference or dependencies:
            raise InvalidOptions("--lexical goes without --coreference and --dependencies")
        from bifocal_laboratory.commands.lexical import ListTerms, calibrate_lists

        terms = ListTerms(
            licences=_pairs("--licence", licence),
            attributions=_pairs("--attribution", attribution),
            released_under=released_under,
        )
        calibrate_lists(
            _there(lexical),
            _there(text or []),
            static_model,
            output,
            terms,
            name=name,
            language=language,
            as_json=as_json,
        )
        return
    if model is None:
        raise InvalidOptions("name a transformer with --model, or word lists with --lexical")
    from bifocal_laboratory.calibration import Labelled
    from bifocal_laboratory.calibration import calibrate as fit
    from bifocal_laboratory.commands.models import Models

    labelled = Labelled(
        coreference=_there(coreference or []),
        dependencies=_there(dependencies or []),
        licences=_pairs("--licence", licence),
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


def _pairs(option: str, texts: list[str] | None) -> dict[str, str]:
    found = {}
    for text in texts or []:
        name, equals, value = text.partition("=")
        if not equals:
            raise InvalidOptions(f"{option} takes NAME=…, not {text!r}")
        found[name] = value
    return found


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
