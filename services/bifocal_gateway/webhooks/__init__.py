"""Tells receivers that jobs have ended."""

from bifocal_gateway.webhooks.sender import Sender
from bifocal_gateway.webhooks.target import checked_webhook

__all__ = ["Sender", "checked_webhook"]
