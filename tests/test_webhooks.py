"""That a job has ended is told, signed, at least once, and under one name."""

import base64
import hashlib
import hmac
import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import httpx
import pytest
import standardwebhooks
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from bifocal import Client, Document, EmbeddedStack
from bifocal.contracts import Job, JobEnded, JobState, Options, Webhook, WebhookDelivery, WebhookState
from bifocal.errors import InvalidOptions, InvalidWebhook
from bifocal.ledger import Ledger
from bifocal.observe.redaction import Redactor
from bifocal.settings import Settings
from bifocal.store import Store
from bifocal_gateway.acceptance import Acceptance
from bifocal_gateway.body import JobBody
from bifocal_gateway.recovery import Recovery
from bifocal_gateway.webhooks.sender import Sender, back_off_s
from bifocal_gateway.webhooks.signature import Signer
from receiver import Message, receiver

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # noqa: S105
OTHER = "whsec_" + base64.b64encode(bytes(range(32))).decode()

Make = Callable[..., Sender]


# --- signatures ---------------------------------------------------------------------------------


@given(st.text(), st.binary(min_size=24, max_size=64), st.integers(0, 2**32))
def test_signatures_are_those_of_standard_webhooks(body: str, key: bytes, now_s: int) -> None:
    body = body.encode("utf-8", errors="replace").decode()
    secret = "whsec_" + base64.b64encode(key).decode()
    headers = Signer.of(SecretStr(secret)).headers("msg_1", body.encode(), now_s=now_s)
    signed = standardwebhooks.Webhook(secret).sign("msg_1", datetime.fromtimestamp(now_s, UTC), body)
    assert headers["webhook-signature"] == signed
    assert (headers["webhook-id"], headers["webhook-timestamp"]) == ("msg_1", str(now_s))


def test_the_signature_of_the_specification_comes_out() -> None:
    # As the specification computes it, by hand
    signed = hmac.new(base64.b64decode(SECRET.removeprefix("whsec_")), b"msg_p.1614265330.{}", hashlib.sha256)
    headers = Signer.of(SecretStr(SECRET)).headers("msg_p", b"{}", now_s=1614265330.9)
    assert headers["webhook-signature"] == "v1," + base64.b64encode(signed.digest()).decode()


def test_while_one_key_replaces_another_both_open_the_message() -> None:
    now_s = datetime.now(UTC).timestamp()
    headers = Signer.of(SecretStr(f"{SECRET} {OTHER}")).headers("msg_1", b"{}", now_s=now_s)
    for known in (SECRET, OTHER):
        assert standardwebhooks.Webhook(known).verify(b"{}", headers) == {}
    with pytest.raises(standardwebhooks.WebhookVerificationError):
        standardwebhooks.Webhook(OTHER.replace("A", "B")).verify(b"{}", headers)


@pytest.mark.parametrize(
    "secret", ["plain", "whsec_", "whsec_c2hvcnQ=", "whsec_*" + SECRET[6:], SECRET[6:], SECRET * 4, " ", "é"]
)
def test_what_is_no_key_is_refused_and_not_quoted(secret: str) -> None:
    with pytest.raises(InvalidOptions, match="BIFOCAL_WEBHOOK_SECRET") as refused:
        Signer.of(SecretStr(secret))
    assert len(secret) < 7 or secret not in refused.value.message


def test_no_log_line_holds_a_key() -> None:
    redact = Redactor.of(Settings(webhook_secret=SecretStr(f"{SECRET} {OTHER}")))
    assert redact(f"by {SECRET}, then {OTHER}") == "by ***, then ***"


def test_tries_are_spread_over_about_a_day() -> None:
    random.seed(1)
    waits_s = [back_off_s(number) for number in range(1, 10)]
    assert 3 < waits_s[0] < 7
    assert all(earlier < later for earlier, later in pairwise(waits_s[:7]))
    assert 12 < sum(waits_s) / 3600 < 26
    assert len({back_off_s(3) for _ in range(9)}) == 9


# --- deliveries ---------------------------------------------------------------------------------

LOCAL = Settings(webhook_secret=SecretStr(SECRET), webhook_private=True, webhook_tries=4)


@pytest.fixture
def make(ledger: Ledger) -> Make:
    def sender(**chosen: object) -> Sender:
        settings = LOCAL.model_copy(update=chosen)
        signer = Signer.of(SecretStr(SECRET))
        return Sender(settings=settings, ledger=ledger, signer=signer, back_off_s=lambda _: 0.0)

    return sender


def ended(ledger: Ledger, url: str, job: str = "job") -> Job:
    """A job of one shard that has ended by its merge."""
    ledger.create_job(job, options=Options(), n_documents=10, n_refused=0, n_shards=1, webhook=url)
    assert ledger.deliveries.claim(for_s=60) is None
    ledger.dispatch(9)
    ledger.finish_shard(job, 0, 1, succeeded=10)
    return ledger.job(job)


def delivery(ledger: Ledger, job: str = "job") -> WebhookDelivery:
    found = ledger.job(job).webhook
    assert found is not None
    return found


def opened(message: Message) -> JobEnded:
    """A message whose signature holds."""
    standardwebhooks.Webhook(SECRET).verify(message.body, message.headers)
    return JobEnded.model_validate_json(message.body)


@pytest.mark.stack
def test_the_end_of_a_job_is_told_once_it_has_come(ledger: Ledger, make: Make) -> None:
    with receiver() as there:
        job = ended(ledger, there.url)
        assert job.webhook == WebhookDelivery(state=WebhookState.PENDING, tries=0)
        assert make().step()
        message = there.message()
        told = opened(message)
        assert told.data == job.model_copy(update={"webhook": None})
        assert (told.type, told.timestamp) == ("job.ended", job.ended_at)
        assert message.path == "/hook?token=secret"
        assert message.headers["content-type"] == "application/json"
        assert not make().step()
        assert there.messages() == []
    assert delivery(ledger) == WebhookDelivery(state=WebhookState.DELIVERED, tries=1, last_status=204)


@pytest.mark.stack
def test_a_job_that_ends_at_acceptance_is_told_of_too(ledger: Ledger, make: Make) -> None:
    with receiver() as there:
        ledger.create_job("job", options=Options(), n_documents=2, n_refused=2, n_shards=0, webhook=there.url)
        assert make().step()
        assert opened(there.message()).data.counts.total == 2


@pytest.mark.stack
def test_of_a_job_that_asked_for_nothing_nothing_is_told(ledger: Ledger, make: Make) -> None:
    ledger.create_job("job", options=Options(), n_documents=2, n_refused=2, n_shards=0)
    assert not make().step()
    assert ledger.job("job").webhook is None


@pytest.mark.stack
def test_a_receiver_that_fails_twice_gets_three_tries_under_one_name(ledger: Ledger, make: Make) -> None:
    with receiver(500, 503, 200) as there:
        ended(ledger, there.url)
        sender = make()
        assert [sender.step() for _ in range(4)] == [True, True, True, False]
        messages = there.messages()
    assert len(messages) == 3
    assert {message.headers["webhook-id"] for message in messages} == {"msg_job"}
    assert len({message.body for message in messages}) == 1
    assert delivery(ledger) == WebhookDelivery(state=WebhookState.DELIVERED, tries=3, last_status=200)


@pytest.mark.stack
@pytest.mark.parametrize(
    ("answers", "tries", "state", "last"),
    [
        ([410], 1, "given_up", 410),
        ([301, 404, 400, 500, 200], 4, "given_up", 500),
        ([299], 1, "delivered", 299),
    ],
)
def test_tries_end_with_410_and_with_the_last_one(
    answers: list[int], tries: int, state: str, last: int, ledger: Ledger, make: Make
) -> None:
    with receiver(*answers) as there:
        ended(ledger, there.url)
        sender = make()
        while sender.step():
            pass
        assert len(there.messages()) == tries
    assert delivery(ledger) == WebhookDelivery(state=WebhookState(state), tries=tries, last_status=last)


@pytest.mark.stack
def test_the_next_try_waits_for_its_time(ledger: Ledger) -> None:
    waits: list[int] = []

    def later(number: int) -> float:
        waits.append(number)
        return 3600.0

    sender = Sender(settings=LOCAL, ledger=ledger, signer=Signer.of(SecretStr(SECRET)), back_off_s=later)
    with receiver(500) as there:
        ended(ledger, there.url)
        assert [sender.step(), sender.step()] == [True, False]
    assert waits == [1]
    assert delivery(ledger) == WebhookDelivery(state=WebhookState.PENDING, tries=1, last_status=500)
    seconds, _ = ledger._redis.time()
    assert 3590 < ledger._redis.zscore("bifocal:webhooks", "job") / 1000 - seconds < 3610


SEND = """
from bifocal.ledger import Ledger
from bifocal.lenses import LENSES
from bifocal.settings import settings
from bifocal_gateway.webhooks import Sender

Sender.of(settings(), Ledger.connect(settings().redis_url, LENSES)).step()
"""


@pytest.mark.stack
@pytest.mark.parametrize(("point", "n_sent"), [("webhooks.claimed", 0), ("webhooks.sent", 1)])
def test_a_gateway_killed_over_a_try_leaves_it_to_the_next(
    point: str, n_sent: int, ledger: Ledger, stack: EmbeddedStack, make: Make, tmp_path: Path
) -> None:
    own = {
        "BIFOCAL_REDIS_URL": stack.redis_url.removesuffix("/0") + "/9",
        "BIFOCAL_WEBHOOK_SECRET": SECRET,
        "BIFOCAL_WEBHOOK_PRIVATE": "true",
        "BIFOCAL_FAILPOINTS": f"{point}=kill",
        "BIFOCAL_FAILPOINT_FOLDER": str(tmp_path),
    }
    with receiver() as there:
        ended(ledger, there.url)
        killed = subprocess.run([sys.executable, "-c", SEND], env={**os.environ, **own}, timeout=60)
        assert killed.returncode == -signal.SIGKILL
        # Nobody else takes it before the claim's time is over
        assert not make().step()
        ledger._redis.zadd("bifocal:webhooks", {"job": 1})
        assert make().step()
        messages = there.messages()
    assert len(messages) == n_sent + 1
    assert {message.headers["webhook-id"] for message in messages} == {"msg_job"}
    assert delivery(ledger) == WebhookDelivery(state=WebhookState.DELIVERED, tries=2, last_status=204)


@pytest.mark.stack
def test_of_several_gateways_one_claims_each_try(ledger: Ledger) -> None:
    for number in range(5):
        ended(ledger, "http://127.0.0.1/", job=str(number))
        ledger._redis.zadd("bifocal:webhooks", {str(number): 2**50})
    ledger._redis.zadd("bifocal:webhooks", {str(number): 1 for number in range(5)})
    with ThreadPoolExecutor(8) as pool:
        claimed = list(pool.map(lambda _: ledger.deliveries.claim(for_s=60), range(24)))
    assert sorted(one.job for one in claimed if one is not None) == ["0", "1", "2", "3", "4"]


@pytest.mark.stack
def test_who_comes_late_changes_nothing(ledger: Ledger) -> None:
    ended(ledger, "http://127.0.0.1/")
    late, other = (ledger.deliveries.claim(for_s=0) for _ in range(2))
    assert late is not None
    assert other is not None
    assert ledger.deliveries.settle(other, WebhookState.DELIVERED, status=204)
    assert not ledger.deliveries.settle(late, WebhookState.PENDING, status=500, again_s=0)
    assert ledger.deliveries.claim(for_s=0) is None
    assert delivery(ledger).state is WebhookState.DELIVERED


@pytest.mark.stack
def test_a_private_address_is_refused_when_it_is_sent_to(ledger: Ledger, make: Make) -> None:
    with receiver() as there:
        # The name was fine at submission, or the operator has changed their mind.
        ended(ledger, f"https://localhost:{there.port}/hook")
        assert make(webhook_private=False).step()
        assert there.messages() == []
    found = delivery(ledger)
    assert (found.state, found.tries, found.last_status) == (WebhookState.PENDING, 1, None)
    assert found.last_error is not None
    assert "only public ones" in found.last_error


@pytest.mark.stack
def test_a_receiver_that_is_not_there_is_tried_again(ledger: Ledger, make: Make) -> None:
    with receiver() as gone:
        pass
    ended(ledger, gone.url)
    assert make().step()
    found = delivery(ledger)
    assert (found.state, found.last_status) == (WebhookState.PENDING, None)
    assert str(gone.port) not in str(found.last_error)


@pytest.mark.stack
def test_a_fault_of_the_gateway_is_a_try_like_another(ledger: Ledger) -> None:
    def broken(*_: object) -> list[str]:
        raise RuntimeError("a fault")

    sender = Sender(
        settings=LOCAL,
        ledger=ledger,
        signer=Signer.of(SecretStr(SECRET)),
        back_off_s=lambda _: 0.0,
        resolve=broken,
    )
    ended(ledger, "http://receiver.example/hook")
    assert [sender.step() for _ in range(5)] == [True] * 4 + [False]
    assert (delivery(ledger).state, delivery(ledger).tries) == (WebhookState.GIVEN_UP, 4)


@pytest.mark.stack
def test_of_a_job_that_is_gone_nothing_is_told(ledger: Ledger, make: Make) -> None:
    with receiver() as there:
        ended(ledger, there.url)
        ledger.forget_job("job", remember_s=60)
        assert not make().step()
        assert there.messages() == []
    assert not ledger._redis.exists("bifocal:webhooks")


@pytest.mark.stack
def test_no_log_line_quotes_the_path_or_the_query(
    ledger: Ledger, make: Make, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG", logger="bifocal_gateway")
    with receiver(500, 410) as there:
        ended(ledger, there.url)
        sender = make()
        assert [sender.step(), sender.step()] == [True, True]
    assert "webhook at 127.0.0.1: try 1 got 500" in caplog.text
    assert "given up after 2 tries" in caplog.text
    assert "hook?" not in caplog.text
    assert "token" not in caplog.text


@pytest.mark.stack
def test_a_ledger_that_was_lost_tells_again_under_the_same_name(
    ledger: Ledger, make: Make, tmp_path: Path
) -> None:
    store = Store(str(tmp_path))
    acceptance = Acceptance(settings=LOCAL, store=store, ledger=ledger)
    with receiver() as there:
        body = JobBody(header={"webhook": {"url": there.url}}, documents=iter([{"id": "a", "text": ""}]))
        job = acceptance.accept(body)
        assert job.state is JobState.ENDED
        assert make().step()
        ledger._redis.flushdb()
        assert Recovery(store=store, ledger=ledger).step() == 1
        assert make().step()
        names = [message.headers["webhook-id"] for message in there.messages()]
    assert names == [f"msg_{job.id}"] * 2


# --- the whole way ------------------------------------------------------------------------------


@pytest.mark.stack
def test_a_receiver_is_told_of_a_real_job(client: Client, stack: EmbeddedStack) -> None:
    with receiver() as there:
        documents = [Document(id="a", text="A cat sat."), Document(id="b", text="")]
        job = client.submit(documents, webhook=Webhook(url=there.url))
        told = opened(there.message())
        found = client.job(job.id)
    assert told.data == found.model_copy(update={"webhook": None})
    assert found.state is JobState.ENDED
    assert (found.counts.total, found.counts.succeeded) == (2, 1)
    metrics = httpx.get(f"{stack.url}/metrics").text
    assert 'bifocal_webhook_tries_total{result="delivered"}' in metrics
    assert 'bifocal_webhook_tries_total{result="delivered"} 0.0' not in metrics


@pytest.mark.stack
@pytest.mark.parametrize("in_lines", [True, False])
def test_a_webhook_that_cannot_be_had_refuses_the_job(in_lines: bool, stack: EmbeddedStack) -> None:
    document = {"id": "a", "text": "A cat sat."}
    header = {"webhook": {"url": "https://169.254.169.254/latest"}}
    if in_lines:
        content, kind = "\n".join(map(json.dumps, (header, document))), "application/x-ndjson"
    else:
        content, kind = json.dumps({"documents": [document], **header}), "application/json"
    answer = httpx.post(f"{stack.url}/v1/jobs", content=content, headers={"Content-Type": kind})
    assert (answer.status_code, answer.json()["code"]) == (422, InvalidWebhook.code)
