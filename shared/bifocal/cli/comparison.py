"""The options of a comparison, which more than one command takes."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import pydantic
import typer

from bifocal.cli.completion import contextual_names, static_names
from bifocal.cli.console import told
from bifocal.contracts import Candidates, Listing, Method, Options, Profile, Scope, Space
from bifocal.errors import InvalidOptions
from bifocal.files import Reading

_DEFAULTS = Options()


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What is to be made of the documents."""

    options: Options
    terms: list[str]
    reading: Reading
    """What is said of the files that the documents are in."""


def takes_comparison(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of a comparison; it has them as one argument, `comparison`."""
    own = inspect.signature(command, eval_str=True).parameters
    shared = inspect.signature(_comparison, eval_str=True).parameters

    def run(**given: Any) -> None:
        chosen = {name: given.pop(name) for name in shared}
        command(**given, comparison=_comparison(**chosen))

    run.__name__, run.__doc__ = command.__name__, command.__doc__
    parameters = [one for name, one in own.items() if name != "comparison"]
    as_typer_sees_it: Any = run
    as_typer_sees_it.__signature__ = inspect.Signature(
        [one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for one in (*parameters, *shared.values())]
    )
    return run


def _comparison(
    text_column: Annotated[
        str | None, typer.Option(help="Column of tables, or field of lines, with the texts.")
    ] = None,
    id_column: Annotated[
        str | None, typer.Option(help="Column or field with the ids; else one called id, or the row.")
    ] = None,
    encoding: Annotated[
        str | None, typer.Option(help="Encoding of texts that are not UTF-8 and do not say theirs.")
    ] = None,
    static_model: Annotated[
        list[str],
        typer.Option(
            help="Static embedding, or TRANSFORMER:embeddings; repeat to compare more than one.",
            autocompletion=static_names,
        ),
    ] = list(_DEFAULTS.static_models),  # noqa: B006  (typer copies it)
    static_space: Annotated[
        Space, typer.Option(help="Static vectors less what all of them share, or as they were trained.")
    ] = _DEFAULTS.static_space,
    contextual_model: Annotated[
        list[str],
        typer.Option(
            help="Transformer, or TRANSFORMER:layer-N; repeat to compare more than one.",
            autocompletion=contextual_names,
        ),
    ] = list(_DEFAULTS.contextual_models),  # noqa: B006
    language: Annotated[
        str, typer.Option(help="Word rules, as an ISO 639 code; xx for none in particular.")
    ] = _DEFAULTS.language,
    candidates: Annotated[
        Candidates, typer.Option(help="What the ends of pairs are; terms goes with --terms.")
    ] = _DEFAULTS.candidates,
    terms: Annotated[
        Path | None, typer.Option(help="File of terms, one a line, of one word or several.", exists=True)
    ] = None,
    scope: Annotated[Scope, typer.Option(help="How far apart the ends of a pair may be.")] = _DEFAULTS.scope,
    static_threshold: Annotated[
        float, typer.Option(help="Percentile from which the static lens marks a pair.")
    ] = _DEFAULTS.static_threshold,
    contextual_threshold: Annotated[
        float, typer.Option(help="Percentile from which the contextual lens marks a pair.")
    ] = _DEFAULTS.contextual_threshold,
    lexical_threshold: Annotated[
        float, typer.Option(help="Probability from which a lexical kind is told.")
    ] = _DEFAULTS.lexical_threshold,
    method: Annotated[
        Method, typer.Option(help="How attention heads become one weight; auto takes the best there is.")
    ] = _DEFAULTS.method,
    profile: Annotated[
        Profile, typer.Option(help="Heads that kinds of relations are read from: a dozen, or all.")
    ] = _DEFAULTS.profile,
    heads_named: Annotated[
        int, typer.Option(help="Attention heads to name for each pair that has a kind.")
    ] = _DEFAULTS.heads_named,
    audited_pairs: Annotated[
        int,
        typer.Option(help="Strongest pairs of a document for which to measure the loss without each other."),
    ] = _DEFAULTS.audited_pairs,
    window_tokens: Annotated[
        int | None, typer.Option(help="Pieces in a window; by default what the model takes.")
    ] = None,
    window_overlap: Annotated[
        float, typer.Option(help="Share of a window that the next one reads again.")
    ] = _DEFAULTS.window_overlap,
    listing: Annotated[
        Listing, typer.Option("--list", help="Pairs a report lists: those a lens marks, or all.")
    ] = _DEFAULTS.listing,
    most_relations: Annotated[
        int, typer.Option(help="Most relations a report lists; of more, the strongest.")
    ] = _DEFAULTS.most_relations,
    neighbours: Annotated[
        int, typer.Option(help="Nearest vocabulary words to report for each word.")
    ] = _DEFAULTS.neighbours,
    permutations: Annotated[
        int, typer.Option(help="Shuffles of a document's words, for the agreement by chance.")
    ] = _DEFAULTS.permutations,
) -> Comparison:
    if terms is not None and candidates not in {_DEFAULTS.candidates, Candidates.TERMS}:
        raise InvalidOptions(f"--terms: a list of terms does not go with --candidates {candidates}")
    options = _options(
        static_models=static_model,
        static_space=static_space,
        contextual_models=contextual_model,
        language=language,
        candidates=Candidates.TERMS if terms else candidates,
        scope=scope,
        static_threshold=static_threshold,
        contextual_threshold=contextual_threshold,
        lexical_threshold=lexical_threshold,
        method=method,
        profile=profile,
        heads_named=heads_named,
        audited_pairs=audited_pairs,
        window_tokens=window_tokens,
        window_overlap=window_overlap,
        listing=listing,
        most_relations=most_relations,
        neighbours=neighbours,
        permutations=permutations,
    )
    packaged = {*_DEFAULTS.static_models, *_DEFAULTS.contextual_models}
    if language != _DEFAULTS.language and packaged & {*static_model, *contextual_model}:
        told().print(
            f"note: the packaged models were trained on English; their figures mean little for {language!r}"
        )
    reading = Reading(text_column=text_column, id_column=id_column, encoding=encoding)
    return Comparison(options=options, terms=_terms(terms), reading=reading)


#: Options that the command line calls otherwise.
_OPTION_NAMES = {
    "static_models": "static-model",
    "contextual_models": "contextual-model",
    "listing": "list",
}


def _options(**chosen: object) -> Options:
    try:
        return Options.model_validate(chosen)
    except pydantic.ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = str(first["loc"][0])
        name = _OPTION_NAMES.get(field, field.replace("_", "-"))
        raise InvalidOptions(f"--{name}: {first['msg']}, not {first['input']!r}") from error


def _terms(path: Path | None) -> list[str]:
    """Terms of a file, blank lines left out."""
    if path is None:
        return []
    try:
        return [line.strip() for line in path.read_text("utf-8-sig").splitlines() if line.strip()]
    except UnicodeDecodeError:
        raise InvalidOptions(f"--terms: {path} is not UTF-8") from None
