"""The Python client of a gateway."""

import json
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import asdict
from itertools import chain
from pathlib import Path
from types import TracebackType
from urllib.parse import quote

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
from bifocal.errors import BifocalError, GatewayUnreachable, InternalError, UnreadableSource
from bifocal.files import Reading
from bifocal.files.form import Form
from bifocal.files.names import name_of
from bifocal.settings import settings

#: Between looks at a job: from the first to the longest.
_FIRST_LOOK_S, _LONGEST_LOOK_S = 0.02, 0.5


#: Lines of JSON, of which the gateway takes any number.
_NDJSON = "application/x-ndjson"

#: A batch report of very many pairs takes a while, and nothing is sent meanwhile.
_SUMMARY_TIMEOUT = httpx.Timeout(60.0, read=None)

#: The answer to an upload comes when all of its files have been read.
_FILES_TIMEOUT = httpx.Timeout(60.0, read=None)


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
    ) -> Job:
        """Hand over documents as one job; returns as soon as they are accepted.

        They are sent as they come, so any number of them takes no memory.

        `terms` go with the option `candidates: terms`; what has no report `deadline_s` seconds later ends as
        a failure.
        """
        header: dict[str, object] = {
            "options": (options or Options()).model_dump(mode="json"),
            "terms": list(terms),
        }
        if deadline_s is not None:
            header["deadline_s"] = deadline_s
        lines = chain([json.dumps(header)], (document.model_dump_json() for document in documents))
        body = (f"{line}\n".encode() for line in lines)
        with self._translated():
            response = self._http.post("/v1/jobs", content=body, headers={"Content-Type": _NDJSON})
        if response.is_error:
            raise _problem(response)
        return Job.model_validate_json(response.content)

    def submit_files(
        self,
        paths: Iterable[str | Path],
        options: Options | None = None,
        terms: Iterable[str] = (),
        *,
        deadline_s: float | None = None,
        reading: Reading | None = None,
    ) -> Job:
        """Hand over files of any format that is read as one job; the gateway finds the texts in them.

        They are sent from the disk as they are read. Their documents go by the paths as given; what cannot be
        read ends as a failure. `reading` says which columns of tables hold what, and the encoding of texts.

        Raises:
            UnreadableSource: one of them is not there, or cannot be opened.
        """
        fields: dict[str, object] = {
            "options": (options or Options()).model_dump(mode="json"),
            "terms": list(terms),
            "reading": asdict(reading or Reading()),
        }
        if deadline_s is not None:
            fields["deadline_s"] = deadline_s
        form = Form(fields, [(name_of(Path(path)), Path(path)) for path in paths])
        try:
            with self._translated():
                response = self._http.post(
                    "/v1/jobs",
                    content=iter(form),
                    headers={"Content-Type": form.content_type},
                    timeout=_FILES_TIMEOUT,
                )
        except OSError as error:
            raise UnreadableSource(f"{error.filename or 'a file'}: {error.strerror or error}") from error
        if response.is_error:
            raise _problem(response)
        return Job.model_validate_json(response.content)

    def text(self, job_id: str, document_id: str) -> str:
        """The text of a document, which offsets in its report point into."""
        path = f"/v1/jobs/{job_id}/documents/{quote(document_id)}/text"
        return self._request("GET", path).content.decode("utf-8")

    def job(self, job_id: str) -> Job:
        """How far a job is."""
        return Job.model_validate_json(self._request("GET", f"/v1/jobs/{job_id}").content)

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
        timeout: httpx.Timeout | None = None,
    ) -> httpx.Response:
        with self._translated():
            response = self._http.request(method, path, timeout=timeout or httpx.USE_CLIENT_DEFAULT)
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
