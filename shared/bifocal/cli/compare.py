"""`bifocal compare`: texts in, a folder of comparative reports out."""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Annotated

import pydantic
import typer
from rich.console import Console

from bifocal.cli.progress import progress_bar
from bifocal.cli.status import Exit
from bifocal.cli.totals import print_totals, totals_as_json
from bifocal.client import Client
from bifocal.contracts import (
    BatchReport,
    Candidates,
    Failure,
    Job,
    Listing,
    Method,
    Options,
    Profile,
    Report,
    Scope,
    Space,
)
from bifocal.embedded import EmbeddedStack
from bifocal.errors import BifocalError, InvalidOptions
from bifocal.files import Reading
from bifocal.inputs import Inputs, read_inputs
from bifocal.output.folder import Job as FolderJob
from bifocal.output.folder import check_inputs, write_folder
from bifocal.output.tables import TableFormat
from bifocal.settings import settings

_DEFAULTS = Options()


def compare(
    paths: Annotated[
        list[str],
        typer.Argument(
            help="Files (.txt .md .html .pdf .docx .odt .epub .csv .jsonl .parquet, or .gz or .zip of them), "
            "folders, or - for standard input."
        ),
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for the reports.")] = Path(
        "bifocal-reports"
    ),
    text_column: Annotated[
        str | None,
        typer.Option(help="Column of tables, or field of lines, with the texts."),
    ] = None,
    id_column: Annotated[
        str | None, typer.Option(help="Column or field with the ids; else one called id, or the row.")
    ] = None,
    encoding: Annotated[
        str | None, typer.Option(help="Encoding of texts that are not UTF-8 and do not say theirs.")
    ] = None,
    static_model: Annotated[
        list[str],
        typer.Option(help="Static embedding, or TRANSFORMER:embeddings; repeat to compare more than one."),
    ] = list(_DEFAULTS.static_models),  # noqa: B006  (typer copies it)
    static_space: Annotated[
        Space, typer.Option(help="Static vectors less what all of them share, or as they were trained.")
    ] = _DEFAULTS.static_space,
    contextual_model: Annotated[
        list[str], typer.Option(help="Transformer, or TRANSFORMER:layer-N; repeat to compare more than one.")
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
    table_format: Annotated[
        list[TableFormat], typer.Option(help="Format of the tables; repeat for more than one.")
    ] = [TableFormat.PARQUET],  # noqa: B006
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the totals as JSON; no progress bar.")
    ] = False,
) -> None:
    """Compare the word relations of texts under both lenses.

    Writes reports.jsonl, failures.jsonl, batch.json, the tables relations, documents and pairs, graphs/
    and index.html. Ends with status 0 if every document has its report, 3 if some failed, 2 on wrong usage,
    1 if bifocal itself failed.
    """
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
        Console(stderr=True, highlight=False).print(
            f"note: the packaged models were trained on English; their figures mean little for {language!r}"
        )
    check_inputs(output, paths)
    reading = Reading(text_column=text_column, id_column=id_column, encoding=encoding)
    inputs = read_inputs(paths, leave_out=output, reading=reading)
    totals = write_folder(
        output,
        _results(inputs, options, _terms(terms), quiet=as_json),
        FolderJob(
            options=options,
            texts={document.id: document.text for document in reversed(inputs.documents)},
            places=inputs.places,
            formats=table_format,
        ),
    )
    if as_json:
        typer.echo(json.dumps(totals_as_json(totals, output, table_format)))
    else:
        print_totals(totals, output)
    if totals.failed:
        raise typer.Exit(Exit.SOME_FAILED)


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


def _results(
    inputs: Inputs, options: Options, terms: list[str], *, quiet: bool
) -> Iterator[Report | Failure | BatchReport]:
    """Failures of reading first, then what the gateway makes of the documents, and last of all of them."""
    yield from inputs.failures
    if not inputs.documents:
        return
    with _client(quiet) as (client, check):
        job = client.submit(inputs.documents, options, terms)
        Console(stderr=True, quiet=quiet, highlight=False).print(f"job {job.id} accepted")
        with progress_bar(len(inputs.documents), quiet) as show:

            def look(job: Job) -> None:
                check()
                show(job)

            yield from client.follow(job.id, progress=look)
        try:
            yield client.summary(job.id)
        except BifocalError as error:
            # The reports are there, and worth keeping.
            Console(stderr=True).print(f"there is no batch report: {error.message}", markup=False)


@contextmanager
def _client(quiet: bool) -> Iterator[tuple[Client, Callable[[], None]]]:
    """A client of the deployment at `BIFOCAL_URL`, or of a stack started for this command.

    The second is to be called now and then: it raises when the stack has lost a process.
    """
    if settings().url is not None:
        with Client() as client:
            yield client, lambda: None
        return
    with ExitStack() as running:
        with Console(stderr=True, quiet=quiet).status("starting Redis, the gateway and the lenses …"):
            stack = running.enter_context(EmbeddedStack())
        yield running.enter_context(stack.client()), stack.check
