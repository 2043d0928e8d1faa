"""The client for code that awaits."""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterable, Awaitable, Callable, Iterable
from contextlib import aclosing
from inspect import isawaitable
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
from bifocal.client.upload import AsyncFileUpload, AsyncUpload
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

AnyUpload = AsyncUpload | AsyncFileUpload


#: Called with a job at every look; what it returns is awaited, if that can be.
Progress = Callable[[Job], object]


class AsyncClient:
    """`Client` for asyncio: the same verbs, the same retries, the same errors.

    Documents may come from an async iterable too, and results are async iterators. One client serves any
    number of tasks.
    """

    def __init__(
        self,
        url: str | None = None,
        *,
        api_key: str | None = None,
        timeout_s: float = 600.0,
        retry_for_s: float | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        connection = Connection.of(url, api_key, timeout_s, retry_for_s)
        self.url = connection.url
        self._timeout_s = timeout_s
        self._retries = Retries(for_s=connection.retry_for_s, clock=clock)
        self._sleep = sleep
        self._http = httpx.AsyncClient(
            base_url=connection.url,
            headers=connection.headers,
            timeout=connection.timeout,
            transport=transport,
        )

    async def __aenter__(self) -> "AsyncClient":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def submit(
        self,
        documents: Iterable[Document] | AsyncIterable[Document],
        options: Options | None = None,
        terms: Iterable[str] = (),
        *,
        deadline_s: float | None = None,
        priority: Priority = Priority.BULK,
        webhook: Webhook | None = None,
        idempotency_key: str | None = None,
    ) -> Job:
        """Hand over documents as one job; returns as soon as they are accepted."""
        header = requests.header_line(options, list(terms), deadline_s, priority, webhook)
        with AsyncUpload(header, documents) as upload:
            return await self._ask(requests.submission(idempotency_key), upload)

    async def submit_files(
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
        """Hand over files of any format that is read as one job."""
        form = requests.form_of(paths, options, list(terms), reading, deadline_s, priority, webhook)
        try:
            return await self._ask(requests.file_submission(form, idempotency_key), AsyncFileUpload(form))
        except OSError as error:
            raise UnreadableSource(f"{error.filename or 'a file'}: {error.strerror or error}") from error

    async def text(self, job_id: str, document_id: str) -> str:
        """The text of a document, which offsets in its report point into."""
        return await self._ask(requests.text(job_id, document_id))

    async def job(self, job_id: str) -> Job:
        """How far a job is."""
        return await self._ask(requests.job(job_id))

    async def jobs(
        self, *, limit: int | None = None, state: JobState | None = None
    ) -> AsyncGenerator[Job, None]:
        """One's jobs, the latest first, up to `limit`; with `state` those that are in it."""
        pages = requests.JobPages(limit, state)
        while (request := pages.request()) is not None:
            for job in pages.take(await self._ask(request)):
                yield job

    async def wait(self, job_id: str, *, progress: Progress | None = None) -> Job:
        """Wait until a job has ended; `progress` is called at every look."""
        async for job in self._looks(job_id, watched=progress is not None):
            await _tell(progress, job)
        return job

    async def results(self, job_id: str) -> AsyncGenerator[Report | Failure, None]:
        """Reports and failures, in order, as far as they are there by now, without holding them all."""
        async with aclosing(self._stretch(ResultStream(job_id))) as stretch:
            async for result in stretch:
                yield result

    async def follow(
        self, job_id: str, *, progress: Progress | None = None
    ) -> AsyncGenerator[Report | Failure, None]:
        """Every report and failure of a job, in order, as they come; ends with the job."""
        reading = ResultStream(job_id)
        async for job in self._looks(job_id, watched=True):
            await _tell(progress, job)
            async with aclosing(self._stretch(reading)) as stretch:
                async for result in stretch:
                    yield result

    async def summary(self, job_id: str) -> BatchReport:
        """What the documents of a job that have a report by now say as a whole."""
        return await self._ask(requests.summary(job_id))

    async def result(self, job_id: str, document_id: str) -> Report | Failure:
        """How one document ended, by its id."""
        return await self._ask(requests.result(job_id, document_id))

    async def export(
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
            await self._download(requests.export(job_id, ExportFormat(form), table), file)
        return Path(path)

    async def cancel(self, job_id: str) -> Job:
        """Let no more documents of a job be begun; those that are not read end as `canceled`."""
        return await self._ask(requests.cancel(job_id))

    async def retry(self, job_id: str, *, idempotency_key: str | None = None) -> Job:
        """Try the documents of an ended job again that failed, as a job of their own."""
        return await self._ask(requests.retry(job_id, idempotency_key))

    async def delete(self, job_id: str) -> None:
        """Remove a job with all that it left."""
        await self._ask(requests.delete(job_id))

    async def compare(
        self,
        documents: Iterable[Document] | AsyncIterable[Document],
        options: Options | None = None,
        terms: Iterable[str] = (),
    ) -> AsyncGenerator[Report | Failure, None]:
        """Submit documents and yield how each of them ends."""
        job = await self.submit(documents, options, terms)
        async with aclosing(self.follow(job.id)) as following:
            async for result in following:
                yield result

    async def compare_text(self, text: str, options: Options | None = None) -> Report:
        """The report of one text, at once."""
        found = await self._ask(requests.comparison(text, options))
        if isinstance(found, Job):
            return only_report([result async for result in self.follow(found.id)])
        return found

    async def readiness(self) -> dict[str, object]:
        """Whether a job submitted now would be worked on, and by how many workers of each stage."""
        return await self._ask(requests.readiness())

    async def models(self) -> ModelList:
        """What can be compared with."""
        return await self._ask(requests.models())

    async def neighbours(self, word: str, model: str | None = None, *, n: int = 10) -> NeighbourList:
        """The nearest words of a static model's vocabulary, by default of the default one."""
        return await self._ask(requests.neighbours(word, model, n))

    # --- sending ------------------------------------------------------------------------------

    async def _ask(self, request: Request[Answer], upload: AnyUpload | None = None) -> Answer:
        return request.answer((await self._send(request, upload)).content)

    async def _send(
        self,
        request: Request[Any],
        upload: AnyUpload | None = None,
        *,
        stream: bool = False,
    ) -> httpx.Response:
        attempts = self._retries.attempts()
        while True:
            built = request.built(self._http, upload.chunks() if upload else None)
            try:
                response = await self._http.send(built, stream=stream)
                status = response.status_code
                if (
                    response.is_success
                    or status in request.also_answered_by
                    or (attempts.n_failed and status in request.done_before)
                ):
                    return response
                await response.aread()
                fault = faults.of_answer(response)
            except httpx.RequestError as error:
                if upload is not None and upload.broke:
                    raise
                fault = faults.of_transport(self.url, error)
            await self._sleep(attempts.pause_s(fault))

    async def _looks(self, job_id: str, *, watched: bool) -> AsyncGenerator[Job, None]:
        looks = Looks(job_id, self._retries.clock, watched=watched, timeout_s=self._timeout_s)
        while True:
            job = await self._ask(looks.request())
            pause_s = looks.pause_s()
            yield job
            if job.state is JobState.ENDED:
                return
            await self._sleep(pause_s)

    async def _stretch(self, reading: ResultStream) -> AsyncGenerator[Report | Failure, None]:
        attempts = self._retries.attempts()
        while True:
            try:
                async with aclosing(await self._send(reading.request(), stream=True)) as response:
                    reading.begin(response.headers)
                    async for chunk in response.aiter_bytes():
                        for result in reading.take(chunk):
                            attempts.progressed()
                            yield result
                for result in reading.end():
                    yield result
            except httpx.RequestError as error:
                fault = faults.of_transport(self.url, error)
            else:
                return
            await self._sleep(attempts.pause_s(fault))

    async def _download(self, request: Request[None], file: IO[bytes]) -> None:
        attempts = self._retries.attempts()
        while True:
            file.seek(0)
            file.truncate()
            try:
                async with aclosing(await self._send(request, stream=True)) as response:
                    async for chunk in response.aiter_bytes():
                        await asyncio.to_thread(file.write, chunk)
            except httpx.RequestError as error:
                fault = faults.of_transport(self.url, error)
            else:
                return
            await self._sleep(attempts.pause_s(fault))


async def _tell(progress: Progress | None, job: Job) -> None:
    if progress is not None and isawaitable(told := progress(job)):
        await told
