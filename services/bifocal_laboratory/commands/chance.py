"""`bifocal evaluate scales` and `agreement`: whether what reports call chance is chance."""

from itertools import islice
from pathlib import Path
from typing import Annotated

import typer

from bifocal.contracts import Method, Options
from bifocal.settings import Precision
from bifocal_laboratory.commands.telling import say, show

_DEFAULTS = Options()
_AsJson = Annotated[bool, typer.Option("--json", help="Print figures as JSON.")]
_Static = Annotated[str, typer.Option(help="Static embedding.")]
_Contextual = Annotated[str, typer.Option(help="Transformer.")]
_WhichPrecision = Annotated[Precision, typer.Option(help="Number format of the transformer.")]
_Texts = Annotated[
    list[Path],
    typer.Argument(help=".txt and .md files, lines of .jsonl and .cor files, or folders.", exists=True),
]


def scales(
    files: _Texts,
    static_model: _Static = _DEFAULTS.static_models[0],
    contextual_model: _Contextual = _DEFAULTS.contextual_models[0],
    method: Annotated[Method, typer.Option(help="How heads become one weight.")] = _DEFAULTS.method,
    precision: _WhichPrecision = Precision.AUTO,
    as_json: _AsJson = False,
) -> None:
    """Whether both lenses' percentiles are shares of random pairs in plain texts, by their length."""
    from bifocal_contextual.views import View
    from bifocal_laboratory.commands.models import Models
    from bifocal_laboratory.commands.tables import scales_table
    from bifocal_laboratory.scales import evaluate_scales, read_texts

    texts = read_texts(files)
    models = Models.load(contextual_model, static_model, precision=precision)
    view = View.of(contextual_model, models.contextual, method)
    show(evaluate_scales(view, models.vectors, texts), [scales_table], as_json=as_json)


def agreement(
    files: _Texts,
    most: Annotated[int | None, typer.Option(help="Texts at most.", min=1)] = None,
    permutations: Annotated[
        int, typer.Option(help="Shuffles for the null.", min=39)
    ] = _DEFAULTS.permutations,
    static_model: _Static = _DEFAULTS.static_models[0],
    contextual_model: _Contextual = _DEFAULTS.contextual_models[0],
    precision: _WhichPrecision = Precision.AUTO,
    as_json: _AsJson = False,
) -> None:
    """How often texts agree beyond chance: as they are, with shuffled words, and with these read anew."""
    from bifocal_laboratory.agreement import evaluate_agreement
    from bifocal_laboratory.commands.tables import agreement_table
    from bifocal_laboratory.comparison import BothLenses
    from bifocal_laboratory.scales import read_texts

    options = Options(
        static_models=(static_model,), contextual_models=(contextual_model,), permutations=permutations
    )
    texts = list(islice(read_texts(files), most))
    found = evaluate_agreement(BothLenses(options, precision=precision), texts, say=say(as_json))
    show(found, [agreement_table], as_json=as_json)
