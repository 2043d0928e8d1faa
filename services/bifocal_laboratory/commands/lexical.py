"""Word lists behind `bifocal evaluate lexical` and `bifocal calibrate --lexical`."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import typer
from rich.console import Console

from bifocal.contracts import Options, Space
from bifocal.errors import InvalidOptions
from bifocal.inputs import read_inputs
from bifocal.text import Segmenter
from bifocal_gateway.merge.lexical_record import LexicalSet
from bifocal_gateway.merge.probes import LEXICAL_SUFFIX
from bifocal_laboratory.calibration import hash_of
from bifocal_laboratory.commands.models import load_static
from bifocal_laboratory.commands.tables import lexical_kinds_table, lexical_probe_table, lexical_table
from bifocal_laboratory.corpora import LexicalPair, read_lexical_relations, read_wordnet
from bifocal_laboratory.corpora.lexical_relations import lexical_files
from bifocal_laboratory.corpora.wordnet import is_wordnet, wordnet_files
from bifocal_laboratory.lexical import LexicalList, RunningText, evaluate_lexical, figures_of, fit_lexical
from bifocal_static.vectors import Vectors

#: Words of a WordNet that count: the most frequent of the vectors' vocabulary.
WORDNET_WORDS = 40_000

_NOT_STATED = "not stated"


@dataclass(frozen=True, slots=True, kw_only=True)
class ListTerms:
    """Under which terms lists may be used, by their names, and the weights made from them."""

    licences: dict[str, str] = field(default_factory=dict)
    attributions: dict[str, str] = field(default_factory=dict)
    released_under: str = _NOT_STATED


def evaluate_lists(places: Sequence[Path], static_model: str, space: Space, *, as_json: bool) -> None:
    """Print each set's figures, with vectors in a space.

    Raises:
        UnreadableCorpus: a file cannot be read.
        InvalidOptions: a set has too few pairs with vectors.
    """
    vectors = load_static(static_model, space)
    found = {}
    distinct = len({place.name for place in places}) == len(places)
    for place in places:
        try:
            found[place.name if distinct else str(place)] = evaluate_lexical(vectors, LexicalList.read(place))
        except ValueError as error:
            raise InvalidOptions(f"{place}: {error}") from error
    if as_json:
        typer.echo(json.dumps(next(iter(found.values())) if len(found) == 1 else {"sets": found}))
        return
    console = Console(highlight=False)
    console.print(lexical_table(found))
    console.print(lexical_kinds_table(found))


def calibrate_lists(
    places: Sequence[Path],
    texts: Sequence[Path],
    static_model: str,
    output: Path,
    terms: ListTerms,
    *,
    name: str | None,
    language: str,
    as_json: bool,
) -> None:
    """Fit a lexical probe, write it to the folder and print its figures.

    Raises:
        UnreadableCorpus: a list cannot be read.
        InvalidOptions: a text cannot be read, or there is too little to fit or calibrate on.
    """
    console = Console(stderr=True, quiet=as_json, highlight=False)
    vectors = load_static(static_model)
    pairs: list[LexicalPair] = []
    sets = []
    for place in places:
        own, files = _read(place, vectors)
        pairs += own
        licence, whose = (
            table.get(place.name, _NOT_STATED) for table in (terms.licences, terms.attributions)
        )
        sets.append(
            LexicalSet(
                name=place.name, licence=licence, attribution=whose, pairs=len(own), hash=hash_of(files)
            )
        )
    try:
        probe = fit_lexical(
            vectors,
            pairs,
            _running_text(texts, language, terms),
            name=name or f"{static_model}/1",
            sets=sets,
            licence=terms.released_under,
            static_threshold=Options().static_threshold,
            say=lambda step: console.print(f"{step} …"),
        )
    except ValueError as error:
        raise InvalidOptions(f"a lexical probe cannot be fitted: {error}") from error
    output.mkdir(parents=True, exist_ok=True)
    probe.save(output / f"{static_model}{LEXICAL_SUFFIX}")
    if as_json:
        typer.echo(json.dumps(figures_of(probe)))
    else:
        Console(highlight=False).print(lexical_probe_table(probe))


def _read(place: Path, vectors: Vectors) -> tuple[list[LexicalPair], list[Path]]:
    """Pairs of a list, and the files that they are from."""
    if is_wordnet(place):
        words = frozenset(vectors.keyed.index_to_key[:WORDNET_WORDS])
        return read_wordnet(place, words), wordnet_files(place)
    files = lexical_files(place)
    return [pair for file in files for pair in read_lexical_relations(file)], files


def _running_text(paths: Sequence[Path], language: str, terms: ListTerms) -> RunningText:
    segmenter = Segmenter(language)
    documents = []
    for text in _texts(paths) if paths else _lee():
        words = segmenter.segment(text)
        spans = zip(words.starts.tolist(), words.ends.tolist(), strict=True)
        documents.append([text[start:end] for start, end in spans])
    name = ", ".join(path.name for path in paths) if paths else "Lee's news documents, which gensim carries"
    licences = {terms.licences.get(path.name, _NOT_STATED) for path in paths} or {_NOT_STATED}
    return RunningText(name=name, licence=", ".join(sorted(licences)), documents=documents)


def _texts(paths: Sequence[Path]) -> list[str]:
    inputs = read_inputs([str(path) for path in paths])
    if inputs.failures:
        failure = inputs.failures[0]
        raise InvalidOptions(f"{failure.source or failure.id}: {failure.error.message}")
    return [document.text for document in inputs.documents]


def _lee() -> list[str]:
    """Three hundred news documents (Lee et al. 2005), a line each."""
    from gensim.test.utils import datapath

    return Path(datapath("lee_background.cor")).read_text("utf-8").splitlines()
