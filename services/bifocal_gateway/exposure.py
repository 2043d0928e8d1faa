"""Whom the gateway may be open to."""

import ipaddress
import logging

import redis

from bifocal.api_keys import ApiKeys
from bifocal.errors import Unauthorized
from bifocal.settings import Settings

log = logging.getLogger(__name__)

#: A configured key that is shorter can be guessed; made keys cannot.
_SHORT = 20


def check_exposure(settings: Settings, keys: ApiKeys | None = None) -> None:
    """Refuse to serve strangers without a key; made `keys` count as well as the configured one.

    Raises:
        Unauthorized: `host` is not loopback and there is no key.
    """
    if is_loopback(settings.host):
        return
    if settings.api_key is not None:
        if len(settings.api_key.get_secret_value()) < _SHORT:
            log.warning("BIFOCAL_API_KEY is short enough to be guessed; make one by `openssl rand -hex 32`")
        return
    try:
        there_is_one = keys is not None and keys.any_made()
    except redis.RedisError as error:
        # Each request is asked for a key all the same, and until Redis answers no key opens anything.
        log.warning("BIFOCAL_API_KEY is not set, and whether keys were made is not known: %s", error)
        return
    if not there_is_one:
        raise Unauthorized(
            f"BIFOCAL_HOST is {settings.host}, which others can reach; set BIFOCAL_API_KEY, make a key by "
            "`bifocal keys create`, or listen on 127.0.0.1"
        )


def is_loopback(host: str) -> bool:
    """Whether a name or an address means this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
