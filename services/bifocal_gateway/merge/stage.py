"""The merge as a stage: two lens outputs of a shard in, its results out."""

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from bifocal.contracts import (
    DocumentReading,
    ErrorDetail,
    Failure,
    LensHeader,
    Shard,
    ShardDocument,
    ShardMessage,
)
from bifocal.errors import BifocalError, InternalError
from bifocal.failpoints import failpoint
from bifocal.ledger import Finish
from bifocal.lenses import LENSES, DocumentOutputs, read_outputs
from bifocal.observe.context import about, bind
from bifocal.observe.metrics import count_done, count_failures
from bifocal.store import JobFiles
from bifocal.versions import versions
from bifocal.worker import Bench, Hold, LeaseLost
from bifocal_gateway.batch.agreement import DocumentAgreement
from bifocal_gateway.batch.partial import ShardPartial
from bifocal_gateway.merge.finish import Outcome, finish
from bifocal_gateway.merge.lenses import ContextualView, StaticView
from bifocal_gateway.merge.report import Merged, Sources, merge_document

log = logging.getLogger(__name__)


class MergeStage:
    """Merges a shard, records its results, and removes what they were made from."""

    loaded = "merge"

    def __init__(self, bench: Bench) -> None:
        self._bench = bench

    def __call__(self, message: ShardMessage, hold: Hold) -> None:
        """Write a line of results for each document of the shard, and end it in the ledger."""
        files = JobFiles(self._bench.store, message.job)
        shard = Shard.model_validate_json(files.shard(message.shard))
        bind(documents=[document.id for document in shard.documents])
        read = self._bench.ledger.outputs(message.job, message.shard)
        if read.keys() < set(LENSES):
            # The shard was merged between the lease and this look.
            raise LeaseLost
        blobs = [files.reading(lens, message.shard, read[lens]) for lens in LENSES]
        partial = ShardPartial(shard.options.contextual_threshold)
        lines: list[bytes] = []
        failures: list[str] = []
        # A report is turned into its line at once: as objects it takes ten times the memory.
        for result in merge_shard(shard, blobs, partial, hold.begin):
            if isinstance(result, Failure):
                failures.append(result.error.code)
                lines.append(f"{result.model_dump_json()}\n".encode())
            else:
                lines.append(result.line())
        hold.done()
        failpoint("merge.computed")
        documents = {"succeeded": len(lines) - len(failures), "errored": len(failures)}
        outcome = Outcome(lines=b"".join(lines), documents=documents)
        ended = finish(self._bench.ledger, files, hold.attempt, outcome, partial.tables())
        if ended is not Finish.LATE:
            count_done("merge", shard.documents)
            count_failures(failures)
        if ended is Finish.ENDS_JOB:
            with about(shard=None, documents=None):
                log.info("the job has ended")


def merge_shard(
    shard: Shard,
    blobs: Sequence[bytes],
    partial: ShardPartial,
    begin: Callable[[int], None] = lambda _: None,
) -> Iterator[Merged | Failure]:
    """How each document of a shard ends, in the shard's order; `blobs` are the lens services' outputs.

    `partial` takes in those that succeed; `begin` is told the place of each, and may refuse it.
    """
    services = [_Service.of(blob) for blob in blobs]
    sources = Sources(
        catalogues={name: content for one in services for name, content in one.header.catalogues.items()},
        # spaCy found the words, at acceptance.
        libraries=versions("spacy")
        | {name: version for one in services for name, version in one.header.libraries.items()},
        terms=shard.terms,
    )
    for place, document in enumerate(shard.documents):
        errors = [one.readings[document.index].error for one in services]
        error = next((error for error in errors if error is not None), None)
        if error is not None:
            yield _failure(document, error)
            continue
        try:
            begin(place)
            static = {view.summary.model: view for one in services for view in one.static(document.index)}
            contextual = {v.summary.model: v for one in services for v in one.contextual(document.index)}
            merged = merge_document(
                document,
                shard.options,
                [static[name] for name in shard.options.static_models],
                [contextual[name] for name in shard.options.contextual_models],
                sources,
            )
            partial.add(merged.terms, DocumentAgreement.of(merged.head))
            yield merged
        except LeaseLost:
            raise
        except BifocalError as refused:
            yield _failure(document, ErrorDetail.of(refused))
        except Exception as fault:
            # A fault of ours with one document must not keep its shard, and so its job, open for ever.
            with about(documents=[document.id]):
                log.exception("document %d could not be merged", document.index)
            lost = InternalError(
                f"the merge failed ({type(fault).__name__}); the merge worker's log has more"
            )
            yield _failure(document, ErrorDetail.of(lost))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Service:
    """What one lens service says of a shard."""

    header: LensHeader
    readings: dict[int, DocumentReading]
    outputs: dict[int, DocumentOutputs]

    @classmethod
    def of(cls, blob: bytes) -> "_Service":
        header, outputs = read_outputs(blob)
        return cls(header=header, readings={r.index: r for r in header.readings}, outputs=outputs)

    def static(self, index: int) -> Iterator[StaticView]:
        for summary, output in zip(self.readings[index].static, self.outputs[index].static, strict=True):
            yield StaticView(summary=summary, output=output, content_hash=self.header.models[summary.model])

    def contextual(self, index: int) -> Iterator[ContextualView]:
        readings, outputs = self.readings[index].contextual, self.outputs[index].contextual
        for reading, output in zip(readings, outputs, strict=True):
            yield ContextualView(
                summary=reading.summary,
                output=output,
                content_hash=self.header.models[reading.summary.model],
                kinds=reading.kinds,
            )


def _failure(document: ShardDocument, error: ErrorDetail) -> Failure:
    return Failure(id=document.id, index=document.index, error=error)
