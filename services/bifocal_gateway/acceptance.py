"""A request becomes a job: documents checked, split into words, packed into shards, entered in the ledger."""

import json
import uuid
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from tempfile import SpooledTemporaryFile
from typing import Any

import pydantic
import redis

from bifocal.contracts import (
    Candidates,
    Document,
    Failure,
    Job,
    Options,
    Priority,
    Shard,
    ShardDocument,
)
from bifocal.contracts.job import Deadline, Terms
from bifocal.errors import (
    BifocalError,
    DocumentTooLarge,
    DuplicateId,
    EmptyDocument,
    InternalError,
    InvalidDocument,
    InvalidOptions,
    InvalidRequest,
)
from bifocal.failpoints import failpoint
from bifocal.ledger import Claim, Ledger
from bifocal.models import check_models
from bifocal.observe import tracing
from bifocal.observe.metrics import count_failures
from bifocal.settings import Settings
from bifocal.store import JobFiles, Store
from bifocal.text import Segmenter, TermFinder, checked_text, shard_document
from bifocal_gateway.body import HEADER, JobBody, Unreadable
from bifocal_gateway.document_index import IndexWriter
from bifocal_gateway.pydantic_messages import first_error
from bifocal_gateway.sample import Sample
from bifocal_gateway.seen_ids import SeenIds
from bifocal_gateway.texts import keep_texts
from bifocal_gateway.webhooks import checked_webhook

_DEADLINE: pydantic.TypeAdapter[float | None] = pydantic.TypeAdapter(Deadline | None)
_PRIORITY: pydantic.TypeAdapter[Priority] = pydantic.TypeAdapter(Priority)
_TERMS: pydantic.TypeAdapter[tuple[str, ...]] = pydantic.TypeAdapter(Terms)

_TOO_LONG = "accepting the documents took too long; nothing was accepted, submit them again"


@dataclass(frozen=True, slots=True, kw_only=True)
class Acceptance:
    """Accepts jobs.

    Bodies go to the store before the ledger knows of them, so a job that is answered for is whole.
    """

    settings: Settings
    store: Store
    ledger: Ledger

    def accept(self, body: JobBody, *, owner: str = "", claim: Claim | None = None) -> Job:
        """Accept what a request asks for, or give the job that was accepted under the same idempotency key.

        A document that cannot be read becomes a failure of the job; the others go on. Documents are taken one
        after the other and go to the store in shards, so memory does not grow with the job.

        Raises:
            InvalidRequest: not a request for a job.
            InvalidOptions, UnknownModel, UnknownLanguage: the options; nothing was accepted.
            IdempotencyMismatch, IdempotencyInFlight: the key was used for another request, or is in use.
            InvalidWebhook: the webhook; nothing was accepted.
        """
        options, terms = self._header(body.header)
        deadline_s, priority = _deadline_s(body.header), _priority(body.header)
        webhook = checked_webhook(body.header, self.settings)
        segmenter = Segmenter(options.language)
        finder = TermFinder(terms, segmenter) if terms else None
        reader = _Reader(settings=self.settings, segmenter=segmenter, finder=finder)
        job = uuid.uuid4().hex
        accepted = self._begin(job, claim)
        if accepted is not None:
            return self.ledger.job(accepted, owner=owner)
        files = JobFiles(self.store, job)
        try:
            if terms:
                files.put_terms_list(json.dumps(terms).encode())
            counts = self._write(job, files, body.documents, reader, options)
        except BaseException:
            self._undo(job, files, claim)
            raise
        failpoint("acceptance.written")
        files.put_manifest(
            {
                **counts,
                "options": options.model_dump_json(),
                "owner": owner,
                "priority": priority,
                "webhook": webhook or "",
            }
        )
        failpoint("acceptance.answerable")
        created = self.ledger.create_job(
            job,
            options=options,
            **counts,
            deadline_s=deadline_s,
            announced=True,
            traceparent=tracing.traceparent(),
            owner=owner,
            priority=priority,
            webhook=webhook,
        )
        # Another gateway may have entered it from its manifest.
        if not created and not self.ledger.is_known(job):
            files.forget_all()
            raise InternalError(_TOO_LONG)
        failpoint("acceptance.recorded")
        return self.ledger.job(job)

    def _begin(self, job: str, claim: Claim | None) -> str | None:
        """Announce a job, so that what it writes is removed if this process dies; the job that was accepted
        under the same key, if there is one."""
        if claim is not None:
            return self.ledger.claims.claim(claim, job)
        self.ledger.leftovers.accepting(job, first=True)
        return None

    def _undo(self, job: str, files: JobFiles, claim: Claim | None) -> None:
        """Nothing was answered for, so nothing of it may stay; what fails here the dispatcher tidies up."""
        with suppress(OSError, redis.RedisError):
            files.forget_all()
            self.ledger.leftovers.job_is_removed(job)
        with suppress(redis.RedisError):
            if claim is not None:
                self.ledger.claims.release(claim)

    def _write(
        self, job: str, files: JobFiles, raw_documents: Iterable[Any], reader: "_Reader", options: Options
    ) -> dict[str, int]:
        """Put the shards of a job into the store; how many documents and shards there are."""
        n_documents = n_shards = 0
        index = IndexWriter()
        sample = Sample() if Sample.is_wanted(self.settings, options) else None
        terms = reader.finder and reader.finder.content_hash
        with Refused() as refused, SeenIds() as seen:
            documents = reader.readable(raw_documents, seen, refused)
            for number, packed in enumerate(_shards(documents, self.settings)):
                shard = Shard(job=job, shard=number, options=options, terms=terms, documents=packed)
                self._announce(job)
                files.put_shard(number, shard.model_dump_json().encode())
                for document in packed:
                    index.add(document.id, number)
                keep_texts(files, number, packed)
                if sample is not None:
                    for document in packed:
                        sample.add(document)
                n_documents += len(packed)
                n_shards += 1
            if sample is not None:
                drawn = Shard(job=job, shard=0, options=options, documents=sample.documents())
                files.put_sample(drawn.model_dump_json().encode())
            if refused.n:
                self._announce(job)
                files.put_refused(refused.lines())
            files.put_index(index.body())
            return {
                "n_documents": n_documents + refused.n,
                "n_refused": refused.n,
                "n_shards": n_shards,
            }

    def _announce(self, job: str) -> None:
        """Say that the acceptance is alive."""
        if not self.ledger.leftovers.accepting(job, first=False):
            raise InternalError(_TOO_LONG)

    def _header(self, header: Mapping[str, Any]) -> tuple[Options, tuple[str, ...]]:
        unknown = sorted(set(header) - HEADER)
        if unknown or header.get("schema_version", 1) != 1:
            raise InvalidRequest(
                f"unknown field {unknown[0]!r}" if unknown else "only schema_version 1 is understood here"
            )
        try:
            options = Options.model_validate(header.get("options", {}))
        except pydantic.ValidationError as error:
            raise InvalidOptions(first_error(error)) from error
        check_models(self.settings, options)
        return options, _terms(header.get("terms", ()), options)


class Refused:
    """Failures known at acceptance, a line each; of very many most are on the disk."""

    def __init__(self) -> None:
        self._lines = SpooledTemporaryFile(  # noqa: SIM115
            max_size=1024 * 1024, prefix="bifocal-refused-"
        )
        self.n = 0

    def __enter__(self) -> "Refused":
        return self

    def __exit__(self, *_: object) -> None:
        self._lines.close()

    def add(self, failure: Failure) -> None:
        """Note a failure."""
        self._lines.write(f"{failure.model_dump_json()}\n".encode())
        count_failures([failure.error.code])
        self.n += 1

    def lines(self) -> bytes:
        """All of them."""
        self._lines.seek(0)
        return self._lines.read()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reader:
    """Splits the documents of a job into words."""

    settings: Settings
    segmenter: Segmenter
    finder: TermFinder | None

    def readable(
        self, raw_documents: Iterable[Any], seen: SeenIds, refused: Refused
    ) -> Iterator[ShardDocument]:
        """Documents split into words; those that cannot be are refused."""
        for index, raw in enumerate(raw_documents):
            try:
                if isinstance(raw, Unreadable):
                    raise raw.error
                document = _document(raw)
                if not seen.add(document.id):
                    raise DuplicateId(
                        f"an earlier document has the id {document.id!r}; ids must differ within a job"
                    )
                yield self._segmented(index, document)
            except BifocalError as error:
                source = raw.source if isinstance(raw, Unreadable) else None
                refused.add(Failure.of(error, id=_name(raw, index), index=index, source=source))

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


def _deadline_s(header: Mapping[str, Any]) -> float | None:
    try:
        return _DEADLINE.validate_python(header.get("deadline_s"))
    except pydantic.ValidationError as error:
        raise InvalidOptions(f"deadline_s.{first_error(error)}") from error


def _priority(header: Mapping[str, Any]) -> Priority:
    try:
        return _PRIORITY.validate_python(header.get("priority", Priority.BULK))
    except pydantic.ValidationError as error:
        raise InvalidOptions(f"priority.{first_error(error)}") from error


def _document(raw: Any) -> Document:
    try:
        return Document.model_validate(raw)
    except pydantic.ValidationError as error:
        raise InvalidDocument(first_error(error)) from error


def _name(raw: Any, index: int) -> str:
    """The id of a document that may be no document."""
    named = raw.name if isinstance(raw, Unreadable) else raw.get("id") if isinstance(raw, dict) else None
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
