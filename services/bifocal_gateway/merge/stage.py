"""The merge as a stage: two lens outputs of a shard in, its results out."""

import logging
from collections.abc import Iterator
from typing import TypeVar

from bifocal.contracts import (
    ContextualSummary,
    ErrorDetail,
    Failure,
    Report,
    Shard,
    ShardDocument,
    ShardMessage,
    StaticSummary,
)
from bifocal.errors import InternalError
from bifocal.lenses import LENSES, read_contextual, read_static
from bifocal.store import JobFiles
from bifocal.worker import Bench
from bifocal_gateway.batch.partial import ShardPartial
from bifocal_gateway.batch.term_pairs import TermPairs, Terms
from bifocal_gateway.merge.report import merge_document

log = logging.getLogger(__name__)

S = TypeVar("S", StaticSummary, ContextualSummary)


class MergeStage:
    """Merges a shard, records its results, and removes what they were made from."""

    loaded = "merge"

    def __init__(self, bench: Bench) -> None:
        self._bench = bench

    def __call__(self, message: ShardMessage) -> None:
        """Write a line of results for each document of the shard, and end it in the ledger."""
        files = JobFiles(self._bench.store, message.job)
        shard = Shard.model_validate_json(files.shard(message.shard))
        static, contextual = (files.reading(lens, message.shard) for lens in LENSES)
        partial = ShardPartial(shard.options.contextual_threshold)
        lines, succeeded = [], 0
        # A report is turned into its line at once: as objects it takes ten times the memory.
        for result in merge_shard(shard, static, contextual, partial):
            lines.append(f"{result.model_dump_json()}\n".encode())
            succeeded += result.outcome == "succeeded"
        files.put_results(message.shard, b"".join(lines))
        files.put_terms(message.shard, partial.tables())
        self._bench.ledger.finish_shard(
            message.job, message.shard, succeeded=succeeded, failed=len(lines) - succeeded
        )
        files.forget_shard(message.shard, LENSES)


def merge_shard(
    shard: Shard, static_blob: bytes, contextual_blob: bytes, partial: ShardPartial
) -> Iterator[Report | Failure]:
    """How each document of a shard ends, in the shard's order; `partial` takes in those that succeed."""
    static_header, static_outputs = read_static(static_blob)
    contextual_header, contextual_outputs = read_contextual(contextual_blob)
    static = {reading.index: reading for reading in static_header.readings}
    contextual = {reading.index: reading for reading in contextual_header.readings}
    for document in shard.documents:
        one, other = static[document.index], contextual[document.index]
        error = one.error or other.error
        if error is not None:
            yield _failure(document, error)
            continue
        try:
            terms = TermPairs(Terms.of(document, static_outputs[document.index]))
            report = merge_document(
                document,
                shard.options,
                (_there(one.summary), static_outputs[document.index], static_header.model_hash),
                (_there(other.summary), contextual_outputs[document.index], contextual_header.model_hash),
                other.kinds,
                terms,
            )
            partial.add(terms.result(document.id))
            yield report
        except Exception as fault:
            # A fault of ours with one document must not keep its shard, and so its job, open for ever.
            log.exception("document %d of job %s could not be merged", document.index, shard.job)
            lost = InternalError(
                f"the merge failed ({type(fault).__name__}); the merge worker's log has more"
            )
            yield _failure(document, ErrorDetail.of(lost))


def _there(summary: S | None) -> S:
    if summary is None:
        raise InternalError("a lens gave neither a reading nor an error")
    return summary


def _failure(document: ShardDocument, error: ErrorDetail) -> Failure:
    return Failure(id=document.id, index=document.index, error=error)
