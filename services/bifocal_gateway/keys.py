"""Whom the gateway may be open to."""

import ipaddress

from bifocal.errors import Unauthorized
from bifocal.settings import Settings


def check_exposure(settings: Settings) -> None:
    """Refuse to serve strangers without a key.

    Raises:
        Unauthorized: `host` is not loopback and there is no key.
    """
    if settings.api_key is None and not _is_loopback(settings.host):
        raise Unauthorized(
            f"BIFOCAL_HOST is {settings.host}, which others can reach; set BIFOCAL_API_KEY, "
            "or listen on 127.0.0.1"
        )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
