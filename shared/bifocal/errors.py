"""Every error bifocal raises or reports, in one tree.

::

    BifocalError
    ├── DocumentError            one document; the rest of its batch goes on
    │   ├── EmptyDocument            empty_document
    │   ├── DocumentTooLarge         document_too_large
    │   ├── InvalidText              invalid_text
    │   ├── InvalidDocument          invalid_document
    │   ├── DuplicateId              duplicate_id
    │   ├── UnreadableSource         unreadable_source
    │   │   ├── UnsupportedFormat        unsupported_format
    │   │   ├── EncryptedFile            encrypted_file
    │   │   ├── DamagedFile              damaged_file
    │   │   └── ExtractionLimit          extraction_limit
    │   └── LensFailed               lens_failed
    ├── RequestError             the request as a whole; nothing was accepted
    │   ├── InvalidOptions           invalid_options
    │   ├── UnknownModel             unknown_model
    │   ├── UnknownLanguage          unknown_language
    │   ├── InvalidRequest           invalid_request
    │   ├── InvalidWebhook           invalid_webhook
    │   ├── RequestTooLarge          request_too_large
    │   ├── UnsupportedMediaType     unsupported_media_type
    │   ├── Unauthorized             unauthorized
    │   ├── Forbidden                forbidden
    │   ├── UnknownJob               unknown_job
    │   ├── UnknownDocument          unknown_document
    │   ├── UnknownWord              unknown_word
    │   ├── ExpiredJob               expired_job
    │   ├── JobInProgress            job_in_progress
    │   ├── NothingToRetry           nothing_to_retry
    │   ├── IdempotencyMismatch      idempotency_mismatch
    │   ├── AlreadyWatched           already_watched
    │   └── UnreadableCorpus         unreadable_corpus
    └── ServiceError             bifocal or something it stands on
        ├── TooManyWaiting           too_many_waiting
        ├── RateLimited              rate_limited
        ├── StoreFull                store_full
        ├── ModelUnavailable         model_unavailable
        ├── LedgerVersionMismatch    ledger_version_mismatch
        ├── WorkerLost               worker_lost
        ├── IdempotencyInFlight      idempotency_in_flight
        ├── DeadlinePassed           deadline_passed
        ├── JobCanceled              job_canceled
        ├── StackFailed              stack_failed
        ├── GatewayUnreachable       gateway_unreachable
        ├── MissingExtra             missing_extra
        └── InternalError            internal_error

``code`` is stable and meant for programs, the message for people, and
``retryable`` says whether the same request may succeed later.
"""

from typing import ClassVar, Literal


class BifocalError(Exception):
    """Root of the tree; never raised itself."""

    code: ClassVar[str] = "error"
    #: HTTP status under which the gateway reports it.
    status: ClassVar[int] = 500
    #: Whether the same request may succeed if it is tried again.
    retryable: ClassVar[bool] = False
    #: How a document ends that ends by it.
    outcome: ClassVar[Literal["errored", "canceled", "expired"]] = "errored"

    @property
    def message(self) -> str:
        """The message alone, as reports and problem responses carry it."""
        return str(self)


def by_code(code: str) -> type[BifocalError]:
    """The error with that code; `InternalError` for a code of a later version."""

    def below(kind: type[BifocalError]) -> list[type[BifocalError]]:
        return [kind, *(found for child in kind.__subclasses__() for found in below(child))]

    return {kind.code: kind for kind in below(BifocalError)}.get(code, InternalError)


class DocumentError(BifocalError):
    """One document cannot be read; the rest of its batch goes on."""

    code = "document_error"
    status = 422


class EmptyDocument(DocumentError):
    """There is no word in the document."""

    code = "empty_document"


class DocumentTooLarge(DocumentError):
    """The document is over a limit on bytes or words."""

    code = "document_too_large"


class InvalidText(DocumentError):
    """The text is not valid Unicode or UTF-8, or holds NUL."""

    code = "invalid_text"


class InvalidDocument(DocumentError):
    """A document object lacks a field, or a field has the wrong type."""

    code = "invalid_document"


class DuplicateId(DocumentError):
    """An earlier document of the job has the same id."""

    code = "duplicate_id"


class UnreadableSource(DocumentError):
    """A file, folder or line named as input cannot be read."""

    code = "unreadable_source"


class UnsupportedFormat(UnreadableSource):
    """The file is in a format that is not read."""

    code = "unsupported_format"


class EncryptedFile(UnreadableSource):
    """The file opens by a password only."""

    code = "encrypted_file"


class DamagedFile(UnreadableSource):
    """The file is not what its format asks for, or was cut off."""

    code = "damaged_file"


class ExtractionLimit(UnreadableSource):
    """Reading the file would take more time, memory or room than it may."""

    code = "extraction_limit"


class LensFailed(DocumentError):
    """A lens could not read this document."""

    code = "lens_failed"
    status = 500


class RequestError(BifocalError):
    """The request as a whole is refused; nothing was accepted."""

    code = "request_error"
    status = 422


class InvalidOptions(RequestError):
    """An option is unknown, of the wrong type or out of range."""

    code = "invalid_options"


class UnknownModel(RequestError):
    """The model is not on the list of allowed ones."""

    code = "unknown_model"


class UnknownLanguage(RequestError):
    """There are no word rules for the language."""

    code = "unknown_language"


class InvalidRequest(RequestError):
    """The body is not what the route takes."""

    code = "invalid_request"
    status = 400


class InvalidWebhook(RequestError):
    """The webhook's URL is one that nothing is sent to."""

    code = "invalid_webhook"


class RequestTooLarge(RequestError):
    """The body is over the limit."""

    code = "request_too_large"
    status = 413


class UnsupportedMediaType(RequestError):
    """The body is in no form that the route takes."""

    code = "unsupported_media_type"
    status = 415


class Unauthorized(RequestError):
    """The key is missing or wrong."""

    code = "unauthorized"
    status = 401


class Forbidden(RequestError):
    """Whoever asks may not do that, or may not ask from where they do."""

    code = "forbidden"
    status = 403


class UnknownJob(RequestError):
    """There is no such job."""

    code = "unknown_job"
    status = 404


class UnknownDocument(RequestError):
    """The job has no such document, or none of whose text there is any."""

    code = "unknown_document"
    status = 404


class UnknownWord(RequestError):
    """The model has no vector for the word."""

    code = "unknown_word"
    status = 404


class JobInProgress(RequestError):
    """That can only be done with a job that has ended."""

    code = "job_in_progress"
    status = 409


class NothingToRetry(RequestError):
    """No document of the job failed that could be tried again."""

    code = "nothing_to_retry"
    status = 409


class IdempotencyMismatch(RequestError):
    """The idempotency key was used for another request."""

    code = "idempotency_mismatch"


class ExpiredJob(RequestError):
    """There was such a job, and its results were kept for as long as they are."""

    code = "expired_job"
    status = 410


class AlreadyWatched(RequestError):
    """Another watcher has the folder."""

    code = "already_watched"
    status = 409


class UnreadableCorpus(RequestError):
    """A file of labelled data cannot be read, or is malformed at a line."""

    code = "unreadable_corpus"


class ServiceError(BifocalError):
    """bifocal itself, or something it stands on, is at fault."""

    code = "service_error"
    status = 503
    retryable = True


class TooManyWaiting(ServiceError):
    """As many shards wait as may; nothing of the request was accepted."""

    code = "too_many_waiting"
    status = 429


class RateLimited(ServiceError):
    """The key has made as many requests as it may for now."""

    code = "rate_limited"
    status = 429

    def __init__(self, message: str, *, retry_after_s: int = 1) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class StoreFull(ServiceError):
    """There is no room for another job; nothing of the request was accepted."""

    code = "store_full"


class ModelUnavailable(ServiceError):
    """An allowed model could not be loaded."""

    code = "model_unavailable"
    retryable = False


class LedgerVersionMismatch(ServiceError):
    """The ledger in Redis is written by a version of bifocal that this one cannot go on with."""

    code = "ledger_version_mismatch"
    retryable = False


class WorkerLost(ServiceError):
    """No worker finished the document in the attempts allowed."""

    code = "worker_lost"


class IdempotencyInFlight(ServiceError):
    """A request with the same idempotency key is still being accepted."""

    code = "idempotency_in_flight"
    status = 409


class DeadlinePassed(ServiceError):
    """The job's deadline passed before the document was read."""

    code = "deadline_passed"
    outcome = "expired"


class JobCanceled(ServiceError):
    """The job was canceled before the document was read."""

    code = "job_canceled"
    outcome = "canceled"


class StackFailed(ServiceError):
    """A process of the embedded stack did not start, or died."""

    code = "stack_failed"


class GatewayUnreachable(ServiceError):
    """No gateway answers at the address."""

    code = "gateway_unreachable"


class MissingExtra(ServiceError):
    """An optional part of bifocal is not installed."""

    code = "missing_extra"
    retryable = False


class InternalError(ServiceError):
    """A fault in bifocal that is none of the above."""

    code = "internal_error"
    status = 500
