"""What is asked of a gateway, as data: one function for each verb."""

import json
import uuid
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Generic, TypeVar
from urllib.parse import quote

import httpx
from pydantic import TypeAdapter, ValidationError

from bifocal.client.faults import misread
from bifocal.contracts import (
    RESULT,
    BatchReport,
    ExportFormat,
    ExportTable,
    Failure,
    Job,
    JobPage,
    JobState,
    ModelList,
    NeighbourList,
    Options,
    Priority,
    Report,
    Webhook,
)
from bifocal.files import Reading
from bifocal.files.form import Form
from bifocal.files.names import name_of

Answer = TypeVar("Answer", covariant=True)

#: The header by which the gateway knows a submission that it has seen.
IDEMPOTENCY_KEY = "Idempotency-Key"

#: Lines of JSON, of which the gateway takes any number.
_NDJSON = "application/x-ndjson"

#: A batch report of very many pairs, or an export of them, takes a while, and nothing is sent meanwhile.
_AS_LONG_AS_IT_TAKES = httpx.Timeout(60.0, read=None)

#: What a comparison of one text is answered with.
_COMPARED: TypeAdapter[Report | Job] = TypeAdapter(Report | Job)

_OBJECT: TypeAdapter[dict[str, object]] = TypeAdapter(dict[str, object])

#: Jobs asked for at a time.
_PAGE = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Request(Generic[Answer]):
    """A request, and how its answer is read."""

    method: str
    path: str
    read: Callable[[bytes], Answer]
    params: Mapping[str, str | int] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    json: object = None
    timeout: httpx.Timeout | None = None
    """Other than the client's own."""
    also_answered_by: frozenset[int] = frozenset()
    """Statuses of errors under which there is an answer to be read all the same."""
    done_before: frozenset[int] = frozenset()
    """Statuses which, when it is tried again, say that it was carried out the first time."""

    def built(
        self, http: httpx.Client | httpx.AsyncClient, content: Iterator[bytes] | AsyncIterator[bytes] | None
    ) -> httpx.Request:
        """In httpx's form; `content` is a body that is sent as it comes."""
        return http.build_request(
            self.method,
            self.path,
            params=dict(self.params),
            headers=dict(self.headers),
            json=self.json,
            content=content,
            timeout=self.timeout or httpx.USE_CLIENT_DEFAULT,
        )

    def answer(self, body: bytes) -> Answer:
        """What the answer says.

        Raises:
            InternalError: it is not that of a gateway of this version.
        """
        try:
            return self.read(body)
        except ValidationError as error:
            raise misread(error) from error


class JobPages:
    """Jobs by the page, the latest first, until there are no more or as many as are wanted."""

    def __init__(self, limit: int | None, state: JobState | None) -> None:
        self._left = limit
        self._params: dict[str, str | int] = {} if state is None else {"state": state.value}
        self._more = True

    def request(self) -> Request[JobPage] | None:
        """For the next page; None if there is none."""
        if not self._more or self._left == 0:
            return None
        self._params["limit"] = _PAGE if self._left is None else min(self._left, _PAGE)
        return Request(
            method="GET", path="/v1/jobs", read=JobPage.model_validate_json, params=dict(self._params)
        )

    def take(self, page: JobPage) -> list[Job]:
        """The jobs of a page that came."""
        if page.next is None:
            self._more = False
        else:
            self._params["cursor"] = page.next
        found = page.jobs[: self._left]
        if self._left is not None:
            self._left -= len(found)
        return found


def submission(key: str | None) -> Request[Job]:
    """To accept documents, which go in the body. With a key of its own it may be sent again."""
    headers = {"Content-Type": _NDJSON, IDEMPOTENCY_KEY: key or uuid.uuid4().hex}
    return Request(method="POST", path="/v1/jobs", read=Job.model_validate_json, headers=headers)


def file_submission(form: Form, key: str | None) -> Request[Job]:
    """To accept the documents in files, which go in the body."""
    return Request(
        method="POST",
        path="/v1/jobs",
        read=Job.model_validate_json,
        headers={"Content-Type": form.content_type, IDEMPOTENCY_KEY: key or uuid.uuid4().hex},
        timeout=_AS_LONG_AS_IT_TAKES,
    )


def form_of(
    paths: Iterable[str | Path],
    options: Options | None,
    terms: list[str],
    reading: Reading | None,
    deadline_s: float | None,
    priority: Priority,
    webhook: Webhook | None,
) -> Form:
    """Files as a body, with what is to be done with them."""
    fields: dict[str, object] = json.loads(header_line(options, terms, deadline_s, priority, webhook))
    fields["reading"] = asdict(reading or Reading())
    return Form(fields, [(name_of(Path(path)), Path(path)) for path in paths])


def text(job_id: str, document_id: str) -> Request[str]:
    """The text of a document."""
    path = f"{_of(job_id, 'documents')}/{quote(document_id, safe='')}/text"
    return Request(method="GET", path=path, read=bytes.decode)


def header_line(
    options: Options | None,
    terms: list[str],
    deadline_s: float | None,
    priority: Priority,
    webhook: Webhook | None,
) -> bytes:
    """First line of a submission's body: what is to be done with the documents that follow."""
    header: dict[str, object] = {
        "options": (options or Options()).model_dump(mode="json"),
        "terms": terms,
        "priority": priority,
    }
    if deadline_s is not None:
        header["deadline_s"] = deadline_s
    if webhook is not None:
        header["webhook"] = webhook.model_dump(mode="json")
    return json.dumps(header).encode() + b"\n"


def job(job_id: str, *, wait_s: int = 0) -> Request[Job]:
    """How far a job is; the gateway may hold its answer back for `wait_s` until there is news."""
    params = {"wait": wait_s} if wait_s else {}
    return Request(method="GET", path=_of(job_id), read=Job.model_validate_json, params=params)


def cancel(job_id: str) -> Request[Job]:
    """That no more of a job be begun."""
    return Request(method="POST", path=_of(job_id, "cancel"), read=Job.model_validate_json)


def retry(job_id: str, key: str | None) -> Request[Job]:
    """To try again what failed, as a job of its own. With a key of its own it may be sent again."""
    headers = {IDEMPOTENCY_KEY: key or uuid.uuid4().hex}
    return Request(method="POST", path=_of(job_id, "retry"), read=Job.model_validate_json, headers=headers)


def delete(job_id: str) -> Request[None]:
    """To remove a job. If it was removed and only the answer was lost, it is not there the next time."""
    return Request(method="DELETE", path=_of(job_id), read=lambda _: None, done_before=frozenset({404, 410}))


def summary(job_id: str) -> Request[BatchReport]:
    """What the documents of a job say as a whole."""
    return Request(
        method="GET",
        path=_of(job_id, "summary"),
        read=BatchReport.model_validate_json,
        timeout=_AS_LONG_AS_IT_TAKES,
    )


def export(job_id: str, form: ExportFormat, table: ExportTable) -> Request[None]:
    """A job in another format."""
    return Request(
        method="GET",
        path=_of(job_id, "export"),
        read=lambda _: None,
        params={"format": form.value, "table": table.value},
        timeout=_AS_LONG_AS_IT_TAKES,
    )


def comparison(text: str, options: Options | None) -> Request[Report | Job]:
    """The report of one text, in the answer itself; or a job, if that takes long."""
    body = {"text": text, "options": (options or Options()).model_dump(mode="json")}
    return Request(method="POST", path="/v1/compare", read=_COMPARED.validate_json, json=body)


def readiness() -> Request[dict[str, object]]:
    """Whether a job submitted now would be worked on."""
    return Request(
        method="GET", path="/readyz", read=_OBJECT.validate_json, also_answered_by=frozenset({503})
    )


def models() -> Request[ModelList]:
    """What can be compared with."""
    return Request(method="GET", path="/v1/models", read=ModelList.model_validate_json)


def neighbours(word: str, model: str | None, n: int) -> Request[NeighbourList]:
    """The nearest words of a model's vocabulary."""
    params: dict[str, str | int] = {"n": n} if model is None else {"n": n, "model": model}
    path = f"/v1/vocabulary/{quote(word, safe='')}/neighbours"
    return Request(method="GET", path=path, read=NeighbourList.model_validate_json, params=params)


def result(job_id: str, document_id: str) -> Request[Report | Failure]:
    """How one document ended."""
    path = f"{_of(job_id, 'results')}/{quote(document_id, safe='')}"
    return Request(method="GET", path=path, read=RESULT.validate_json)


def results(job_id: str, place: Mapping[str, str]) -> Request[None]:
    """A stretch of results, which is read as it comes."""
    return Request(method="GET", path=_of(job_id, "results"), read=lambda _: None, params=place)


def _of(job_id: str, what: str = "") -> str:
    path = f"/v1/jobs/{quote(job_id, safe='')}"
    return f"{path}/{what}" if what else path
