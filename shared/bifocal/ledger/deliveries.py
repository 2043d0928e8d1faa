"""Who is still to be told that a job has ended, entered in the step that ends it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bifocal.contracts import WebhookDelivery, WebhookState
from bifocal.ledger.keys import WEBHOOKS, Keys
from bifocal.lua import Scripts

if TYPE_CHECKING:
    import redis


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A try at telling a receiver that a job has ended."""

    job: str
    url: str
    number: int
    """From 1; those count whose gateway died over them."""


class Deliveries:
    """Webhooks that are due. Several gateways may take from them: each try is claimed by one."""

    def __init__(self, client: "redis.Redis") -> None:
        script = Scripts(client, "bifocal.ledger")
        self._claim = script("claim_delivery")
        self._settle = script("settle_delivery")

    def claim(self, *, for_s: float) -> Delivery | None:
        """Take the one that has been due longest; it is due again if it is not settled after `for_s`."""
        found = self._claim(keys=[WEBHOOKS], args=[int(for_s * 1000)])
        return Delivery(job=found[0], url=found[1], number=int(found[2])) if found else None

    def settle(
        self,
        delivery: Delivery,
        state: WebhookState,
        *,
        status: int | None = None,
        error: str | None = None,
        again_s: float | None = None,
    ) -> bool:
        """Record what came of a try, and when the next one is due; False if another has begun since."""
        return bool(
            self._settle(
                keys=[WEBHOOKS, Keys.job(delivery.job)],
                args=[
                    delivery.job,
                    delivery.number,
                    state.value,
                    "" if status is None else status,
                    error or "",
                    "" if again_s is None else int(again_s * 1000),
                ],
            )
        )


def read_delivery(fields: Mapping[str, str]) -> WebhookDelivery | None:
    """How far the telling is, by a job's hash; None if nobody is to be told."""
    if "webhook" not in fields:
        return None
    status = fields.get("webhook_status")
    return WebhookDelivery(
        state=WebhookState(fields.get("webhook_state", WebhookState.PENDING)),
        tries=int(fields.get("webhook_tries", 0)),
        last_status=int(status) if status else None,
        last_error=fields.get("webhook_error") or None,
    )
