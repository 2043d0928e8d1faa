"""The page that shows the API: in a real browser, with nothing from elsewhere."""

import pytest
from playwright.sync_api import Browser, Request

from bifocal import EmbeddedStack

pytestmark = [pytest.mark.stack, pytest.mark.browser]


def test_the_api_can_be_read_without_the_internet(browser: Browser, stack: EmbeddedStack) -> None:
    elsewhere: list[str] = []
    complaints: list[str] = []

    def note(request: Request) -> None:
        if not request.url.startswith((stack.url, "data:")):
            elsewhere.append(request.url)

    tab = browser.new_page()
    tab.on("request", note)
    tab.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    tab.goto(f"{stack.url}/docs")
    tab.get_by_text("/v1/jobs/{job_id}/cancel").first.wait_for()
    tab.close()
    assert elsewhere == []
    # No icon is served; that a browser asks for one is its own affair.
    assert [one for one in complaints if "favicon" not in one and "404" not in one] == []
