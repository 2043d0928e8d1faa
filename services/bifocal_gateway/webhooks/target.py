"""A webhook's URL, read once: what was checked is what is connected to."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any

import httpx
import pydantic

from bifocal.contracts import Webhook
from bifocal.errors import InvalidWebhook
from bifocal.settings import Settings
from bifocal_gateway.pydantic_messages import first_error
from bifocal_gateway.webhooks.addresses import checked

_PORTS = {"http": 80, "https": 443}

#: Ports of services that a line of HTTP could make do something: mail, directories, databases, caches.
_REFUSED_PORTS = frozenset(
    (
        *(0, 19, 21, 22, 23, 25, 53, 110, 111, 119, 135, 139, 143, 179, 389, 445, 465, 514, 587, 636, 993),
        *(995, 2049, 3306, 3389, 5432, 5672, 6379, 6667, 9042, 11211, 27017),
    )
)
_LAST_PORT = 65_535

_NAME = re.compile(r"[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*\.?", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where a webhook goes. The host is as it goes over the wire, an address without brackets."""

    scheme: str
    host: str
    port: int
    authority: str
    """Host and port, as the header says them."""
    path: bytes
    """With the query."""

    @classmethod
    def of(cls, url: str, *, private: bool) -> "Target":
        """Read a URL.

        Raises:
            InvalidWebhook: nothing is sent there. The message quotes nothing of it, for it may hold a secret.
        """
        try:
            read = httpx.URL(url)
        except (httpx.InvalidURL, ValueError):
            raise InvalidWebhook("webhook.url: this is no URL") from None
        if read.scheme not in (_PORTS if private else ("https",)):
            raise InvalidWebhook("webhook.url: it must be of https://")
        host = read.raw_host.decode("ascii")
        if not _is_host(host):
            raise InvalidWebhook("webhook.url: it names no host")
        if read.userinfo:
            raise InvalidWebhook("webhook.url: it must hold no user and no password")
        port = read.port or _PORTS[read.scheme]
        if port in _REFUSED_PORTS or port > _LAST_PORT:
            raise InvalidWebhook(f"webhook.url: nothing is sent to port {port}")
        return cls(
            scheme=read.scheme,
            host=host,
            port=port,
            authority=read.netloc.decode("ascii"),
            path=read.raw_path,
        )


def checked_webhook(header: Mapping[str, Any], settings: Settings) -> str | None:
    """URL of the webhook that a job asks for.

    Names are resolved when they are sent to and not before: by then they may be others.

    Raises:
        InvalidWebhook: it cannot be had; nothing is accepted.
    """
    if header.get("webhook") is None:
        return None
    try:
        url = Webhook.model_validate(header["webhook"]).url
    except pydantic.ValidationError as error:
        raise InvalidWebhook(f"webhook.{first_error(error)}") from error
    if not settings.webhook_secret:
        raise InvalidWebhook(
            "webhook: this deployment sends none, for it has no key to sign them with; "
            "set BIFOCAL_WEBHOOK_SECRET, or ask for the job's state"
        )
    target = Target.of(url, private=settings.webhook_private)
    if _is_address(target.host):
        checked([target.host], private=settings.webhook_private)
    return url


def _is_host(host: str) -> bool:
    return _is_address(host) or _NAME.fullmatch(host) is not None


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
