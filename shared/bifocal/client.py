"""The Python client of a gateway."""

import json
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from itertools import chain
from types import TracebackType

import httpx

from bifocal import errors
from bifocal.contracts import (
    NEXT_PART_HEADER,
    RESULT,
    BatchReport,
    Document,
    Failure,
    Job,
    JobState,
    Options,
    Report,
)
from bifocal.errors import BifocalError, GatewayUnreachable, InternalError
from bifocal.settings import settings

#: Between looks at a job: from the first to the longest.
_FIRST_LOOK_S, _LONGEST_LOOK_S = 0.02, 0.5


#: Lines of JSON, of which the gateway takes any number.
_NDJSON = "application/x-ndjson"

#: A batch report of very many pairs takes a while, and nothing is sent meanwhile.
_SUMMARY_TIMEOUT = httpx.Timeout(60.0, read=None)


class Client:
    """Submits documents to a gateway and fetches their reports.

    By default it talks to `BIFOCAL_URL`, or to port 8420 of this machine, with `BIFOCAL_API_KEY`.
    Every method raises an error of `bifocal.errors`: `GatewayUnreachable` when nobody answers,
    otherwise what the gateway said.
    """

    def __init__(
        self, url: str | None = None, *, api_key: str | None = None, timeout_s: float = 600.0
    ) -> None:
        configured = settings().api_key
        key = api_key or (configured.get_secret_value() if configured else None)
        self.url = url or settings().url or "http://127.0.0.1:8420"
        self._http = httpx.Client(
            base_url=self.url,
            timeout=timeout_s,
            headers={"Authorization": f"Bearer {key}"} if key else {},
        )

    def __enter__(self) -> "Client":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def submit(
        self,
        documents: Iterable[Document],
        options: Options | None = None,
        terms: Iterable[str] = (),
        *,
        deadline_s: float | None = None,
        idempotency_key: str | None = None,
    ) -> Job:
        """Hand over documents as one job; returns as soon as they are accepted.

        They are sent as they come, so any number of them takes no memory.

        `terms` go with the option `candidates: terms`; what has no report `deadline_s` seconds later ends as
        a failure. Handed over again with the same `idempotency_key`, they are the same job.
        """
        header: dict[str, object] = {
            "options": (options or Options()).model_dump(mode="json"),
            "terms": list(terms),
        }
        if deadline_s is not None:
            header["deadline_s"] = deadline_s
        lines = chain([json.dumps(header)], (document.model_dump_json() for document in documents))
        body = (f"{line}\n".encode() for line in lines)
        headers = {"Content-Type": _NDJSON}
        if idempotency_key is not None:
            headers["Idempotency-Key"] = idempotency_key
        with self._translated():
            response = self._http.post("/v1/jobs", content=body, headers=headers)
        if response.is_error:
            raise _problem(response)
        return Job.model_validate_json(response.content)

    def job(self, job_id: str) -> Job:
        """How far a job is."""
        return Job.model_validate_json(self._request("GET", f"/v1/jobs/{job_id}").content)

    def jobs(self, state: JobState | None = None) -> Iterator[Job]:
        """Jobs that are known, as the gateway orders them; those of one state, if one is named."""
        cursor: str | None = None
        while True:
            asked = {"state": state, "cursor": cursor}
            params = {name: value for name, value in asked.items() if value is not None}
            page = self._request("GET", "/v1/jobs", params=params).json()
            yield from (Job.model_validate(one) for one in page["jobs"])
            cursor = page["next"]
            if cursor is None:
                return

    def cancel(self, job_id: str) -> Job:
        """End a job before its time: what has no report by then ends without one."""
        return Job.model_validate_json(self._request("POST", f"/v1/jobs/{job_id}/cancel").content)

    def readiness(self) -> dict[str, object]:
        """Whether a job submitted now would be worked on, and by how many workers of each stage."""
        with self._translated():
            response = self._http.get("/readyz")
        if response.status_code not in {200, 503}:
            raise _problem(response)
        found: dict[str, object] = response.json()
        return found

    def wait(self, job_id: str, *, on_progress: Callable[[Job], None] | None = None) -> Job:
        """Wait until a job has ended; `on_progress` is called at every look."""
        for job in self._looks(job_id):
            if on_progress is not None:
                on_progress(job)
        return job

    def results(self, job_id: str) -> Iterator[Report | Failure]:
        """Reports and failures that there are by now, without holding them all."""
        yield from self._stretch(job_id, None)

    def follow(
        self, job_id: str, *, on_progress: Callable[[Job], None] | None = None
    ) -> Iterator[Report | Failure]:
        """Every report and failure of a job, in order, as they come; ends with the job."""
        part = 0
        for job in self._looks(job_id):
            if on_progress is not None:
                on_progress(job)
            part = yield from self._stretch(job_id, part)

    def summary(self, job_id: str) -> BatchReport:
        """What the documents of a job that have a report by now say as a whole."""
        return BatchReport.model_validate_json(
            self._request("GET", f"/v1/jobs/{job_id}/summary", timeout=_SUMMARY_TIMEOUT).content
        )

    def compare(
        self, documents: Iterable[Document], options: Options | None = None, terms: Iterable[str] = ()
    ) -> Iterator[Report | Failure]:
        """Submit documents and yield how each of them ends."""
        yield from self.follow(self.submit(documents, options, terms).id)

    def _looks(self, job_id: str) -> Iterator[Job]:
        """The job again and again, the last time when it has ended."""
        pause_s = _FIRST_LOOK_S
        while True:
            job = self.job(job_id)
            yield job
            if job.state is JobState.ENDED:
                return
            time.sleep(pause_s)
            pause_s = min(pause_s * 1.3, _LONGEST_LOOK_S)

    def _stretch(self, job_id: str, from_part: int | None) -> Generator[Report | Failure, None, int]:
        """Results from a part on; returns the part that is still to come."""
        params = {} if from_part is None else {"from_part": from_part}
        path = f"/v1/jobs/{job_id}/results"
        with self._translated(), self._http.stream("GET", path, params=params) as response:
            if response.is_error:
                response.read()
                raise _problem(response)
            for line in _lines(response.iter_bytes()):
                yield RESULT.validate_json(line)
            return int(response.headers[NEXT_PART_HEADER])

    def _request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        timeout: httpx.Timeout | None = None,
    ) -> httpx.Response:
        with self._translated():
            response = self._http.request(
                method, path, params=params, timeout=timeout or httpx.USE_CLIENT_DEFAULT
            )
        if response.is_error:
            raise _problem(response)
        return response

    def _translated(self) -> "_Translated":
        return _Translated(self.url)


def _lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Lines by line feed alone; httpx's own also end at U+2028 and the like, which JSON holds as they are."""
    rest = b""
    for chunk in chunks:
        *whole, rest = (rest + chunk).split(b"\n")
        yield from whole
    if rest:
        yield rest


class _Translated:
    """Turns httpx's errors of transport into ours."""

    def __init__(self, url: str) -> None:
        self._url = url

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, httpx.TransportError):
            raise GatewayUnreachable(
                f"no gateway answers at {self._url} ({type(error).__name__}); start one with `bifocal serve`"
            ) from error


def _problem(response: httpx.Response) -> BifocalError:
    """The error of the tree that a problem response names."""
    try:
        body = response.json()
        code, message = str(body["code"]), str(body["detail"])
    except (ValueError, KeyError, TypeError):
        return InternalError(f"the gateway answered {response.status_code}: {response.text[:200]}")
    return errors.by_code(code)(message)
