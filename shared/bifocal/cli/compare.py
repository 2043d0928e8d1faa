"""`bifocal compare`: texts in, a folder of comparative reports out."""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Annotated

import pydantic
import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Table
from rich.text import Text

from bifocal.cli.status import Exit
from bifocal.client import Client
from bifocal.contracts import (
    BatchReport,
    Failure,
    Job,
    Listing,
    Method,
    Options,
    Profile,
    Report,
    Space,
    Verdict,
)
from bifocal.embedded import EmbeddedStack
from bifocal.errors import InvalidOptions
from bifocal.inputs import Inputs, read_inputs
from bifocal.output.folder import (
    BATCH,
    FAILURES,
    PAGE,
    RELATIONS,
    REPORTS,
    Totals,
    check_inputs,
    write_folder,
)
from bifocal.output.graph import GRAPHS
from bifocal.settings import settings

_DEFAULTS = Options()


def compare(
    paths: Annotated[
        list[str], typer.Argument(help="Files (.txt .md .jsonl), folders, or - for standard input.")
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for the reports.")] = Path(
        "bifocal-reports"
    ),
    static_model: Annotated[str, typer.Option(help="Static embedding.")] = _DEFAULTS.static_model,
    static_space: Annotated[
        Space, typer.Option(help="Static vectors less what all of them share, or as they were trained.")
    ] = _DEFAULTS.static_space,
    contextual_model: Annotated[str, typer.Option(help="Transformer.")] = _DEFAULTS.contextual_model,
    language: Annotated[
        str, typer.Option(help="Word rules, as an ISO 639 code; xx for none in particular.")
    ] = _DEFAULTS.language,
    static_threshold: Annotated[
        float, typer.Option(help="Percentile from which the static lens marks a pair.")
    ] = _DEFAULTS.static_threshold,
    contextual_threshold: Annotated[
        float, typer.Option(help="Percentile from which the contextual lens marks a pair.")
    ] = _DEFAULTS.contextual_threshold,
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
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the totals as JSON; no progress bar.")
    ] = False,
) -> None:
    """Compare the word relations of texts under both lenses.

    Writes reports.jsonl, relations.parquet, failures.jsonl, index.html, batch.json and graphs/. Ends with
    status 0 if every document has its report, 3 if some failed, 2 on wrong usage, 1 if bifocal itself failed.
    """
    options = _options(
        static_model=static_model,
        static_space=static_space,
        contextual_model=contextual_model,
        language=language,
        static_threshold=static_threshold,
        contextual_threshold=contextual_threshold,
        method=method,
        profile=profile,
        heads_named=heads_named,
        audited_pairs=audited_pairs,
        window_tokens=window_tokens,
        window_overlap=window_overlap,
        listing=listing,
        most_relations=most_relations,
        neighbours=neighbours,
    )
    check_inputs(output, paths)
    inputs = read_inputs(paths, leave_out=output)
    totals = write_folder(
        output,
        _results(inputs, options, quiet=as_json),
        texts={document.id: document.text for document in reversed(inputs.documents)},
        places=inputs.places,
    )
    if as_json:
        typer.echo(json.dumps(_as_json(totals, output)))
    else:
        _print_totals(totals, output)
    if totals.failed:
        raise typer.Exit(Exit.SOME_FAILED)


def _options(**chosen: object) -> Options:
    try:
        return Options.model_validate(chosen)
    except pydantic.ValidationError as error:
        first = error.errors(include_url=False)[0]
        name = str(first["loc"][0]).replace("_", "-")
        raise InvalidOptions(f"--{name}: {first['msg']}, not {first['input']!r}") from error


def _results(inputs: Inputs, options: Options, *, quiet: bool) -> Iterator[Report | Failure | BatchReport]:
    """Failures of reading first, then what the gateway makes of the documents, and last of all of them."""
    yield from inputs.failures
    if not inputs.documents:
        return
    with _client(quiet) as (client, check):
        job = client.submit(inputs.documents, options)
        Console(stderr=True, quiet=quiet, highlight=False).print(f"job {job.id} accepted")
        with _progress(len(inputs.documents), quiet) as progress:

            def look(job: Job) -> None:
                check()
                progress(job)

            yield from client.follow(job.id, on_progress=look)
            yield client.summary(job.id)


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


@contextmanager
def _progress(total: int, quiet: bool) -> Iterator[Callable[[Job], None]]:
    """A bar on standard error, with documents per second."""
    bar = Progress(
        TextColumn("comparing"), BarColumn(), MofNCompleteColumn(), _Rate(), TimeElapsedColumn(),
        console=Console(stderr=True), disable=quiet,
    )  # fmt: skip
    with bar:
        task = bar.add_task("comparing", total=total)
        yield lambda job: bar.update(task, completed=job.counts.done)


class _Rate(ProgressColumn):
    """Documents per second since the first."""

    def render(self, task: Task) -> Text:
        elapsed_s = task.finished_time or task.elapsed
        rate = task.completed / elapsed_s if elapsed_s else 0.0
        return Text(f"{rate:.1f} documents/s")


def _as_json(totals: Totals, output: Path) -> dict[str, object]:
    files = {
        "reports": REPORTS,
        "relations": RELATIONS,
        "failures": FAILURES,
        "page": PAGE,
        "batch": BATCH,
        "graphs": GRAPHS,
    }
    return {
        "succeeded": totals.succeeded,
        "failed": totals.failed,
        "words": totals.words,
        "candidate_pairs": totals.candidate_pairs,
        "verdicts": totals.verdicts,
        "files": {kind: str(output / name) for kind, name in files.items()},
    }


def _print_totals(totals: Totals, output: Path) -> None:
    console = Console(highlight=False)
    table = Table(
        title=f"{totals.succeeded:,} documents, {totals.words:,} words, {totals.candidate_pairs:,} pairs"
    )
    table.add_column("verdict")
    table.add_column("pairs", justify="right")
    table.add_column("share", justify="right")
    for name, number in totals.verdicts.items():
        share = number / totals.candidate_pairs if totals.candidate_pairs else 0.0
        table.add_row(Verdict(name).label, f"{number:,}", f"{share:.1%}")
    console.print(table)
    if totals.failed:
        console.print(
            f"[red]{totals.failed:,} failed[/red]; reasons in {escape(str(output / FAILURES))}",
            soft_wrap=True,
        )
        for failure in totals.first_failures:
            console.print(f"  {_shown(failure.id)}: {_shown(failure.error.message)}", soft_wrap=True)
        if totals.failed > len(totals.first_failures):
            console.print(f"  … and {totals.failed - len(totals.first_failures):,} more")
    console.print(f"Open {escape(str(output / PAGE))}; the data are beside it.", soft_wrap=True)


def _shown(text: str) -> str:
    """Users' words on a terminal: no markup, and nothing that the terminal would obey."""
    return escape("".join(c if c.isprintable() else "�" for c in text))
