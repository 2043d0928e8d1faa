"""The gateway apart from HTTP: what the routes call."""

from dataclasses import dataclass

from bifocal.api_keys import ApiKeys
from bifocal.contracts import Job
from bifocal.ledger import Claim, Ledger
from bifocal.lenses import LENSES
from bifocal.queue import celery_app
from bifocal.settings import Settings
from bifocal.store import Store
from bifocal_gateway.acceptance import Acceptance
from bifocal_gateway.admission import Admission
from bifocal_gateway.batch.summaries import Summaries
from bifocal_gateway.body import JobBody
from bifocal_gateway.dispatcher import Dispatcher
from bifocal_gateway.expiry import Expiry
from bifocal_gateway.webhooks import Sender


@dataclass(frozen=True, slots=True, kw_only=True)
class Gateway:
    """Everything a route may need."""

    settings: Settings
    store: Store
    ledger: Ledger
    keys: ApiKeys
    acceptance: Acceptance
    admission: Admission
    dispatcher: Dispatcher
    expiry: Expiry
    summaries: Summaries
    webhooks: Sender | None
    """None where there is no key to sign them with."""

    def accept(self, body: JobBody, *, owner: str, claim: Claim | None = None) -> Job:
        """Accept a job, as `Acceptance.accept` does, and have the dispatcher look at once."""
        job = self.acceptance.accept(body, owner=owner, claim=claim)
        self.dispatcher.wake()
        return job

    @classmethod
    def of(cls, settings: Settings) -> "Gateway":
        """A gateway by its settings; nothing is connected or started yet."""
        store = Store(settings.store_url)
        ledger = Ledger.connect(settings.redis_url, LENSES)
        return cls(
            settings=settings,
            store=store,
            ledger=ledger,
            keys=ApiKeys.connect(settings.redis_url),
            acceptance=Acceptance(settings=settings, store=store, ledger=ledger),
            admission=Admission(settings=settings, store=store, ledger=ledger),
            expiry=Expiry(settings=settings, store=store, ledger=ledger),
            dispatcher=Dispatcher(
                settings=settings, store=store, ledger=ledger, app=celery_app(settings.redis_url)
            ),
            summaries=Summaries(settings=settings, store=store, ledger=ledger),
            webhooks=Sender.of(settings, ledger),
        )
