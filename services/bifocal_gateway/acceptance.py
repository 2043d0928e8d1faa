"""A request becomes a job: documents checked, split into words, packed into shards, entered in the ledger."""

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pydantic

from bifocal.contracts import Document, ErrorDetail, Failure, Job, Options, Shard, ShardDocument
from bifocal.errors import (
    BifocalError,
    DocumentTooLarge,
    DuplicateId,
    EmptyDocument,
    InvalidDocument,
    InvalidOptions,
    InvalidRequest,
)
from bifocal.ledger import Ledger
from bifocal.models import check_models
from bifocal.settings import Settings
from bifocal.store import JobFiles, Store
from bifocal.text import Segmenter, checked_text
from bifocal_gateway.pydantic_messages import first_error


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
        raw_documents, options = self._request(body)
        segmenter = Segmenter(options.language)
        job = uuid.uuid4().hex
        files = JobFiles(self.store, job)
        failures: list[Failure] = []
        sizes: list[int] = []
        documents = self._readable(raw_documents, segmenter, failures)
        for number, packed in enumerate(_shards(documents, self.settings)):
            shard = Shard(job=job, shard=number, options=options, documents=packed)
            files.put_shard(number, shard.model_dump_json().encode())
            sizes.append(len(packed))
        if failures:
            files.put_refused("".join(f"{failure.model_dump_json()}\n" for failure in failures).encode())
        self.ledger.create_job(job, options=options, n_refused=len(failures), shard_documents=sizes)
        return self.ledger.job(job)

    def _request(self, body: Any) -> tuple[Sequence[Any], Options]:
        if not isinstance(body, dict) or not isinstance(body.get("documents"), list) or not body["documents"]:
            raise InvalidRequest('the body must be an object with "documents", a list that is not empty')
        unknown = sorted(set(body) - {"documents", "options", "schema_version"})
        if unknown or body.get("schema_version", 1) != 1:
            raise InvalidRequest(
                f"unknown field {unknown[0]!r}" if unknown else "only schema_version 1 is understood here"
            )
        try:
            options = Options.model_validate(body.get("options", {}))
        except pydantic.ValidationError as error:
            raise InvalidOptions(first_error(error)) from error
        check_models(self.settings, static=options.static_model, contextual=options.contextual_model)
        return body["documents"], options

    def _readable(
        self, raw_documents: Sequence[Any], segmenter: Segmenter, failures: list[Failure]
    ) -> Iterator[ShardDocument]:
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
                yield self._segmented(index, document, segmenter)
            except BifocalError as error:
                failures.append(Failure(id=_name(raw, index), index=index, error=ErrorDetail.of(error)))

    def _segmented(self, index: int, document: Document, segmenter: Segmenter) -> ShardDocument:
        text = checked_text(document.text, max_bytes=self.settings.max_document_bytes)
        words = segmenter.segment(text)
        most = self.settings.max_document_words
        if len(words.starts) > most:
            raise DocumentTooLarge(
                f"the text has {len(words.starts):,} words, the limit is {most:,}; "
                "split it, or raise BIFOCAL_MAX_DOCUMENT_WORDS"
            )
        if not len(words.starts):
            raise EmptyDocument("the document holds no word")
        return ShardDocument(
            index=index,
            id=document.id,
            text=text,
            word_starts=words.starts.tolist(),
            word_ends=words.ends.tolist(),
            sentence_starts=words.sentence_starts.tolist(),
            stop_words=words.stop_words.tolist(),
        )


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
