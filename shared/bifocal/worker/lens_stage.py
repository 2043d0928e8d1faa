"""The stage of a lens: read a shard's documents, store what the lens says, commit."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from bifocal.contracts import ErrorDetail, LensHeader, Options, Shard, ShardDocument, ShardMessage
from bifocal.contracts.lens import Reading
from bifocal.errors import BifocalError, LensFailed
from bifocal.ledger.ledger import MERGE
from bifocal.queue import publish
from bifocal.store import JobFiles
from bifocal.worker.stage import Bench

log = logging.getLogger(__name__)

R = TypeVar("R", bound=Reading)
O = TypeVar("O")  # noqa: E741  (an output; R is taken by the reading)


@dataclass(frozen=True, slots=True, kw_only=True)
class LensWork(Generic[R, O]):
    """What a lens says of some documents: a reading for each, arrays for those it could read."""

    model_hash: str
    readings: list[R]
    outputs: dict[int, O]


class Lens(Protocol[R, O]):
    """A lens, apart from queues and stores."""

    name: str
    loaded: str

    def read(self, documents: Sequence[ShardDocument], options: Options) -> LensWork[R, O]:
        """Read documents of one job. Errors that are not about a document may be raised."""
        ...

    def failed(self, index: int, error: ErrorDetail) -> R:
        """The reading of a document that could not be read."""
        ...

    def write(self, header: LensHeader[R], outputs: dict[int, O]) -> bytes:
        """The blob that the merge will read."""
        ...


class LensStage(Generic[R, O]):
    """Runs a lens as a stage."""

    def __init__(self, lens: Lens[R, O], bench: Bench) -> None:
        self._lens = lens
        self._bench = bench
        self.loaded = lens.loaded

    def __call__(self, message: ShardMessage) -> None:
        """Read the shard, store the output, and release the merge if this was the last lens."""
        files = JobFiles(self._bench.store, message.job)
        shard = Shard.model_validate_json(files.shard(message.shard))
        work = read_documents(self._lens, shard.documents, shard.options)
        header: LensHeader[R] = LensHeader(model_hash=work.model_hash, readings=work.readings)
        files.put_reading(self._lens.name, message.shard, self._lens.write(header, work.outputs))
        if self._bench.ledger.commit_lens(self._lens.name, message.job, message.shard):
            publish(self._bench.app, MERGE, message)


def read_documents(lens: Lens[R, O], documents: Sequence[ShardDocument], options: Options) -> LensWork[R, O]:
    """Read documents together, or one by one where that fails, so that one bad document fails alone."""
    try:
        return lens.read(documents, options)
    except Exception as error:
        if len(documents) == 1:
            log.exception("the %s lens could not read document %d", lens.name, documents[0].index)
            detail = ErrorDetail.of(_as_bifocal(lens.name, error))
            return LensWork(model_hash="", readings=[lens.failed(documents[0].index, detail)], outputs={})
        log.warning("the %s lens reads one by one after: %r", lens.name, error)
    works = [read_documents(lens, [document], options) for document in documents]
    return LensWork(
        model_hash=next((w.model_hash for w in works if w.model_hash), ""),
        readings=[reading for w in works for reading in w.readings],
        outputs={index: output for w in works for index, output in w.outputs.items()},
    )


def _as_bifocal(lens: str, error: Exception) -> BifocalError:
    if isinstance(error, BifocalError):
        return error
    # The message reaches users, so it names the kind of fault only; the log has the rest.
    return LensFailed(f"the {lens} lens could not read this document ({type(error).__name__})")
