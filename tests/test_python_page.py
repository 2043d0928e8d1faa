"""The code in `docs/python.md`, run as it stands there."""

import json
import re
from pathlib import Path

import pytest

from bifocal import EmbeddedStack
from bifocal.settings import settings

pytestmark = pytest.mark.stack

PAGE = Path(__file__).parents[1] / "docs" / "python.md"


def test_what_the_page_shows_works(
    stack: EmbeddedStack,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    texts = {"a": "France is a country, it is in Europe.", "b": "The old dog chased the cats.", "none": ""}
    lines = [json.dumps({"id": name, "text": text}) for name, text in texts.items()]
    (tmp_path / "corpus.jsonl").write_text("\n".join(lines))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BIFOCAL_URL", stack.url)
    settings.cache_clear()
    try:
        exec("\n".join(re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.S)), {})  # noqa: S102
    finally:
        settings.cache_clear()
    printed = capsys.readouterr().out.splitlines()
    assert printed[0].startswith("none empty_document ")
    assert re.fullmatch(r"a \d+ pairs by both lenses", printed[1])
    assert "3 of 3" in printed
    assert "2 documents together" in printed
    assert {"a succeeded", "b succeeded"} <= set(printed)
    assert any("it" in line and "country" in line for line in printed)
