"""Real parts for the tests: a stack of its own, the packaged models, real documents."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bifocal import Client, EmbeddedStack
from bifocal.contracts import Document, ShardDocument
from bifocal.ledger import Ledger
from bifocal.lenses import LENSES
from bifocal.text import Segmenter, shard_document
from chromium import CHROMIUM_ARGS

if TYPE_CHECKING:
    from playwright.sync_api import Browser

EVALUATION_DATA = Path(__file__).parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def stack() -> Iterator[EmbeddedStack]:
    """A real Redis, gateway and worker for each stage, for all tests of the session.

    In float32, so that figures are the same on every machine and in any company.
    """
    with ExitStack() as open_until_the_end:
        with pytest.MonkeyPatch.context() as environment:
            environment.setenv("BIFOCAL_PRECISION", "float32")
            environment.setenv("BIFOCAL_WEBHOOK_SECRET", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
            environment.setenv("BIFOCAL_WEBHOOK_PRIVATE", "true")
            running = open_until_the_end.enter_context(EmbeddedStack())
            running.wait_ready()
        yield running


@pytest.fixture(scope="session")
def client(stack: EmbeddedStack) -> Iterator[Client]:
    with stack.client() as connected:
        yield connected


@pytest.fixture
def ledger(stack: EmbeddedStack) -> Iterator[Ledger]:
    """A ledger in another database of the stack's Redis, empty before and after."""
    import redis

    url = stack.redis_url.removesuffix("/0") + "/9"
    with redis.Redis.from_url(url) as connection:
        connection.flushdb()
        ledger = Ledger.connect(url, LENSES)
        yield ledger
        ledger.close()
        connection.flushdb()


@pytest.fixture(scope="session")
def lee() -> list[Document]:
    """The 300 news documents that gensim carries."""
    from gensim.test.utils import datapath

    texts = Path(datapath("lee_background.cor")).read_text("utf-8").splitlines()
    return [Document(id=f"lee-{number}", text=text) for number, text in enumerate(texts, 1)]


@pytest.fixture(scope="session")
def segmented() -> Callable[..., ShardDocument]:
    """Makes the shard form of a text."""
    segmenter = Segmenter("en")

    def make(text: str, index: int = 0) -> ShardDocument:
        return shard_document(text, segmenter, index=index, name=str(index))

    return make


@pytest.fixture(scope="session")
def evaluation_data() -> Path:
    """Evaluation sets, which are no part of the repository."""
    if not EVALUATION_DATA.is_dir():
        pytest.skip("the evaluation sets are not on this machine")
    return EVALUATION_DATA


@pytest.fixture(scope="module")
def browser() -> Iterator["Browser"]:
    """A real Chromium. Not for the whole session: its event loop would be in the way of other tests."""
    from playwright.sync_api import sync_playwright

    path = shutil.which("chromium")
    if path is None:
        if os.environ.get("CI"):
            pytest.fail("CI has to have Chromium: apt-get install chromium")
        pytest.skip("there is no Chromium here: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=CHROMIUM_ARGS)
        yield browser
        browser.close()
