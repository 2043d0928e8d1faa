"""What the clients try again, when, and what they send: both of them, against a gateway that is played."""

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bifocal import AsyncClient, Client, Document, Job
from bifocal.client.faults import Fault
from bifocal.client.retries import Retries
from bifocal.client.upload import Upload
from bifocal.contracts import NEXT_CURSOR_HEADER, ErrorDetail, Failure, JobCounts, JobState, Options
from bifocal.errors import (
    BifocalError,
    GatewayUnreachable,
    InternalError,
    MissingExtra,
    TooManyWaiting,
    Unauthorized,
    UnknownJob,
    WorkerLost,
)
from report_builder import build_report

JOB = Job(
    id="j",
    state=JobState.ENDED,
    counts=JobCounts(total=1, succeeded=1),
    options=Options(),
    created_at=datetime(2026, 1, 1, tzinfo=UTC),
)
DOCUMENTS = [Document(id=str(n), text="A cat sat on a mat. " * 20) for n in range(2_000)]


class Told:
    """An answer, made anew each time it is given: httpx's can be read once."""

    def __init__(self, status: int, **made_of: Any) -> None:
        self.status, self.made_of = status, made_of

    def __repr__(self) -> str:
        return f"{self.status} {self.made_of.get('json', {}).get('code', '')}"

    def __call__(self) -> httpx.Response:
        made_of = {name: part() if isinstance(part, type) else part for name, part in self.made_of.items()}
        return httpx.Response(self.status, **made_of)


Played = Told | Exception


class Gateway:
    """Answers requests with what is played, one after the other, and remembers what was asked."""

    def __init__(self, *answers: Played) -> None:
        self.answers = list(answers)
        self.asked: list[httpx.Request] = []
        self.bodies: list[bytes] = []
        self.now_s = 1_000.0
        self.slept_s: list[float] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        self.bodies.append(request.content)
        played = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(played, Exception):
            raise played
        return played()

    def clock(self) -> float:
        return self.now_s

    def sleep(self, for_s: float) -> None:
        self.slept_s.append(for_s)
        self.now_s += for_s

    async def async_sleep(self, for_s: float) -> None:
        self.sleep(for_s)


def problem(status: int, code: str, headers: dict[str, str] | None = None, **more: object) -> Told:
    return Told(status, json={"code": code, "detail": f"it is {code}", **more}, headers=headers)


def job() -> Told:
    return Told(202, content=JOB.model_dump_json())


Ask = Callable[[Any], Any]
Talk = Callable[..., Any]


def talk(gateway: Gateway, ask: Ask, **options: Any) -> Any:
    with Client(
        "http://gateway",
        transport=httpx.MockTransport(gateway),
        clock=gateway.clock,
        sleep=gateway.sleep,
        **options,
    ) as client:
        found = ask(client)
        return list(found) if isinstance(found, Iterator) else found


def talk_async(gateway: Gateway, ask: Ask, **options: Any) -> Any:
    async def main() -> Any:
        async with AsyncClient(
            "http://gateway",
            transport=httpx.MockTransport(gateway),
            clock=gateway.clock,
            sleep=gateway.async_sleep,
            **options,
        ) as client:
            found = ask(client)
            if isinstance(found, AsyncIterator):
                return [one async for one in found]
            assert isinstance(found, Awaitable)
            return await found

    return asyncio.run(main())


both = pytest.mark.parametrize("talk", [talk, talk_async], ids=["waiting", "awaiting"])


@both
@pytest.mark.parametrize(
    "fault",
    [
        httpx.ConnectError("refused"),
        httpx.ReadError("reset"),
        httpx.ReadTimeout("slow"),
        httpx.RemoteProtocolError("cut"),
        problem(429, "too_many_waiting"),
        problem(503, "store_full", retryable=True),
        problem(409, "idempotency_in_flight"),
        Told(502, text="<html>bad gateway</html>"),
        Told(503, text="starting"),
        Told(504),
    ],
    ids=repr,
)
def test_what_may_pass_is_tried_again(talk: Talk, fault: Played) -> None:
    gateway = Gateway(fault, fault, job())
    assert talk(gateway, lambda client: client.job("j")) == JOB
    assert len(gateway.asked) == 3
    assert len(gateway.slept_s) == 2


@both
@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (problem(401, "unauthorized"), Unauthorized),
        (problem(404, "unknown_job"), UnknownJob),
        (problem(409, "job_in_progress"), BifocalError),
        (problem(422, "idempotency_mismatch"), BifocalError),
        (problem(503, "missing_extra", retryable=False), MissingExtra),
        (problem(500, "internal_error", retryable=True), InternalError),
        (Told(307, headers={"Location": "https://elsewhere"}), InternalError),
        (Told(200, text="<html>another server</html>"), InternalError),
        (httpx.UnsupportedProtocol("htp://"), GatewayUnreachable),
        (httpx.LocalProtocolError("a header of ours"), GatewayUnreachable),
    ],
    ids=repr,
)
def test_what_will_not_pass_is_raised_at_once(talk: Talk, fault: Played, error: type[BifocalError]) -> None:
    gateway = Gateway(fault)
    with pytest.raises(error):
        talk(gateway, lambda client: client.job("j"))
    assert (len(gateway.asked), gateway.slept_s) == (1, [])


@both
def test_it_is_tried_for_as_long_as_was_said_and_then_raised(talk: Talk) -> None:
    gateway = Gateway(problem(429, "too_many_waiting"))
    with pytest.raises(TooManyWaiting, match="it is too_many_waiting"):
        talk(gateway, lambda client: client.job("j"), retry_for_s=20)
    assert gateway.now_s == 1_020
    assert len(gateway.asked) == len(gateway.slept_s) + 1 > 3


@both
def test_no_time_to_try_again_is_no_second_attempt(talk: Talk) -> None:
    gateway = Gateway(httpx.ConnectError("refused"))
    with pytest.raises(GatewayUnreachable):
        talk(gateway, lambda client: client.job("j"), retry_for_s=0)
    assert len(gateway.asked) == 1


@both
def test_a_gateway_is_left_alone_for_as_long_as_it_asks(talk: Talk) -> None:
    said = datetime(2026, 1, 1, 12, 0, 0, tzinfo=UTC)
    dated = {
        "Retry-After": format_datetime(said + timedelta(seconds=7), usegmt=True),
        "Date": format_datetime(said, usegmt=True),
    }
    gateway = Gateway(
        problem(429, "too_many_waiting", {"Retry-After": "3"}),
        problem(503, "store_full", dated),
        job(),
    )
    talk(gateway, lambda client: client.job("j"))
    first_s, second_s = gateway.slept_s
    assert 3 <= first_s <= 3.25
    assert 7 <= second_s <= 7.5


@both
def test_a_wait_that_is_longer_than_there_is_time_is_not_begun(talk: Talk) -> None:
    gateway = Gateway(problem(503, "store_full", {"Retry-After": "3600"}))
    with pytest.raises(BifocalError, match="store_full"):
        talk(gateway, lambda client: client.job("j"))
    assert gateway.slept_s == []


@both
def test_what_cannot_be_read_of_a_retry_after_counts_for_nothing(talk: Talk) -> None:
    gateway = Gateway(problem(503, "store_full", {"Retry-After": "soon"}), job())
    talk(gateway, lambda client: client.job("j"))
    assert gateway.slept_s[0] <= 0.25


def fault(retry_after_s: float | None = None) -> Fault:
    return Fault(error=GatewayUnreachable("away"), may_pass=True, retry_after_s=retry_after_s)


@given(st.lists(st.floats(0, 1, exclude_max=True), max_size=40), st.floats(0, 5))
def test_pauses_are_drawn_below_a_bound_that_doubles_up_to_the_longest(
    drawn: list[float], retry_after_s: float
) -> None:
    numbers = iter(drawn)
    policy = Retries(for_s=1e9, first_s=0.5, longest_s=8, clock=lambda: 0.0, draw=lambda: next(numbers))
    attempts = policy.attempts()
    for n, number in enumerate(drawn):
        expected_s = retry_after_s + number * min(8, 0.5 * 2**n)
        assert attempts.pause_s(fault(retry_after_s)) == pytest.approx(expected_s)


def test_after_progress_the_time_begins_anew() -> None:
    now_s = 0.0
    attempts = Retries(for_s=10, draw=lambda: 1.0, clock=lambda: now_s).attempts()
    attempts.pause_s(fault())
    now_s = 11
    attempts.progressed()
    assert attempts.pause_s(fault()) == 0.25
    now_s = 22
    with pytest.raises(GatewayUnreachable):
        attempts.pause_s(fault())


# --- submission -------------------------------------------------------------------------------


def once(documents: list[Document]) -> Iterator[Document]:
    yield from documents


async def once_async(documents: list[Document]) -> AsyncIterator[Document]:
    for document in documents:
        yield document


@pytest.mark.parametrize(
    ("talk", "taken"),
    [(talk, once), (talk, list), (talk_async, once), (talk_async, list), (talk_async, once_async)],
)
def test_documents_that_can_be_taken_once_are_sent_again_to_the_byte_under_the_same_key(
    talk: Talk, taken: Callable[[list[Document]], Any]
) -> None:
    # The answer is lost, then there is no room.
    gateway = Gateway(httpx.ReadError("reset"), problem(503, "store_full"), job())
    assert talk(gateway, lambda client: client.submit(taken(DOCUMENTS), deadline_s=9)) == JOB
    assert len(gateway.bodies) == 3
    assert gateway.bodies[0] == gateway.bodies[1] == gateway.bodies[2]
    header, *lines = gateway.bodies[0].splitlines()
    assert json.loads(header)["deadline_s"] == 9
    assert [Document.model_validate_json(line) for line in lines] == DOCUMENTS
    assert len({request.headers["Idempotency-Key"] for request in gateway.asked}) == 1


@both
def test_each_submission_has_a_key_of_its_own_unless_one_is_given(talk: Talk) -> None:
    gateway = Gateway(job())
    for _ in range(2):
        talk(gateway, lambda client: client.submit(DOCUMENTS[:1]))
    talk(gateway, lambda client: client.submit(DOCUMENTS[:1], idempotency_key="mine"))
    one, other, mine = (request.headers["Idempotency-Key"] for request in gateway.asked)
    assert one != other
    assert mine == "mine"


@both
def test_documents_that_break_off_are_no_job(talk: Talk) -> None:
    def broken() -> Iterator[Document]:
        yield DOCUMENTS[0]
        # Who reads documents over HTTP may meet the very errors that the client tries again.
        raise httpx.ReadError("the source is gone")

    gateway = Gateway(job())
    with pytest.raises(httpx.ReadError, match="the source is gone"):
        talk(gateway, lambda client: client.submit(broken()))
    assert gateway.slept_s == []


@given(
    st.lists(st.integers(0, 40_000), max_size=12),
    st.lists(st.integers(0, 6), max_size=6),
)
def test_whatever_was_sent_of_a_body_the_next_attempt_sends_all_of_it(
    sizes: list[int], sent: list[int]
) -> None:
    documents = [Document(id=str(n), text="é" * size) for n, size in enumerate(sizes)]
    with Upload(b"{}\n", once(documents)) as upload:
        for n_chunks in sent:
            attempt = upload.chunks()
            for _ in zip(range(n_chunks), attempt, strict=False):
                pass
        whole = b"".join(upload.chunks())
    assert whole == b"{}\n" + b"".join(d.model_dump_json().encode() + b"\n" for d in documents)


# --- the other verbs --------------------------------------------------------------------------


def page(names: list[str], following: str | None) -> Told:
    jobs = [JOB.model_copy(update={"id": name}).model_dump(mode="json") for name in names]
    return Told(200, json={"schema_version": 1, "jobs": jobs, "next": following})


@both
def test_jobs_come_page_by_page_and_no_more_than_are_wanted(talk: Talk) -> None:
    gateway = Gateway(page(["a", "b"], "x"), page([], "y"), page(["c", "d"], "z"))
    found = talk(gateway, lambda client: client.jobs(limit=3, state=JobState.ENDED))
    assert [one.id for one in found] == ["a", "b", "c"]
    assert [dict(request.url.params) for request in gateway.asked] == [
        {"state": "ended", "limit": "3"},
        {"state": "ended", "limit": "1", "cursor": "x"},
        {"state": "ended", "limit": "1", "cursor": "y"},
    ]


@both
def test_all_jobs_end_with_the_last_page(talk: Talk) -> None:
    gateway = Gateway(page(["a"], "x"), page(["b"], None))
    assert [one.id for one in talk(gateway, lambda client: client.jobs())] == ["a", "b"]


@both
def test_a_job_is_canceled_retried_and_deleted_by_its_id(talk: Talk) -> None:
    gateway = Gateway(job())
    assert talk(gateway, lambda client: client.cancel("a/b")) == JOB
    assert talk(gateway, lambda client: client.retry("a/b")) == JOB
    assert talk(gateway, lambda client: client.delete("a/b")) is None
    assert [(request.method, request.url.raw_path) for request in gateway.asked] == [
        ("POST", b"/v1/jobs/a%2Fb/cancel"),
        ("POST", b"/v1/jobs/a%2Fb/retry"),
        ("DELETE", b"/v1/jobs/a%2Fb"),
    ]


@both
def test_what_could_be_done_twice_is_tried_again_under_the_same_key(talk: Talk) -> None:
    gateway = Gateway(httpx.ReadError("reset"), job())
    talk(gateway, lambda client: client.retry("j"))
    first, second = (asked.headers["idempotency-key"] for asked in gateway.asked)
    assert first == second


@both
def test_a_deletion_whose_answer_was_lost_is_a_deletion(talk: Talk) -> None:
    talk(Gateway(httpx.ReadError("reset"), problem(404, "unknown_job")), lambda client: client.delete("j"))
    with pytest.raises(UnknownJob):
        talk(Gateway(problem(404, "unknown_job")), lambda client: client.delete("j"))


@both
def test_the_gateway_is_asked_at_once_where_it_holds_its_answers_back_and_else_ever_more_seldom(
    talk: Talk,
) -> None:
    running = JOB.model_copy(update={"state": JobState.IN_PROGRESS}).model_dump_json()
    at_once = Gateway(*(Told(200, content=running) for _ in range(30)), job())
    assert talk(at_once, lambda client: client.wait("j")) == JOB
    assert at_once.asked[0].url.params["wait"] == "30"
    assert at_once.slept_s == sorted(at_once.slept_s)
    assert (at_once.slept_s[0], at_once.slept_s[-1]) == (0.02, 0.5)

    class Holding(Gateway):
        def __call__(self, request: httpx.Request) -> httpx.Response:
            self.now_s += float(request.url.params["wait"])
            return super().__call__(request)

    holding = Holding(*(Told(200, content=running) for _ in range(30)), job())
    looks: list[Job] = []
    assert talk(holding, lambda client: client.wait("j", progress=looks.append)) == JOB
    assert len(looks) == 31
    assert set(holding.slept_s) == {0.02}


@both
def test_a_text_that_cannot_be_compared_at_once_is_waited_for(talk: Talk) -> None:
    report = build_report("A cat sat.", [])
    at_once = Gateway(Told(200, content=report.model_dump_json()))
    assert talk(at_once, lambda client: client.compare_text("A cat sat.", Options(neighbours=2))) == report
    asked = json.loads(at_once.bodies[0])
    assert (asked["text"], asked["options"]["neighbours"]) == ("A cat sat.", 2)

    def later(line: str) -> Gateway:
        return Gateway(job(), job(), Told(200, content=line, headers={NEXT_CURSOR_HEADER: "2"}))

    assert talk(later(report.model_dump_json()), lambda client: client.compare_text("A cat sat.")) == report
    failure = Failure(id="1", error=ErrorDetail.of(WorkerLost("they all died")))
    with pytest.raises(WorkerLost, match="they all died"):
        talk(later(failure.model_dump_json()), lambda client: client.compare_text("A cat sat."))


@both
def test_an_export_is_there_whole_or_not_at_all(talk: Talk, tmp_path: Any) -> None:
    class Broken(httpx.SyncByteStream, httpx.AsyncByteStream):
        def __iter__(self) -> Iterator[bytes]:
            yield b"half of it"
            raise httpx.ReadError("reset")

        async def __aiter__(self) -> AsyncIterator[bytes]:
            yield b"half of it"
            raise httpx.ReadError("reset")

    broken = Told(200, stream=Broken)
    path = tmp_path / "relations.csv"
    gateway = Gateway(broken, Told(200, content=b"all of it"))
    assert talk(gateway, lambda client: client.export("j", "csv", path)) == path
    assert path.read_bytes() == b"all of it"
    assert gateway.asked[0].url.params["format"] == "csv"
    with pytest.raises(GatewayUnreachable, match="broke off"):
        talk(Gateway(broken), lambda client: client.export("j", "csv", path), retry_for_s=0)
    assert [(one.name, one.read_bytes()) for one in tmp_path.iterdir()] == [("relations.csv", b"all of it")]


def test_whoever_only_imports_the_package_does_not_import_http() -> None:
    check = "import bifocal, sys; assert not {'httpx', 'bifocal.client'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", check], check=True)
