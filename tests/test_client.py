"""Both clients against a real gateway, and a network that cuts their connections."""

import asyncio
import logging
import socket
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from urllib.parse import urlsplit

import pytest
import uvicorn
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from bifocal import AsyncClient, Client, Document, EmbeddedStack, Failure, Job, Options, Report
from bifocal.contracts import JobCounts, JobState
from bifocal.errors import GatewayUnreachable, UnknownJob
from cutting_proxy import CuttingProxy

pytestmark = pytest.mark.stack

QUICK = Options(permutations=0)

Results = list[Report | Failure]


@pytest.fixture(scope="module")
def documents() -> list[Document]:
    """As many as make three parts of results, the first of them a failure."""
    texts = ["", *(f"Cat number {n} sat on the mat." for n in range(40))]
    return [Document(id=f"d{n}", text=text) for n, text in enumerate(texts)]


@pytest.fixture(scope="module")
def ended(client: Client, documents: list[Document]) -> Job:
    return client.wait(client.submit(iter(documents), QUICK).id)


@pytest.fixture(scope="module")
def whole(client: Client, ended: Job) -> Results:
    return list(client.results(ended.id))


def read(url: str, verb: Callable[[Client], Iterator[Report | Failure]]) -> Results:
    with Client(url) as client:
        return list(verb(client))


def read_async(url: str, verb: Callable[[AsyncClient], AsyncIterator[Report | Failure]]) -> Results:
    async def main() -> Results:
        async with AsyncClient(url) as client:
            return [result async for result in verb(client)]

    return asyncio.run(main())


both = pytest.mark.parametrize("read", [read, read_async], ids=["waiting", "awaiting"])


def cutting(stack: EmbeddedStack, **cuts: object) -> CuttingProxy:
    address = urlsplit(stack.url)
    assert address.hostname
    assert address.port
    return CuttingProxy((address.hostname, address.port), **cuts)  # type: ignore[arg-type]


def size(results: Results) -> int:
    return sum(len(result.model_dump_json()) for result in results)


@both
@pytest.mark.parametrize("verb", ["results", "follow"])
def test_results_are_whole_however_often_the_connection_breaks(
    read: Callable[..., Results], verb: str, stack: EmbeddedStack, ended: Job, whole: Results
) -> None:
    # Within the head, within the first line, and again and again within the body: each attempt gets further.
    cuts = [50, 500, *[size(whole) // 6] * 5]
    with cutting(stack, of=b"/results", answers=cuts) as proxy:
        assert read(proxy.url, lambda client: getattr(client, verb)(ended.id)) == whole
    assert proxy.n_cut == len(cuts)


@both
def test_a_job_is_followed_while_it_runs_and_connections_break(
    read: Callable[..., Results], stack: EmbeddedStack, documents: list[Document], whole: Results
) -> None:
    with cutting(stack, of=b"/results", answers=[300, 20_000, 300]) as proxy:
        assert read(proxy.url, lambda client: client.compare(iter(documents), QUICK)) == whole
    assert proxy.n_cut == 3


@both
def test_documents_that_can_be_taken_once_become_one_job_though_the_upload_breaks_off(
    read: Callable[..., Results], stack: EmbeddedStack, documents: list[Document], whole: Results
) -> None:
    with cutting(stack, of=b"POST /v1/jobs ", requests=[100, 2_000]) as proxy:
        assert read(proxy.url, lambda client: client.compare(iter(documents), QUICK)) == whole
    assert proxy.n_cut == 2


@both
def test_a_submission_whose_answer_is_lost_is_one_job(
    read: Callable[..., Results],
    stack: EmbeddedStack,
    client: Client,
    documents: list[Document],
    whole: Results,
) -> None:
    before = {job.id for job in client.jobs()}
    with cutting(stack, of=b"POST /v1/jobs ", answers=[0, 40]) as proxy:
        assert read(proxy.url, lambda client: client.compare(iter(documents[:3]), QUICK)) == whole[:3]
    assert proxy.n_cut == 2
    assert len({job.id for job in client.jobs()} - before) == 1


class Full:
    """A gateway that refuses submissions before it has read them, up to a number; then takes one in."""

    def __init__(self, refusals: int) -> None:
        self._refusals = refusals
        self.taken_in: list[bytes] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._refusals:
            self._refusals -= 1
            await JSONResponse({"code": "too_many_waiting", "detail": "full"}, 429)(scope, receive, send)
            return
        self.taken_in.append(await Request(scope, receive).body())
        counts = JobCounts(total=1, succeeded=1)
        job = Job(
            id="j",
            state=JobState.ENDED,
            counts=counts,
            options=QUICK,
            created_at=datetime(2026, 1, 1, tzinfo=UTC),
        )
        await Response(job.model_dump_json(), 202)(scope, receive, send)


@contextmanager
def serving(app: Full) -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="off"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


def many() -> Iterator[Document]:
    """More than fits in the buffers of a connection."""
    return (Document(id=str(n), text="A cat. " * 200) for n in range(8_000))


async def submit_async(url: str) -> Job:
    async with AsyncClient(url) as client:
        return await client.submit(many(), QUICK)


def test_an_upload_that_is_refused_under_way_is_sent_again_from_its_beginning() -> None:
    app = Full(refusals=2)
    with serving(app) as url, Client(url) as client:
        assert client.submit(many(), QUICK).id == "j"
    app._refusals = 2
    with serving(app) as url:
        assert asyncio.run(submit_async(url)).id == "j"
    one, other = app.taken_in
    assert one == other
    assert [Document.model_validate_json(line) for line in one.splitlines()[1:]] == list(many())


def test_a_stretch_that_never_gets_on_is_given_up(stack: EmbeddedStack, ended: Job) -> None:
    with (
        cutting(stack, of=b"/results", answers=[400] * 100) as proxy,
        Client(proxy.url, retry_for_s=0.5) as client,
        pytest.raises(GatewayUnreachable, match="broke off"),
    ):
        list(client.results(ended.id))


def test_each_attempt_is_told_in_the_log(
    stack: EmbeddedStack, ended: Job, caplog: pytest.LogCaptureFixture
) -> None:
    with (
        caplog.at_level(logging.WARNING),
        cutting(stack, of=b"/results", answers=[400]) as proxy,
        Client(proxy.url) as client,
    ):
        list(client.results(ended.id))
    (told,) = [record for record in caplog.records if record.name == "bifocal.client"]
    assert "broke off" in told.message
    assert "trying again in" in told.message


def test_documents_of_an_async_iterable_are_compared_beside_other_jobs(
    stack: EmbeddedStack, documents: list[Document], whole: Results
) -> None:
    async def arriving() -> AsyncIterator[Document]:
        for document in documents[:6]:
            await asyncio.sleep(0)
            yield document

    async def one(client: AsyncClient) -> Results:
        return [result async for result in client.compare(arriving(), QUICK)]

    async def main() -> None:
        async with stack.async_client() as client:
            assert await asyncio.gather(*(one(client) for _ in range(3))) == [whole[:6]] * 3

    asyncio.run(main())


def test_the_verbs_that_await_say_what_those_say_that_wait(
    client: Client, stack: EmbeddedStack, ended: Job, documents: list[Document]
) -> None:
    looks: list[JobState] = []

    async def look(job: Job) -> None:
        looks.append(job.state)

    async def main() -> None:
        async with stack.async_client() as awaiting:
            assert await awaiting.job(ended.id) == ended
            assert await awaiting.wait(ended.id, progress=look) == ended
            assert await awaiting.summary(ended.id) == client.summary(ended.id)
            with pytest.raises(UnknownJob):
                await awaiting.job("nobody")
            job = await awaiting.submit(documents[:3], QUICK, deadline_s=60)
            assert (await awaiting.wait(job.id)).counts.total == 3

    asyncio.run(main())
    assert looks == [JobState.ENDED]


def test_who_has_seen_enough_can_leave(stack: EmbeddedStack, ended: Job, whole: Results) -> None:
    async def main() -> None:
        async with stack.async_client() as client:
            async for result in client.follow(ended.id):
                assert result == whole[0]
                break
            assert (await client.job(ended.id)) == ended

    asyncio.run(main())
    with stack.client() as client:
        assert next(client.follow(ended.id)) == whole[0]
        assert client.job(ended.id) == ended
