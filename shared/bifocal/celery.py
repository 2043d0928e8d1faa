"""Comparisons as tasks for the chains and groups of other Celery apps.

from bifocal.celery import compare

chain(extract.s(path), compare.s(options={"heads_named": 3}), index.s()).delay()

A worker of the app that imports this module runs them, and talks to a gateway: `BIFOCAL_URL`, with
`BIFOCAL_API_KEY`. While a job runs there no slot of the worker is held: the task goes back into its
queue, with the job's id in place of the documents, and looks again a little later. Messages and results
are JSON.
"""

import os
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import Any, cast

import pydantic
from celery import Task, shared_task
from celery.exceptions import Reject
from celery.utils.time import get_exponential_backoff_interval

from bifocal import errors
from bifocal.client import Client
from bifocal.contracts import Document, Failure, Job, JobState, Options, Report
from bifocal.errors import BifocalError, InvalidDocument, InvalidOptions, InvalidRequest, TooManyWaiting

#: Pauses between looks at a job, each twice as long as the one before, up to the longest.
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.25, 8.0

#: Times in a row that the gateway may be at fault until the task fails by what it said, and the longest pause
#: between two of them: five minutes in all, more or less.
_MOST_TROUBLES, _LONGEST_TROUBLE_S = 12, 60

#: Settings of the tasks. They may be delivered twice, because a task's id is the key of its submission.
_SETTINGS = {
    "bind": True,
    "serializer": "json",
    "acks_late": True,
    "reject_on_worker_lost": True,
    "max_retries": None,
}


class _Progress(pydantic.BaseModel):
    """How far a task is; travels in its arguments from one run to the next."""

    job: str | None = None
    looks: int = 0
    troubles: int = 0
    """In a row."""

    def after_look(self) -> "_Progress":
        return self.model_copy(update={"looks": self.looks + 1, "troubles": 0})

    def after_trouble(self) -> "_Progress":
        return self.model_copy(update={"troubles": self.troubles + 1})

    @property
    def pause_s(self) -> float:
        """Until the next run; by chance after trouble, so that tasks do not all come back at once."""
        if self.troubles:
            return float(
                1 + get_exponential_backoff_interval(1, self.troubles, _LONGEST_TROUBLE_S, full_jitter=True)
            )
        return min(_LONGEST_PAUSE_S, _FIRST_PAUSE_S * 2.0 ** min(self.looks - 1, 10))


def _compare(
    self: Task,
    document: str | dict[str, Any] | None,
    options: dict[str, Any] | None = None,
    *,
    terms: Sequence[str] = (),
    deadline_s: float | None = None,
    reference: bool = False,
    progress: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """The report of one document: a text, or an object with a `text` and, if it likes, an `id`.

    With `reference` only `{"job": …, "counts": …}`; `Client.results` fetches the rest. `progress` is the
    task's own.

    Raises:
        DocumentError, ServiceError: why the document has no report; not with `reference`.
        RequestError: the job was refused.
    """

    found = _run(
        self,
        lambda client: client.submit(
            [_document(document, self.request.id or "document", "the document")],
            _options(options),
            terms,
            deadline_s=deadline_s,
            idempotency_key=self.request.id,
        ),
        reference=reference,
        progress=progress,
    )
    if isinstance(found, dict):
        return found
    (result,) = found
    if isinstance(result, Failure):
        raise errors.by_code(result.error.code)(result.error.message)
    return result.model_dump(mode="json")


def _compare_batch(
    self: Task,
    documents: Sequence[str | dict[str, Any]] | None,
    options: dict[str, Any] | None = None,
    *,
    terms: Sequence[str] = (),
    deadline_s: float | None = None,
    reference: bool = False,
    progress: dict[str, Any] | None = None,
) -> list[dict[str, Any]] | dict[str, Any]:
    """Reports and failures of many documents, in their order, by one job.

    A text by itself has its place in the list for an id, from 0. `reference` and `progress` are as in
    `compare`.

    Raises:
        RequestError: the job was refused.
        InvalidDocument: an element of the list is no document.
    """

    found = _run(
        self,
        lambda client: client.submit(
            _documents(documents),
            _options(options),
            terms,
            deadline_s=deadline_s,
            idempotency_key=self.request.id,
        ),
        reference=reference,
        progress=progress,
    )
    return found if isinstance(found, dict) else [result.model_dump(mode="json") for result in found]


compare = shared_task(name="bifocal.compare", **_SETTINGS)(_compare)
compare_batch = shared_task(name="bifocal.compare_batch", **_SETTINGS)(_compare_batch)


def _run(
    task: Task, submit: Callable[[Client], Job], *, reference: bool, progress: dict[str, Any] | None
) -> list[Report | Failure] | dict[str, Any]:
    """The next step of a task: its results, if they are there, else it makes way until later."""
    now = _Progress.model_validate(progress or {})
    client = _client(os.getpid())
    # Nothing comes back later where there is no worker.
    in_place = task.request.called_directly or task.request.is_eager
    try:
        job = submit(client) if now.job is None else client.job(now.job)
        now = now.model_copy(update={"job": job.id})
        if in_place:
            job = client.wait(job.id)
        if job.state is JobState.ENDED:
            return _reference(job) if reference else _in_order(client.results(job.id))
    except TooManyWaiting as error:
        # No fault, however long it lasts: the gateway says that others are first.
        if in_place:
            raise
        raise _later(task, now.after_look(), reference, error) from error
    except BifocalError as error:
        if in_place or not error.retryable or now.troubles == _MOST_TROUBLES:
            raise
        raise _later(task, now.after_trouble(), reference, error) from error
    raise _later(task, now.after_look(), reference)


def _later(task: Task, progress: _Progress, reference: bool, error: BifocalError | None = None) -> Exception:
    """Put a task back into its queue, with its documents only as long as the gateway does not have them."""
    told = progress.model_dump()
    if progress.job is None:
        args, kwargs = task.request.args, {**task.request.kwargs, "progress": told}
    else:
        args, kwargs = (None,), {"reference": reference, "progress": told}
    try:
        later = task.retry(args=args, kwargs=kwargs, exc=error, countdown=progress.pause_s, throw=False)
    except Reject as unsent:
        # The broker did not take it; Celery would let the task go.
        later = Reject(unsent.reason, requeue=True)
    return cast(Exception, later)


@cache
def _client(process: int) -> Client:
    """One for each process, whose connections must not be those of the process that it was forked from."""
    del process
    # To try again is the task's affair: the client would hold a slot meanwhile.
    return Client(retry_for_s=0)


def _document(given: Any, name: str, what: str) -> Document:
    """What a task was given, as a document; other fields than `id` and `text` are left alone."""
    fields = {"id": name, "text": given} if isinstance(given, str) else given
    if not isinstance(fields, dict):
        raise InvalidDocument(
            f"{what} is {type(given).__name__}, it must be a text or an object with a `text`"
        )
    try:
        document = Document.model_validate({"id": fields.get("id", name), "text": fields.get("text")})
        f"{document.id}{document.text}".encode()
    except pydantic.ValidationError as error:
        raise InvalidDocument(f"{what}: {_first(error)}") from None
    except UnicodeEncodeError:
        # JSON can hold it, but it cannot be sent on.
        raise InvalidDocument(f"{what} holds half of a character (a lone surrogate)") from None
    return document


def _documents(given: Any) -> list[Document]:
    if not isinstance(given, list | tuple) or not given:
        raise InvalidRequest("`compare_batch` takes a list of documents; `compare` takes one")
    return [_document(one, str(place), f"documents[{place}]") for place, one in enumerate(given)]


def _options(given: dict[str, Any] | None) -> Options:
    try:
        return Options.model_validate(given or {})
    except pydantic.ValidationError as error:
        raise InvalidOptions(_first(error)) from None


def _first(error: pydantic.ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    return f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}"


def _reference(job: Job) -> dict[str, Any]:
    return {"job": job.id, "counts": job.counts.model_dump()}


def _in_order(results: Iterable[Report | Failure]) -> list[Report | Failure]:
    """Results in the order of the documents; what was refused at acceptance comes first from the gateway."""
    found = list(results)
    failures = {result.index: result for result in found if isinstance(result, Failure)}
    reports = (result for result in found if isinstance(result, Report))
    return [failures.get(place) or next(reports) for place in range(len(found))]
