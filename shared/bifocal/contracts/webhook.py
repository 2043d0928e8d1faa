"""Who is told that a job has ended, and how far that is."""

from enum import StrEnum
from typing import Annotated

from pydantic import StringConstraints

from bifocal.contracts._wire import Wire


class Webhook(Wire):
    """Where to tell that a job has ended."""

    url: Annotated[str, StringConstraints(min_length=1, max_length=2_048)]
    """`https://…`; gets a `POST` of `JobEnded`, signed as Standard Webhooks has it."""


class WebhookState(StrEnum):
    """Whether a receiver has been told."""

    PENDING = "pending"
    """The job has not ended, or the receiver has not taken it yet."""
    DELIVERED = "delivered"
    """The receiver answered 2xx."""
    GIVEN_UP = "given_up"
    """The receiver answered 410, or took it at none of the tries."""


class WebhookDelivery(Wire):
    """How far the telling of a job's end is."""

    state: WebhookState
    tries: int
    last_status: int | None = None
    """What the receiver answered at the last try; none if it answered nothing."""
    last_error: str | None = None
    """Why there was no answer at the last try."""
