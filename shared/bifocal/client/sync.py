"""The client for code that waits."""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from pathlib import Path
from types import TracebackType
from typing import IO, Any

import httpx

from bifocal.client import faults, requests
from bifocal.client.connection import Connection
from bifocal.client.files import whole_file
from bifocal.client.looks import Looks
from bifocal.client.requests import Answer, Request
from bifocal.client.results import ResultStream, only_report
from bifocal.client.retries import Retries
from bifocal.client.upload import FileUpload, Upload
from bifocal.contracts import (
    BatchReport,
    Document,
    ExportFormat,
    ExportTable,
    Failure,
    Job,
    JobState,
    ModelList,
    NeighbourList,
    Options,
    Priority,
    Report,
    Webhook,
)
from bifocal.errors import UnreadableSource
from bifocal.files import Reading

AnyUpload = Upload | FileUpload


class Client:
    """Submits documents to a gateway and fetches their reports.

    By default it talks to `BIFOCAL_URL`, or to port 8420 of this machine, with `BIFOCAL_API_KEY`.

    What may pass is tried again, at growing intervals, until `retry_for_s` seconds after the first failure
    (`BIFOCAL_CLIENT_RETRY_FOR_S`, 60): a connection that breaks off or is refused, a gateway that has no room
    or is being started. Nothing is done twice by that. Then, and for all else, every method raises an error
    of `bifocal.errors`: `GatewayUnreachable` when nobody answers, otherwise what the gateway said.
    """

    def __init__(
        self,
        url: str | None = None,
        *,
        api_key: str | None = None,
        timeout_s: float = 600.0,
        retry_for_s: float | None = None,
        transport: httpx.BaseTransport | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        connection = Connection.of(url, api_key, timeout_s, retry_for_s)
        self.url = connection.url
        self._timeout_s = timeout_s
        self._retries = Retries(for_s=connection.retry_for_s, clock=clock)
        self._sleep = sleep
        self._http = httpx.Client(
            base_url=connection.url,
            headers=connection.headers,
            timeout=connection.timeout,
            transport=transport,
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
        priority: Priority = Priority.BULK,
        webhook: Webhook | None = None,
        idempotency_key: str | None = None,
    ) -> Job:
        """Hand over documents as one job; returns as soon as they are accepted.

        They are sent as they come, so any number of them takes no memory. What was sent is kept in a
        temporary file until it is answered, to be sent again if need be.

        `terms` go with the option `candidates: terms`; what has no report `deadline_s` seconds later ends as
        a failure; `webhook` is told when the job has ended. Two calls with the same documents and one
        `idempotency_key` are one job; without a key each call is a job of its own.
        """
        header = requests.header_line(options, list(terms), deadline_s, priority, webhook)
        with Upload(header, documents) as upload:
            return self._ask(requests.submission(idempotency_key), upload)

    def submit_files(
        self,
        paths: Iterable[str | Path],
        options: Options | None = None,
        terms: Iterable[str] = (),
        *,
        reading: Reading | None = None,
        deadline_s: float | None = None,
        priority: Priority = Priority.BULK,
        webhook: Webhook | None = None,
        idempotency_key: str | None = None,
    ) -> Job:
        """Hand over files of any format that is read as one job; the gateway finds the texts in them.

        They are sent from the disk as they are read. Their documents go by the paths as given; what cannot be
        read ends as a failure. `reading` says which columns of tables hold what, and the encoding of texts.

        Raises:
            UnreadableSource: one of them is not there, or cannot be opened.
        """
        form = requests.form_of(paths, options, list(terms), reading, deadline_s, priority, webhook)
        try:
            return self._ask(requests.file_submission(form, idempotency_key), FileUpload(form))
        except OSError as error:
            raise UnreadableSource(f"{error.filename or 'a file'}: {error.strerror or error}") from error

    def text(self, job_id: str, document_id: str) -> str:
        """The text of a document, which offsets in its report point into."""
        return self._ask(requests.text(job_id, document_id))

    def job(self, job_id: str) -> Job:
        """How far a job is."""
        return self._ask(requests.job(job_id))

    def jobs(self, *, limit: int | None = None, state: JobState | None = None) -> Iterator[Job]:
        """One's jobs, the latest first, up to `limit`; with `state` those that are in it."""
        pages = requests.JobPages(limit, state)
        while (request := pages.request()) is not None:
            yield from pages.take(self._ask(request))

    def wait(self, job_id: str, *, progress: Callable[[Job], object] | None = None) -> Job:
        """Wait until a job has ended; `progress` is called at every look."""
        for job in self._looks(job_id, watched=progress is not None):
            if progress is not None:
                progress(job)
        return job

    def results(self, job_id: str) -> Iterator[Report | Failure]:
        """Reports and failures, in order, as far as they are there by now, without holding them all."""
        yield from self._stretch(ResultStream(job_id))

    def follow(
        self, job_id: str, *, progress: Callable[[Job], object] | None = None
    ) -> Iterator[Report | Failure]:
        """Every report and failure of a job, in order, as they come; ends with the job.

        A connection that breaks off is made anew, and nothing comes twice or is left out.
        """
        reading = ResultStream(job_id)
        for job in self._looks(job_id, watched=True):
            if progress is not None:
                progress(job)
            yield from self._stretch(reading)

    def summary(self, job_id: str) -> BatchReport:
        """What the documents of a job that have a report by now say as a whole."""
        return self._ask(requests.summary(job_id))

    def result(self, job_id: str, document_id: str) -> Report | Failure:
        """How one document ended, by its id."""
        return self._ask(requests.result(job_id, document_id))

    def export(
        self,
        job_id: str,
        form: ExportFormat | str,
        path: Path | str,
        *,
        table: ExportTable = ExportTable.RELATIONS,
    ) -> Path:
        """Write a job that has ended in another format to a file, which is there once it is whole.

        `table` says which, of Parquet and CSV.
        """
        with whole_file(Path(path)) as file:
            self._download(requests.export(job_id, ExportFormat(form), table), file)
        return Path(path)

    def cancel(self, job_id: str) -> Job:
        """Let no more documents of a job be begun; those that are not read end as `canceled`."""
        return self._ask(requests.cancel(job_id))

    def retry(self, job_id: str, *, idempotency_key: str | None = None) -> Job:
        """Try the documents of an ended job again that failed, as a job of their own."""
        return self._ask(requests.retry(job_id, idempotency_key))

    def delete(self, job_id: str) -> None:
        """Remove a job with all that it left."""
        self._ask(requests.delete(job_id))

    def compare(
        self, documents: Iterable[Document], options: Options | None = None, terms: Iterable[str] = ()
    ) -> Iterator[Report | Failure]:
        """Submit documents and yield how each of them ends."""
        yield from self.follow(self.submit(documents, options, terms).id)

    def compare_text(self, text: str, options: Options | None = None) -> Report:
        """The report of one text, at once."""
        found = self._ask(requests.comparison(text, options))
        # A gateway that cannot answer soon makes a job of it.
        return only_report(self.follow(found.id)) if isinstance(found, Job) else found

    def readiness(self) -> dict[str, object]:
        """Whether a job submitted now would be worked on, and by how many workers of each stage."""
        return self._ask(requests.readiness())

    def models(self) -> ModelList:
        """What can be compared with."""
        return self._ask(requests.models())

    def neighbours(self, word: str, model: str | None = None, *, n: int = 10) -> NeighbourList:
        """The nearest words of a static model's vocabulary, by default of the default one."""
        return self._ask(requests.neighbours(word, model, n))

    # --- sending ------------------------------------------------------------------------------

    def _ask(self, request: Request[Answer], upload: AnyUpload | None = None) -> Answer:
        return request.answer(self._send(request, upload).content)

    def _send(
        self, request: Request[Any], upload: AnyUpload | None = None, *, stream: bool = False
    ) -> httpx.Response:
        """The answer to a request that was carried out; with `stream` before its body has come."""
        attempts = self._retries.attempts()
        while True:
            built = request.built(self._http, upload.chunks() if upload else None)
            try:
                response = self._http.send(built, stream=stream)
                status = response.status_code
                if (
                    response.is_success
                    or status in request.also_answered_by
                    or (attempts.n_failed and status in request.done_before)
                ):
                    return response
                response.read()
                fault = faults.of_answer(response)
            except httpx.RequestError as error:
                if upload is not None and upload.broke:
                    raise
                fault = faults.of_transport(self.url, error)
            self._sleep(attempts.pause_s(fault))

    def _looks(self, job_id: str, *, watched: bool) -> Iterator[Job]:
        """The job again and again, the last time when it has ended."""
        looks = Looks(job_id, self._retries.clock, watched=watched, timeout_s=self._timeout_s)
        while True:
            job = self._ask(looks.request())
            pause_s = looks.pause_s()
            yield job
            if job.state is JobState.ENDED:
                return
            self._sleep(pause_s)

    def _stretch(self, reading: ResultStream) -> Iterator[Report | Failure]:
        """Results from where the reading is, as far as they are there."""
        attempts = self._retries.attempts()
        while True:
            try:
                with closing(self._send(reading.request(), stream=True)) as response:
                    reading.begin(response.headers)
                    for chunk in response.iter_bytes():
                        for result in reading.take(chunk):
                            attempts.progressed()
                            yield result
                yield from reading.end()
            except httpx.RequestError as error:
                fault = faults.of_transport(self.url, error)
            else:
                return
            self._sleep(attempts.pause_s(fault))

    def _download(self, request: Request[None], file: IO[bytes]) -> None:
        """The whole body of an answer."""
        attempts = self._retries.attempts()
        while True:
            file.seek(0)
            file.truncate()
            try:
                with closing(self._send(request, stream=True)) as response:
                    file.writelines(response.iter_bytes())
            except httpx.RequestError as error:
                fault = faults.of_transport(self.url, error)
            else:
                return
            self._sleep(attempts.pause_s(fault))
