"""Headers of every answer of the gateway, faults included."""

from pathlib import Path

import httpx
import pytest
from fastapi import Response
from fastapi.testclient import TestClient
from pydantic import SecretStr

from bifocal import EmbeddedStack
from bifocal.output.page.assembly import page_html, page_policy
from bifocal.settings import Settings
from bifocal_gateway.app import create_app

KEY = {"Authorization": "Bearer the-key"}
NOBODY = "redis://127.0.0.1:9/0"
SAFE = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "x-frame-options": "DENY",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "cross-origin-resource-policy": "same-origin",
}


@pytest.fixture
def client(tmp_path: Path) -> TestClient:
    """A gateway without Redis, with a route that has a fault and one that answers with a page."""
    app = create_app(
        Settings(
            redis_url=NOBODY, store_url=str(tmp_path), api_key=SecretStr("the-key"), max_request_bytes=10
        )
    )

    @app.get("/v1/fault")
    def fault() -> None:
        {}["nothing"]

    @app.get("/v1/number")
    def number(n: int) -> int:
        return n

    @app.get("/v1/page")
    def page() -> Response:
        policy = f"{page_policy()}; frame-ancestors 'none'"
        own = {"Content-Security-Policy": policy, "Cache-Control": "private"}
        return Response(page_html({}), media_type="text/html", headers=own)

    return TestClient(app, raise_server_exceptions=False)


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        ("GET", "/healthz", {}, 200),
        ("GET", "/readyz", {}, 503),
        ("GET", "/openapi.json", {}, 200),
        ("GET", "/metrics", KEY, 200),
        ("GET", "/metrics", {}, 401),
        ("GET", "/v1/jobs/x", {}, 401),
        ("GET", "/nowhere", {}, 401),
        ("GET", "/nowhere", KEY, 404),
        ("PUT", "/v1/jobs", KEY, 405),
        ("OPTIONS", "/v1/jobs", KEY, 405),
        ("HEAD", "/nowhere", KEY, 404),
        ("GET", "/v1/number?n=no", KEY, 422),
        ("GET", "/v1/fault", KEY, 500),
        ("GET", "/v1/jobs/x", KEY, 503),
    ],
)
def test_every_answer_has_them(
    method: str, path: str, headers: dict[str, str], status: int, client: TestClient
) -> None:
    answer = client.request(method, path, headers=headers)
    assert answer.status_code == status
    assert {name: answer.headers.get(name) for name in SAFE} == SAFE
    assert answer.headers.get("cache-control") == ("no-store" if path.startswith("/v1") else None)
    assert "access-control-allow-origin" not in answer.headers


def test_an_answer_keeps_what_it_says_itself(client: TestClient) -> None:
    answer = client.get("/v1/page", headers=KEY)
    assert answer.headers["cache-control"] == "private"
    assert answer.headers["x-frame-options"] == "DENY"
    (policy,) = answer.headers.get_list("content-security-policy")
    assert policy.endswith("frame-ancestors 'none'")
    assert f'content="{page_policy()}"' in answer.text, "the page and its header allow the same"


@pytest.mark.stack
def test_a_real_gateway_does_not_say_what_serves_it(stack: EmbeddedStack) -> None:
    for path, status in (("/healthz", 200), ("/v1/jobs/nobody", 404), ("/nowhere", 404)):
        answer = httpx.get(f"{stack.url}{path}")
        assert answer.status_code == status
        assert "server" not in answer.headers
        assert {name: answer.headers.get(name) for name in SAFE} == SAFE
