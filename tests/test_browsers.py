"""What pages of other sites get out of a gateway that asks for no key."""

import os
import shutil
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
import uvicorn
from fastapi.testclient import TestClient
from playwright.sync_api import sync_playwright
from pydantic import SecretStr

from bifocal.settings import Settings
from bifocal_gateway.app import create_app
from chaos.until import until
from chromium import CHROMIUM_ARGS
from own_redis import own_redis

pytestmark = pytest.mark.stack


@pytest.fixture(scope="module")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with own_redis(tmp_path_factory.mktemp("redis")) as url:
        yield url


def ask(redis_url: str, folder: Path, headers: dict[str, str], **settings: object) -> httpx.Response:
    chosen = Settings.model_validate({"redis_url": redis_url, "store_url": str(folder), **settings})
    # A job of this machine's own would be refused for its body, so nothing is accepted here.
    return TestClient(create_app(chosen), "http://localhost").post("/v1/jobs", content=b"{", headers=headers)


@pytest.mark.parametrize(
    "host",
    ["localhost", "localhost:8420", "LocalHost:1", "127.0.0.1:8420", "127.9.9.9", "[::1]", "[::1]:8420"],
)
def test_names_of_this_machine_are_answered_to(host: str, redis_url: str, tmp_path: Path) -> None:
    assert ask(redis_url, tmp_path, {"Host": host}).status_code == 400


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:8420",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "127.0.0.1@evil.example",
        "evil.example@localhost",
        "0.0.0.0:8420",
        "192.168.0.7",
        "[fe80::1]",
        "localhost:8420:1",
        "localhost evil.example",
        "",
    ],
)
def test_other_names_are_not(host: str, redis_url: str, tmp_path: Path) -> None:
    answer = ask(redis_url, tmp_path, {"Host": host})
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    assert "BIFOCAL_API_KEY" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "http://localhost:3000"}, 400),
        ({"Origin": "http://127.0.0.1"}, 400),
        ({"Origin": "https://[::1]:9"}, 400),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "http://localhost.evil.example"}, 403),
        ({"Origin": "http://evil@localhost"}, 403),
        ({"Origin": "file://"}, 403),
        ({"Origin": "chrome-extension://localhost"}, 403),
        ({"Origin": "http://[evil"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": ""}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-origin"}, 400),
        ({"Sec-Fetch-Site": "none"}, 400),
    ],
)
def test_nothing_is_taken_from_pages_of_other_sites(
    headers: dict[str, str], status: int, redis_url: str, tmp_path: Path
) -> None:
    assert ask(redis_url, tmp_path, headers).status_code == status


def test_where_a_key_is_asked_for_the_key_decides(redis_url: str, tmp_path: Path) -> None:
    proxied = {"Host": "bifocal.example", "Origin": "https://tools.example"}
    with_key = {**proxied, "Authorization": "Bearer secret"}
    assert ask(redis_url, tmp_path, proxied, api_key=SecretStr("secret")).status_code == 401
    assert ask(redis_url, tmp_path, with_key, api_key=SecretStr("secret")).status_code == 400


# --- a real browser -----------------------------------------------------------------------------


@contextmanager
def served(redis_url: str, folder: Path) -> Iterator[int]:
    """The port of a gateway without a key, on loopback."""
    app = create_app(Settings(redis_url=redis_url, store_url=str(folder)))
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, lifespan="off", log_config=None, access_log=False))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        until("the gateway listens", lambda: server.started)
        yield int(listening.getsockname()[1])
        server.should_exit = True
        thread.join()


_FETCH = """async ([url, how]) => {
    try {
        const answer = await fetch(url, how);
        return `${answer.status} ${await answer.text()}`;
    } catch (error) { return 'failed'; }
}"""


@pytest.mark.browser
def test_a_page_that_takes_this_machines_address_for_its_own_name_gets_nothing(
    redis_url: str, tmp_path: Path
) -> None:
    path = shutil.which("chromium")
    if path is None:
        assert not os.environ.get("CI"), "CI has to have Chromium: apt-get install chromium"
        pytest.skip("there is no Chromium here: apt-get install chromium")
    with served(redis_url, tmp_path) as port, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path, args=[*CHROMIUM_ARGS, "--host-resolver-rules=MAP rebound.example 127.0.0.1"]
        )

        def fetch(site: str, url: str, **how: str) -> str:
            # What is open to all stands for the page of that name; its own policy would keep it from asking.
            tab = browser.new_page(bypass_csp=True)
            tab.goto(f"{site}/healthz")
            said = str(tab.evaluate(_FETCH, [url, how]))
            tab.close()
            return said

        rebound, local = f"http://rebound.example:{port}", f"http://localhost:{port}"
        assert fetch(local, f"{local}/v1/jobs/x").startswith("404 "), "the test reaches the gateway"
        for url in (f"{rebound}/v1/jobs/x", f"{rebound}/metrics"):
            answer = fetch(rebound, url)
            assert answer.startswith("403 ")
            assert "forbidden" in answer
        posted = fetch(rebound, f"{rebound}/v1/jobs", method="POST", body="{}")
        assert posted.startswith("403 ")
        browser.close()
