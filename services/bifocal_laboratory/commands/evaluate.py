"""`bifocal evaluate`: both lenses and their union held against labelled data."""

import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from bifocal.contracts import Options, Profile, Space
from bifocal.errors import InvalidOptions
from bifocal.settings import Precision
from bifocal_laboratory.commands import chance, comparison

app = typer.Typer(
    name="evaluate",
    help="Hold both lenses, and the two together, against labelled data.",
    no_args_is_help=True,
)

_DEFAULTS = Options()
_Files = Annotated[list[Path], typer.Argument(help="Files, or folders of them.", exists=True)]
_AsJson = Annotated[bool, typer.Option("--json", help="Print figures as JSON.")]
_Static = Annotated[str, typer.Option(help="Static embedding.")]
_Contextual = Annotated[str, typer.Option(help="Transformer.")]
_WhichProfile = Annotated[Profile, typer.Option(help="Heads to read: a dozen, or all.")]
_Catalogue = Annotated[Path | None, typer.Option(help="Head catalogue instead of the model's own.")]
_WhichPrecision = Annotated[Precision, typer.Option(help="Number format of the transformer.")]


@app.command()
def similarity(
    files: Annotated[list[Path], typer.Argument(help="Word pairs with ratings, one a line.", exists=True)],
    static_model: _Static = _DEFAULTS.static_models[0],
    components: Annotated[
        int | None, typer.Option(help="Common directions to remove; by default a hundredth, three at least.")
    ] = None,
    as_json: _AsJson = False,
) -> None:
    """How well cosines order word pairs as people do: Spearman, as trained and without the common part."""
    from bifocal.models import static_models
    from bifocal.settings import settings
    from bifocal_laboratory.corpora import read_word_pairs
    from bifocal_laboratory.similarity import evaluate_similarity
    from bifocal_static.vectors import load_vectors

    vectors = load_vectors(static_models(settings())[static_model])
    found = {}
    for file in files:
        one = evaluate_similarity(vectors, list(read_word_pairs(file)), components=components)
        found[file.name] = {
            "n": one.pairs,
            "left_out": one.left_out,
            "components": one.components,
            "chance": 0.0,
            "nearest": None,
            "static": {
                "spearman": one.processed.value,
                "interval": [one.processed.low, one.processed.high],
                "as_trained": {"spearman": one.raw.value, "interval": [one.raw.low, one.raw.high]},
                "gain": {"spearman": one.gain.value, "interval": [one.gain.low, one.gain.high]},
            },
            # A lens that needs a text has nothing to say of two words alone.
            "contextual": None,
            "both": None,
        }
    result = next(iter(found.values())) if len(found) == 1 else {"files": found}
    if as_json:
        typer.echo(json.dumps(result))
        return
    from bifocal_laboratory.commands.tables import similarity_table

    Console(highlight=False).print(similarity_table(found))


@app.command()
def coreference(
    file: Annotated[Path, typer.Argument(help="A file in GAP's format.", exists=True)],
    profile: _WhichProfile = _DEFAULTS.profile,
    static_model: _Static = _DEFAULTS.static_models[0],
    contextual_model: _Contextual = _DEFAULTS.contextual_models[0],
    catalogue: _Catalogue = None,
    cross_validate: Annotated[
        bool, typer.Option(help="Fit anew on four fifths of the file and measure on the last, five times.")
    ] = False,
    precision: _WhichPrecision = Precision.AUTO,
    as_json: _AsJson = False,
) -> None:
    """Which of two names a pronoun refers to: accuracy and F1 as GAP counts them, by gender."""
    from bifocal_laboratory.commands.models import Models
    from bifocal_laboratory.corpora import read_gap
    from bifocal_laboratory.references import cross_validate_coreference, evaluate_coreference

    models = Models.load(contextual_model, static_model, precision=precision)
    transformer, vectors = models.contextual.transformer, models.vectors
    items = list(read_gap(file))
    if cross_validate:
        found = cross_validate_coreference(transformer, vectors, items, _heads_of(models, profile, catalogue))
    else:
        weights = _references(models.weights(profile, catalogue))
        found = evaluate_coreference(transformer, vectors, items, weights)
    _tell(found, "accuracy", as_json=as_json)


@app.command()
def references(
    files: _Files,
    profile: _WhichProfile = _DEFAULTS.profile,
    static_model: _Static = _DEFAULTS.static_models[0],
    contextual_model: _Contextual = _DEFAULTS.contextual_models[0],
    catalogue: _Catalogue = None,
    precision: _WhichPrecision = Precision.AUTO,
    as_json: _AsJson = False,
) -> None:
    """Whether the antecedent of a mention is found among all mentions before it.

    Files are CoNLL-U with Entity= or CoNLL-2012.
    """
    from bifocal_laboratory.commands.models import Models
    from bifocal_laboratory.references import evaluate_references

    models = Models.load(contextual_model, static_model, precision=precision)
    found = evaluate_references(
        models.contextual.transformer,
        models.vectors,
        _documents(files),
        _references(models.weights(profile, catalogue)),
    )
    _tell(found, "accuracy", as_json=as_json)


@app.command()
def dependencies(
    files: _Files,
    profile: _WhichProfile = _DEFAULTS.profile,
    static_model: _Static = _DEFAULTS.static_models[0],
    contextual_model: _Contextual = _DEFAULTS.contextual_models[0],
    catalogue: _Catalogue = None,
    joint: Annotated[Path | None, typer.Option(help="Joint probe instead of the models' own.")] = None,
    precision: _WhichPrecision = Precision.AUTO,
    as_json: _AsJson = False,
) -> None:
    """Which word each word depends on (CoNLL-U): UAS without punctuation, and by relation."""
    from bifocal_laboratory.commands.models import Models
    from bifocal_laboratory.dependencies import evaluate_dependencies, sentence_blocks

    models = Models.load(contextual_model, static_model, precision=precision)
    weights = models.weights(profile, catalogue)
    if weights.arcs is None:
        raise InvalidOptions("this catalogue was made without trees; calibrate with --dependencies")
    blocks = list(sentence_blocks(_documents(files), models.contextual.transformer, models.vectors))
    found = evaluate_dependencies(blocks, arcs=weights.arcs, joint=models.joint(profile, joint))
    _tell(found, "uas", as_json=as_json)


@app.command()
def lexical(
    files: Annotated[
        list[Path],
        typer.Argument(help="Word pairs with their relation, one a line; a folder is one set.", exists=True),
    ],
    static_model: _Static = _DEFAULTS.static_models[0],
    static_space: Annotated[
        Space, typer.Option(help="Vectors as trained, or without what all of them share.")
    ] = _DEFAULTS.static_space,
    as_json: _AsJson = False,
) -> None:
    """Which lexical relation two words have, from static vectors: random pairs and unseen words set aside."""
    from bifocal_laboratory.commands.lexical import evaluate_lists

    evaluate_lists(files, static_model, static_space, as_json=as_json)


@app.command()
def methods(
    file: Annotated[Path, typer.Argument(help="A file in GAP's format.", exists=True)],
    trees: Annotated[Path | None, typer.Option(help="CoNLL-U to find heads in, too.", exists=True)] = None,
    contextual_model: _Contextual = _DEFAULTS.contextual_models[0],
    most: Annotated[int, typer.Option(help="Items, and sentences, to measure on.", min=1)] = 400,
    precision: _WhichPrecision = Precision.AUTO,
    as_json: _AsJson = False,
) -> None:
    """Every method's quality beside its cost: names chosen, heads found, passes of the bare model."""
    from bifocal_laboratory.commands.models import Models
    from bifocal_laboratory.commands.tables import methods_table
    from bifocal_laboratory.corpora import read_documents, read_gap
    from bifocal_laboratory.methods import compare_methods

    models = Models.load(contextual_model, _DEFAULTS.static_models[0], precision=precision)
    found = compare_methods(
        models.contextual,
        list(read_gap(file))[:most],
        [] if trees is None else list(read_documents(trees)),
        most,
    )
    if as_json:
        typer.echo(json.dumps(found))
    else:
        Console(highlight=False).print(methods_table(found))


app.command()(chance.scales)
app.command()(chance.agreement)
app.command()(comparison.kinds)
app.command()(comparison.verdicts)
app.command()(comparison.senses)


def _heads_of(models: Any, profile: Profile, catalogue: Path | None) -> Any:
    """The heads of a profile, to fit anew."""
    from bifocal_laboratory.references.training import Profile as Heads

    weights = _references(models.weights(profile, catalogue))
    return Heads(name=profile, n_heads=weights.n_heads, heads=weights.heads, row_heads=weights.row_heads)


def _references(weights: Any) -> Any:
    if weights.references is None:
        raise InvalidOptions("this catalogue was made without coreference; calibrate with --coreference")
    return weights.references


def _documents(paths: Iterable[Path]) -> Iterator[Any]:
    from bifocal_laboratory.corpora import document_files, read_documents

    for file in document_files(paths):
        yield from read_documents(file)


def _tell(found: dict[str, Any], figure: str, *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(found))
        return
    from bifocal_laboratory.commands.tables import evaluation_table

    show: Callable[..., None] = Console(highlight=False).print
    show(evaluation_table(found, figure))
