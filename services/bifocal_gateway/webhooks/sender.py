"""Tells receivers that jobs have ended, until they take it."""

import logging
import random
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import httpcore
import redis

from bifocal import __version__
from bifocal.contracts import JobEnded, JobState, WebhookState
from bifocal.errors import ExpiredJob, InvalidWebhook, UnknownJob
from bifocal.failpoints import failpoint
from bifocal.ledger import Delivery, Ledger
from bifocal.observe.context import about
from bifocal.observe.metrics import REDIS_ERRORS, WEBHOOK_TRIES
from bifocal.settings import Settings
from bifocal_gateway.webhooks.addresses import Resolve, resolve
from bifocal_gateway.webhooks.post import post
from bifocal_gateway.webhooks.signature import Signer
from bifocal_gateway.webhooks.target import Target

log = logging.getLogger(__name__)

#: Between looks at the ledger where nothing was due.
PERIOD_S = 1.0
#: So that a receiver that takes its time keeps few waiting; claims are apart, in one process or several.
_THREADS = 4
#: Longer than a name and an answer may take; then the try is taken for dead, and another begins.
_CLAIM_S = 120.0
_AFTER_FAULT_S = 5.0

_GONE = 410


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    """What came of a try."""

    result: str
    status: int | None = None
    error: str | None = None


def back_off_s(number: int) -> float:
    """Seconds from a try to the next: 5, 20, 80 … up to six hours, a quarter more or less."""
    return min(5.0 * 4.0 ** (number - 1), 6 * 3600.0) * random.uniform(0.75, 1.25)  # noqa: S311


class Sender:
    """Threads between the ledger's due deliveries and their receivers.

    A receiver is told at least once, and each time under the same name. More than one gateway may send.
    """

    def __init__(
        self,
        *,
        settings: Settings,
        ledger: Ledger,
        signer: Signer,
        back_off_s: Callable[[int], float] = back_off_s,
        resolve: Resolve = resolve,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._settings = settings
        self._ledger = ledger
        self._signer = signer
        self._back_off_s = back_off_s
        self._resolve = resolve
        self._tls = tls or ssl.create_default_context()
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._run, name=f"webhooks-{number}", daemon=True)
            for number in range(_THREADS)
        ]

    @classmethod
    def of(cls, settings: Settings, ledger: Ledger) -> "Sender | None":
        """By its settings; none where there is no key to sign with.

        Raises:
            InvalidOptions: the key is none.
        """
        secret = settings.webhook_secret
        return cls(settings=settings, ledger=ledger, signer=Signer.of(secret)) if secret else None

    def start(self) -> None:
        """Begin."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End after the tries in hand. One that takes longer is given up, and will be made again."""
        self._stop.set()
        for thread in self._threads:
            thread.join(self._settings.webhook_timeout_s)

    def step(self) -> bool:
        """Make the try that is due, if there is one; whether there was."""
        delivery = self._ledger.deliveries.claim(for_s=_CLAIM_S)
        if delivery is None:
            return False
        with about(job=delivery.job):
            failpoint("webhooks.claimed")
            try:
                answer = self._try(delivery)
            except redis.RedisError:
                raise
            except Exception:
                # A fault of ours, which the next try may not meet; it must not go on for ever either.
                log.exception("a webhook could not be sent")
                answer = _Answer(result="failed", error="a fault of the gateway; its log has the details")
            failpoint("webhooks.sent")
            if answer is not None:
                self._settle(delivery, answer)
        return True

    def _try(self, delivery: Delivery) -> _Answer | None:
        """Send; None if the job is gone by now."""
        try:
            body = self._body(delivery.job)
        except (UnknownJob, ExpiredJob):
            return None
        private, host = self._settings.webhook_private, "the receiver"
        try:
            target = Target.of(delivery.url, private=private)
            host = target.host
            headers = {
                "Content-Type": "application/json",
                "User-Agent": f"bifocal/{__version__}",
                **self._signer.headers(f"msg_{delivery.job}", body, now_s=time.time()),
            }
            status = post(
                target,
                headers,
                body,
                private=private,
                timeout_s=self._settings.webhook_timeout_s,
                resolve=self._resolve,
                tls=self._tls,
            )
        except InvalidWebhook as error:
            answer = _Answer(result="refused", error=error.message)
        except httpcore.TimeoutException:
            answer = _Answer(result="unreachable", error="no answer in time")
        except (httpcore.NetworkError, httpcore.ProtocolError, OSError):
            # The error at hand tells of networks, and whoever asks for the job is not to learn of ours.
            answer = _Answer(result="unreachable", error="no connection, or no answer that is HTTP")
        else:
            answer = _Answer(result=_result(status), status=status)
        # The host and no more: paths and queries of webhooks are secrets, often enough.
        log.info("webhook at %s: try %d %s", host, delivery.number, answer.error or f"got {answer.status}")
        WEBHOOK_TRIES.labels(answer.result).inc()
        return answer

    def _settle(self, delivery: Delivery, answer: _Answer) -> None:
        if answer.result == "delivered":
            state = WebhookState.DELIVERED
        elif answer.result == "gone" or delivery.number >= self._settings.webhook_tries:
            state = WebhookState.GIVEN_UP
            log.warning("the webhook is given up after %d tries", delivery.number)
        else:
            state = WebhookState.PENDING
        again_s = self._back_off_s(delivery.number) if state is WebhookState.PENDING else None
        self._ledger.deliveries.settle(
            delivery, state, status=answer.status, error=answer.error, again_s=again_s
        )

    def _body(self, job_id: str) -> bytes:
        """What is told; nothing of it changes between tries."""
        job = self._ledger.job(job_id)
        if job.state is not JobState.ENDED or job.ended_at is None:
            raise UnknownJob(f"job {job_id!r} has not ended")
        told = JobEnded(timestamp=job.ended_at, data=job.model_copy(update={"webhook": None}))
        return told.model_dump_json().encode()

    def _run(self) -> None:
        wait_s = 0.0
        while not self._stop.wait(wait_s):
            wait_s = PERIOD_S
            try:
                if self.step():
                    wait_s = 0.0
            except redis.RedisError as error:
                REDIS_ERRORS.labels("webhook").inc()
                log.warning("no webhook sent: %s", error)
                wait_s = _AFTER_FAULT_S


def _result(status: int) -> str:
    return "delivered" if 200 <= status < 300 else "gone" if status == _GONE else "failed"
