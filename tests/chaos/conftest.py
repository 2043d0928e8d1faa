"""One light stack for the tests that hurt it, and what it says while nothing does."""

from collections.abc import Iterator

import pytest

from chaos.documents import pool
from chaos.stack import LightStack
from chaos.verifier import Verifier

#: Documents of a job; two shards of four.
DOCUMENTS = pool(8)


@pytest.fixture(scope="session")
def light() -> Iterator[LightStack]:
    """A Redis, a control process and a worker for each stage, for all tests of the folder."""
    with LightStack(env={"BIFOCAL_LEASE_S": "1"}) as stack:
        stack.wait_for_control()
        yield stack


@pytest.fixture(scope="session")
def verifier(light: LightStack) -> Verifier:
    """Knows the undisturbed reports of 100 documents."""
    verifier = Verifier(light)
    verifier.learn(pool(100))
    return verifier
