"""A request becomes a job: documents checked, split into words, packed into shards, entered in the ledger."""

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pydantic

from bifocal.contracts import (
    Candidates,
    Document,
    ErrorDetail,
    Failure,
    Job,
    Options,
    Shard,
    ShardDocument,
)
from bifocal.contracts.job import Terms
from bifocal.errors import (
    BifocalError,
    DocumentTooLarge,
    DuplicateId,
    EmptyDocument,
    InvalidDocument,
    InvalidOptions,
    InvalidRequest,
)
from bifocal.failpoints import failpoint
from bifocal.ledger import Ledger
from bifocal.models import check_models
from bifocal.observe import tracing
from bifocal.observe.metrics import count_failures
from bifocal.settings import Settings
from bifocal.store import JobFiles, Store
from bifocal.text import Segmenter, TermFinder, checked_text, shard_document
from bifocal_gateway.pydantic_messages import first_error
from bifocal_gateway.sample import Sample

_TERMS: pydantic.TypeAdapter[tuple[str, ...]] = pydantic.TypeAdapter(Terms)


@dataclass(frozen=True, slots=True, kw_only=True)
class Acceptance:
    """Accepts jobs.

    Bodies go to the store before the ledger knows of them, so a job that is answered for is whole.
    """

    settings: Settings
    store: Store
    ledger: Ledger

    def accept(self, body: Any) -> Job:
        """Accept a decoded request body.

        A document that cannot be read becomes a failure of the job; the others go on.

        Raises:
            InvalidRequest: not an object with a list of documents.
            InvalidOptions, UnknownModel, UnknownLanguage: the options; nothing was accepted.
        """
        raw_documents, options, terms = self._request(body)
        segmenter = Segmenter(options.language)
        finder = TermFinder(terms, segmenter) if terms else None
        reader = _Reader(settings=self.settings, segmenter=segmenter, finder=finder)
        job = uuid.uuid4().hex
        files = JobFiles(self.store, job)
        failures: list[Failure] = []
        n_documents = n_shards = 0
        documents = reader.readable(raw_documents, failures)
        sample = Sample() if Sample.is_wanted(self.settings, options) else None
        for number, packed in enumerate(_shards(documents, self.settings)):
            shard = Shard(
                job=job,
                shard=number,
                options=options,
                terms=finder and finder.content_hash,
                documents=packed,
            )
            files.put_shard(number, shard.model_dump_json().encode())
            if sample is not None:
                for document in packed:
                    sample.add(document)
            n_documents += len(packed)
            n_shards += 1
        if sample is not None:
            drawn = Shard(job=job, shard=0, options=options, documents=sample.documents())
            files.put_sample(drawn.model_dump_json().encode())
        if failures:
            files.put_refused("".join(f"{failure.model_dump_json()}\n" for failure in failures).encode())
        failpoint("acceptance.written")
        self.ledger.create_job(
            job,
            options=options,
            n_documents=n_documents + len(failures),
            n_refused=len(failures),
            n_shards=n_shards,
            traceparent=tracing.traceparent(),
        )
        count_failures(failure.error.code for failure in failures)
        failpoint("acceptance.recorded")
        return self.ledger.job(job)

    def _request(self, body: Any) -> tuple[Sequence[Any], Options, tuple[str, ...]]:
        if not isinstance(body, dict) or not isinstance(body.get("documents"), list) or not body["documents"]:
            raise InvalidRequest('the body must be an object with "documents", a list that is not empty')
        unknown = sorted(set(body) - {"documents", "options", "terms", "schema_version"})
        if unknown or body.get("schema_version", 1) != 1:
            raise InvalidRequest(
                f"unknown field {unknown[0]!r}" if unknown else "only schema_version 1 is understood here"
            )
        try:
            options = Options.model_validate(body.get("options", {}))
        except pydantic.ValidationError as error:
            raise InvalidOptions(first_error(error)) from error
        check_models(self.settings, options)
        return body["documents"], options, _terms(body.get("terms", ()), options)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reader:
    """Splits the documents of a job into words."""

    settings: Settings
    segmenter: Segmenter
    finder: TermFinder | None

    def readable(self, raw_documents: Sequence[Any], failures: list[Failure]) -> Iterator[ShardDocument]:
        """Documents split into words; those that cannot be go to `failures`."""
        seen: set[str] = set()
        for index, raw in enumerate(raw_documents):
            try:
                document = _document(raw)
                if document.id in seen:
                    raise DuplicateId(
                        f"an earlier document has the id {document.id!r}; ids must differ within a job"
                    )
                seen.add(document.id)
                yield self._segmented(index, document)
            except BifocalError as error:
                failures.append(Failure(id=_name(raw, index), index=index, error=ErrorDetail.of(error)))

    def _segmented(self, index: int, document: Document) -> ShardDocument:
        text = checked_text(document.text, max_bytes=self.settings.max_document_bytes)
        read = shard_document(text, self.segmenter, index=index, name=document.id, finder=self.finder)
        n_words, most = len(read.word_starts), self.settings.max_document_words
        if n_words > most:
            raise DocumentTooLarge(
                f"the text has {n_words:,} words, the limit is {most:,}; "
                "split it, or raise BIFOCAL_MAX_DOCUMENT_WORDS"
            )
        if not n_words:
            raise EmptyDocument("the document holds no word")
        return read


def _terms(raw: Any, options: Options) -> tuple[str, ...]:
    try:
        terms = _TERMS.validate_python(raw)
    except pydantic.ValidationError as error:
        raise InvalidOptions(f"terms.{first_error(error)}") from error
    if (options.candidates is Candidates.TERMS) != bool(terms):
        raise InvalidOptions(
            "`candidates: terms` and a list of terms (`--terms FILE`, `terms` in a request) need each other"
        )
    return terms


def _document(raw: Any) -> Document:
    try:
        return Document.model_validate(raw)
    except pydantic.ValidationError as error:
        raise InvalidDocument(first_error(error)) from error


def _name(raw: Any, index: int) -> str:
    """The id of a document that may be no document."""
    named = raw.get("id") if isinstance(raw, dict) else None
    if not isinstance(named, str) or not named:
        return f"documents[{index}]"
    return named[:512].encode("utf-8", errors="replace").decode()


def _shards(documents: Iterator[ShardDocument], settings: Settings) -> Iterator[list[ShardDocument]]:
    """Pack documents, in order, up to a number of them or of words."""
    packed: list[ShardDocument] = []
    n_words = 0
    for document in documents:
        size = len(document.word_starts)
        if packed and (len(packed) == settings.shard_documents or n_words + size > settings.shard_words):
            yield packed
            packed, n_words = [], 0
        packed.append(document)
        n_words += size
    if packed:
        yield packed
