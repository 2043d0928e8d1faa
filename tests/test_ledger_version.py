"""A ledger of another version is left alone, by whoever meets it, with a message that says so."""

import os
import subprocess
import sys

import pytest
import redis

from bifocal import EmbeddedStack
from bifocal.errors import LedgerVersionMismatch
from bifocal.ledger import Ledger
from bifocal.ledger.keys import SCHEMA
from bifocal.ledger.version import LEDGER_VERSION
from chaos.until import until

pytestmark = pytest.mark.stack


def test_a_new_ledger_takes_the_version_of_whoever_uses_it_first(ledger: Ledger) -> None:
    ledger.version.check()
    assert ledger._redis.get(SCHEMA) == str(LEDGER_VERSION)
    ledger.version.check()


@pytest.mark.parametrize("version", [str(LEDGER_VERSION + 1), "0", "", "what"])
def test_a_ledger_of_another_version_is_refused_and_not_touched(ledger: Ledger, version: str) -> None:
    ledger._redis.set(SCHEMA, version)
    with pytest.raises(LedgerVersionMismatch, match=f"of version '{version}', and this bifocal reads 1"):
        ledger.version.check()
    assert ledger._redis.keys() == [SCHEMA]
    assert ledger._redis.get(SCHEMA) == version


@pytest.mark.parametrize("service", ["bifocal_gateway", "bifocal_static"])
def test_no_service_starts_on_a_ledger_of_a_later_version(
    stack: EmbeddedStack, ledger: Ledger, service: str
) -> None:
    ledger._redis.set(SCHEMA, LEDGER_VERSION + 1)
    environment = {
        **os.environ,
        "BIFOCAL_REDIS_URL": stack.redis_url.removesuffix("/0") + "/9",
        "BIFOCAL_STORE_URL": str(stack.folder / "store"),
        "BIFOCAL_PORT": "0",
    }
    ended = subprocess.run(
        [sys.executable, "-m", service], env=environment, capture_output=True, text=True, timeout=120
    )
    assert ended.returncode != 0
    assert f"the ledger in Redis is of version '{LEDGER_VERSION + 1}'" in ended.stdout + ended.stderr
    assert list(ledger._redis.scan_iter()) == [SCHEMA]


def test_the_gateway_writes_the_version_again_into_an_emptied_redis(stack: EmbeddedStack) -> None:
    with redis.Redis.from_url(stack.redis_url) as connection:
        connection.delete(SCHEMA)
        until("the version is there again", lambda: connection.get(SCHEMA) == str(LEDGER_VERSION).encode())
