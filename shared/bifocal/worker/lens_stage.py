"""The stage of a lens: read a shard's documents, store what the lens says, commit."""

import hashlib
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol

from bifocal.contracts import (
    DocumentReading,
    ErrorDetail,
    LensHeader,
    Options,
    Shard,
    ShardDocument,
    ShardMessage,
)
from bifocal.errors import BifocalError, LensFailed, WorkerLost
from bifocal.failpoints import failpoint
from bifocal.ledger import MERGE
from bifocal.lenses import DocumentOutputs, write_outputs
from bifocal.observe.context import about, bind
from bifocal.observe.metrics import count_done
from bifocal.queue import publish
from bifocal.store import JobFiles
from bifocal.worker.hold import Hold
from bifocal.worker.stage import Bench

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class LensWork:
    """What a lens says of some documents: a reading for each, arrays for those it could read.

    `models` and `catalogues` have the content hash of what it read them with, by name.
    """

    readings: Sequence[DocumentReading]
    outputs: Mapping[int, DocumentOutputs]
    models: Mapping[str, str] = field(default_factory=dict)
    catalogues: Mapping[str, str] = field(default_factory=dict)


class Lens(Protocol):
    """A lens, apart from queues and stores."""

    name: str
    loaded: str
    libraries: dict[str, str]
    """Versions of what its figures depend on."""

    def read(
        self, documents: Sequence[ShardDocument], options: Options, sample: "JobSample | None" = None
    ) -> LensWork:
        """Read documents of one job. Errors that are not about a document may be raised."""
        ...


class JobSample:
    """Documents of a job that stand for all of it; read from the store when they are first asked for."""

    def __init__(self, files: JobFiles, job: str) -> None:
        self._files = files
        self.job = job

    @cached_property
    def documents(self) -> list[ShardDocument]:
        """The documents; none where the job has no sample."""
        body = self._files.sample()
        return [] if body is None else Shard.model_validate_json(body).documents

    @cached_property
    def content_hash(self) -> str:
        """`sha256:` of the texts, in their order."""
        digest = hashlib.sha256("\0".join(document.text for document in self.documents).encode())
        return f"sha256:{digest.hexdigest()}"


class LensStage:
    """Runs a lens as a stage."""

    def __init__(self, lens: Lens, bench: Bench) -> None:
        self._lens = lens
        self._bench = bench
        self.loaded = lens.loaded

    def __call__(self, message: ShardMessage, hold: Hold) -> None:
        """Read the shard, store the output, and release the merge if this was the last lens."""
        files = JobFiles(self._bench.store, message.job)
        shard = Shard.model_validate_json(files.shard(message.shard))
        bind(documents=[document.id for document in shard.documents])
        sample = JobSample(files, message.job)
        if hold.careful:
            work = self._carefully(shard, sample, hold)
        else:
            work = read_documents(self._lens, shard.documents, shard.options, sample)
        failpoint(f"{self._lens.name}.computed")
        header = LensHeader(
            models=dict(work.models),
            catalogues=dict(work.catalogues),
            libraries=self._lens.libraries,
            readings=tuple(work.readings),
        )
        if self._commit(files, message, hold.attempt.number, write_outputs(header, work.outputs)):
            count_done(self._lens.name, shard.documents)

    def _carefully(self, shard: Shard, sample: JobSample, hold: Hold) -> LensWork:
        """One document after the other, each of them named before it is touched."""
        works = []
        for place, document in enumerate(shard.documents):
            try:
                hold.begin(place)
            except WorkerLost as lost:
                works.append(_failed(document, lost))
                continue
            failpoint(f"{self._lens.name}.reading")
            works.append(read_documents(self._lens, [document], shard.options, sample))
        hold.done()
        return _together(works)

    def _commit(self, files: JobFiles, message: ShardMessage, attempt: int, output: bytes) -> bool:
        """Whether this output is the one that counts."""
        lens = self._lens.name
        files.put_reading(lens, message.shard, attempt, output)
        failpoint(f"{lens}.written")
        commit = self._bench.ledger.commit_lens(lens, message.job, message.shard, attempt)
        failpoint(f"{lens}.committed")
        if not commit.counts:
            files.forget_reading(lens, message.shard, attempt)
        if commit.releases_merge:
            publish(self._bench.app, MERGE, message)
        return commit.counts


def read_documents(
    lens: Lens, documents: Sequence[ShardDocument], options: Options, sample: JobSample | None = None
) -> LensWork:
    """Read documents together, or one by one where that fails, so that one bad document fails alone."""
    try:
        return lens.read(documents, options, sample)
    except Exception as error:
        if len(documents) == 1:
            with about(documents=[documents[0].id]):
                log.exception("the %s lens could not read document %d", lens.name, documents[0].index)
            return _failed(documents[0], _as_bifocal(lens.name, error))
        log.warning("the %s lens reads one by one after: %r", lens.name, error)
    return _together([read_documents(lens, [document], options, sample) for document in documents])


def _failed(document: ShardDocument, error: BifocalError) -> LensWork:
    reading = DocumentReading(index=document.index, error=ErrorDetail.of(error))
    return LensWork(readings=[reading], outputs={})


def _together(works: Sequence[LensWork]) -> LensWork:
    return LensWork(
        readings=[reading for work in works for reading in work.readings],
        outputs={index: output for work in works for index, output in work.outputs.items()},
        models={name: content for work in works for name, content in work.models.items()},
        catalogues={name: content for work in works for name, content in work.catalogues.items()},
    )


def _as_bifocal(lens: str, error: Exception) -> BifocalError:
    if isinstance(error, BifocalError):
        return error
    # The message reaches users, so it names the kind of fault only; the log has the rest.
    return LensFailed(f"the {lens} lens could not read this document ({type(error).__name__})")
