"""`bifocal evaluate kinds`, `verdicts` and `senses`: the comparison of the lenses itself, measured."""

from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import typer

from bifocal.contracts import Options
from bifocal.errors import InvalidOptions
from bifocal.settings import Precision
from bifocal_laboratory.commands.telling import Tables, say, show

_DEFAULTS = Options()
_AsJson = Annotated[bool, typer.Option("--json", help="Print figures as JSON.")]
_Static = Annotated[str, typer.Option(help="Static embedding.")]
_Contextual = Annotated[str, typer.Option(help="Transformer.")]
_WhichPrecision = Annotated[
    Precision, typer.Option(help="Number format of the transformer; float32 gives the same everywhere.")
]
_Lexical = Annotated[
    list[Path] | None,
    typer.Option(
        help="Lists of related words (word, word, relation): a file or a folder; repeat for more.",
        exists=True,
    ),
]


def kinds(
    folder: Annotated[Path, typer.Argument(help="CoNLL-U with trees and Entity=, as GUM.", exists=True)],
    lexical: _Lexical = None,
    set_aside: Annotated[int, typer.Option(help="Documents to measure on; the others are fitted on.")] = 30,
    reach_words: Annotated[int, typer.Option(help="Words between the ends of a pair at most.", min=1)] = 120,
    static_model: _Static = _DEFAULTS.static_models[0],
    contextual_model: _Contextual = _DEFAULTS.contextual_models[0],
    precision: _WhichPrecision = Precision.FLOAT32,
    as_json: _AsJson = False,
) -> None:
    """What each lens, and both, know of pairs: reference, dependency, lexical relation, or none.

    One classifier for each, fitted on the same documents, measured on the same others.
    """
    from bifocal_laboratory.commands.tables import kinds_table, margins_table
    from bifocal_laboratory.comparison import Benchmark, compare_kinds

    documents = _documents([folder])
    for document in documents:
        if document.heads is None or not document.mentions:
            raise InvalidOptions(
                f"{document.name} has no trees, or no mentions; the pairs of kinds need both"
            )
    if not 0 < set_aside < len(documents) - 1:
        raise InvalidOptions(
            f"--set-aside is {set_aside}, and there are {len(documents)} documents; "
            "one at least is measured on, and two are fitted on"
        )
    benchmark = Benchmark(
        lenses=_lenses(static_model, contextual_model, precision),
        related=_related(lexical or []),
        reach_words=reach_words,
    )
    found = compare_kinds(benchmark, documents, n_set_aside=set_aside, say=say(as_json))
    show(found, [kinds_table, margins_table], as_json=as_json)


def verdicts(
    names: Annotated[Path, typer.Argument(help="A file in GAP's format.", exists=True)],
    labelled: Annotated[
        list[Path] | None,
        typer.Option(help="CoNLL-U or CoNLL-2012 to choose thresholds on; repeat for more.", exists=True),
    ] = None,
    lexical: _Lexical = None,
    most: Annotated[int, typer.Option(help="Documents of each --labelled at most.", min=1)] = 100,
    static_model: _Static = _DEFAULTS.static_models[0],
    contextual_model: _Contextual = _DEFAULTS.contextual_models[0],
    precision: _WhichPrecision = Precision.FLOAT32,
    as_json: _AsJson = False,
) -> None:
    """Whether verdicts find what pronouns refer to, and what each lens marks at each threshold."""
    from bifocal_laboratory.commands.tables import marked_names_table, threshold_tables
    from bifocal_laboratory.comparison import evaluate_names, evaluate_thresholds
    from bifocal_laboratory.corpora import read_gap

    lenses, tell = _lenses(static_model, contextual_model, precision), say(as_json)
    items = list(read_gap(names))
    if not items:
        raise InvalidOptions(f"{names} holds no item")
    found: dict[str, Any] = {"names": evaluate_names(lenses, items, say=tell), "thresholds": None}
    tables: list[Tables] = [lambda one: marked_names_table(one["names"])]
    if labelled:
        documents = [document for path in labelled for document in _some(path, most)]
        related = _related(lexical or [])
        found["thresholds"] = evaluate_thresholds(lenses, documents, related, say=tell)
        tables.append(lambda one: threshold_tables(one["thresholds"]))
    show(found, tables, as_json=as_json)


def senses(
    measured: Annotated[Path, typer.Argument(help="WiC: dev.data.txt, or its folder.", exists=True)],
    fitted: Annotated[
        Path | None, typer.Option(help="Fitted on; train.data.txt beside it by default.", exists=True)
    ] = None,
    static_model: _Static = _DEFAULTS.static_models[0],
    contextual_model: _Contextual = _DEFAULTS.contextual_models[0],
    precision: _WhichPrecision = Precision.FLOAT32,
    as_json: _AsJson = False,
) -> None:
    """Whether a word means the same in two sentences, by a static vector and by hidden ones."""
    from bifocal_laboratory.commands.models import Models
    from bifocal_laboratory.commands.tables import senses_table
    from bifocal_laboratory.corpora import read_word_in_context
    from bifocal_laboratory.senses import evaluate_senses, measure_senses

    file = measured / "dev.data.txt" if measured.is_dir() else measured
    train = fitted or file.with_name("train.data.txt")
    pairs = [read_word_in_context(path) for path in (train, file)]
    models = Models.load(contextual_model, static_model, precision=precision)
    own, other = (measure_senses(models.contextual, models.vectors, one) for one in pairs)
    show(evaluate_senses(own, other), [senses_table], as_json=as_json)


def _lenses(static_model: str, contextual_model: str, precision: Precision) -> Any:
    from bifocal_laboratory.comparison import BothLenses

    options = Options(static_models=(static_model,), contextual_models=(contextual_model,))
    return BothLenses(options, precision=precision)


def _related(paths: list[Path]) -> Any:
    from bifocal_laboratory.comparison import RelatedWords
    from bifocal_laboratory.corpora import lexical_files, read_lexical_relations

    return RelatedWords(
        pair for path in paths for file in lexical_files(path) for pair in read_lexical_relations(file)
    )


def _documents(paths: list[Path]) -> list[Any]:
    from bifocal_laboratory.corpora import document_files, read_documents

    return [document for file in document_files(paths) for document in read_documents(file)]


def _some(path: Path, most: int) -> list[Any]:
    """Documents of a file or folder, of more than `most` some that go by their names alone."""
    from bifocal_laboratory.comparison.split import shuffled

    documents = {document.name: document for document in _documents([path])}
    return [documents[name] for name in islice(shuffled(documents), most)]
