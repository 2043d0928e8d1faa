"""Log lines: one JSON object each, what they are about, and what must never be in them."""

import io
import json
import logging
import sys

import pytest
from pydantic import BaseModel, SecretStr, ValidationError

from bifocal.api_keys import MadeKey
from bifocal.errors import LensFailed
from bifocal.observe.context import about, bind, fields
from bifocal.observe.logs import JsonLines, ReadableLines
from bifocal.observe.redaction import Redactor
from bifocal.settings import Settings

SECRETS = Settings(
    api_key=SecretStr("the-api-key"), redis_url="redis://:pass%2Fword@redis:6379/0", store_url="s3://bucket"
)
TEXT = "Call me Ishmael."


class Heard:
    """A logger whose lines are kept."""

    def __init__(self, form: type[JsonLines] | type[ReadableLines]) -> None:
        self._stream = io.StringIO()
        self.log = logging.getLogger(f"test.{form.__name__}")
        self.log.propagate = False
        self.log.setLevel(logging.INFO)
        handler = logging.StreamHandler(self._stream)
        handler.setFormatter(form(Redactor.of(SECRETS), "static"))
        self.handler = handler
        self.log.handlers = [handler]

    @property
    def text(self) -> str:
        return self._stream.getvalue()

    def last(self) -> dict[str, object]:
        line: dict[str, object] = json.loads(self.text.splitlines()[-1])
        return line


@pytest.fixture(params=[JsonLines, ReadableLines])
def heard(request: pytest.FixtureRequest) -> Heard:
    return Heard(request.param)


def test_a_json_line_says_when_how_bad_who_what_and_about_what() -> None:
    heard = Heard(JsonLines)
    with about(stage="static", job="j", shard=3):
        bind(attempt=2, documents=["a", "b\u2028c", "half \ud800"])
        heard.log.warning("read %d", 5)
    line = heard.last()
    assert line.pop("time").endswith("Z")  # type: ignore[attr-defined]
    assert line == {
        "level": "warning", "logger": "test.JsonLines", "message": "read 5",
        "service": "static", "stage": "static", "job": "j", "shard": 3, "attempt": 2,
        "documents": ["a", "b\u2028c", "half \ud800"],
    }  # fmt: skip
    assert len(heard.text.splitlines()) == 1


def test_what_was_bound_inside_goes_with_its_work() -> None:
    with about(job="outer"):
        with about(shard=1):
            bind(attempt=4)
        assert fields() == {"job": "outer"}
    assert fields() == {}


def test_a_readable_line_cannot_be_forged_by_an_id() -> None:
    heard = Heard(ReadableLines)
    with about(job="j", documents=["a\n2026 ERROR forged"]):
        heard.log.info("read")
    assert len(heard.text.splitlines()) == 1
    assert 'test.ReadableLines: read [job=j documents=["a\\n2026 ERROR forged"]]' in heard.text


def test_keys_and_passwords_are_in_no_line(heard: Heard) -> None:
    heard.log.info("%s", SECRETS.redis_url)
    heard.log.info("pass/word, the-api-key, Authorization: Bearer some-other-key")
    heard.log.info("amqp://user:p@ss/w0rd@host/0 and http://proxy:hidden@host:80")
    heard.log.info("%r", {"api_key": "the-api-key"})
    for secret in ("pass%2Fword", "pass/word", "the-api-key", "some-other-key", "p@ss", "w0rd", "hidden"):
        assert secret not in heard.text
    assert "redis://:***@redis:6379/0" in heard.text


def test_a_made_key_is_in_no_line_wherever_it_comes_from_but_its_id_is(heard: Heard) -> None:
    made = MadeKey.random()
    with about(route=f"/v1/{made.token}"):
        bind(documents=[made.token, "another"])
        heard.log.info("sent by %s", made.token)
        heard.log.info(
            "?key=%s&x and {'k': '%s'} and half of it: %s", made.token, made.token, made.token[:-9]
        )
        heard.log.error("Bearer %s", made.token, exc_info=OSError(5, "cannot open", made.token))
    assert made.secret[:20] not in heard.text
    assert f"sent by bf_{made.id}_***" in heard.text
    assert f"bf_{made.id}_***&x" in heard.text
    assert "another" in heard.text


def test_an_error_tells_where_it_was_and_quotes_no_document(heard: Heard) -> None:
    class Short(BaseModel):
        text: int

    def fail() -> None:
        try:
            {}[TEXT]
        except KeyError as error:
            raise ValueError(f"cannot read {TEXT!r}") from error

    try:
        fail()
    except ValueError as error:
        heard.log.exception("the shard stays open")
        heard.log.warning("reads one by one after: %r", error)
        heard.log.warning(error)
    try:
        Short.model_validate({"text": TEXT})
    except ValidationError as error:
        heard.log.warning("not read: %s", error)
        heard.log.warning("not read: %(error)s", {"error": error})
    assert "Ishmael" not in heard.text
    assert "in fail" in heard.text
    assert "KeyError" in heard.text
    assert "reads one by one after: ValueError" in heard.text


@pytest.mark.parametrize(
    "error", [OSError(28, "no space left"), LensFailed("no space left"), MemoryError("no space left")]
)
def test_an_error_about_a_machine_is_told_with_its_message(heard: Heard, error: Exception) -> None:
    heard.log.warning("handed back: %s", error)
    assert f"{type(error).__name__}: " in heard.text
    assert "no space left" in heard.text


def test_a_line_whose_arguments_do_not_fit_is_a_line_all_the_same(
    heard: Heard, capsys: pytest.CaptureFixture[str]
) -> None:
    # Past the logger, at which pytest listens too and minds.
    heard.handler.handle(logging.LogRecord("test", logging.INFO, __file__, 1, "%d shards", (TEXT,), None))
    assert "%d shards (its arguments do not fit)" in heard.text
    assert "Ishmael" not in heard.text + capsys.readouterr().err


def test_a_process_that_ends_by_an_exception_says_so_in_a_line() -> None:
    import subprocess

    program = (
        "from bifocal.observe.logs import set_up_logging\n"
        "from bifocal.settings import settings\n"
        "import threading, warnings\n"
        "set_up_logging(settings(), 'merge')\n"
        "warnings.warn('old')\n"
        "thread = threading.Thread(target=lambda: {}['Ishmael'])\n"
        "thread.start(); thread.join()\n"
        "{}['Ishmael']\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program],
        env={"BIFOCAL_LOG_FORMAT": "json", "PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 1
    lines = [json.loads(line) for line in ended.stderr.splitlines()]
    assert [line["level"] for line in lines] == ["warning", "critical", "critical"]
    assert all(line["service"] == "merge" for line in lines)
