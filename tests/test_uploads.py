"""Files that are uploaded: a part of a request each, and each ends as its documents or as a failure."""

import json
from pathlib import Path

import httpx
import pytest

from bifocal import Client, Document, EmbeddedStack, Failure, Options, Report
from bifocal.errors import UnknownDocument, UnreadableSource
from bifocal.files import Reading
from real_files import small_pdf

pytestmark = pytest.mark.stack

LONG = {"id_column": "x" * 201}
FRANCE = "France is a country, it is in Europe."


def post(stack: EmbeddedStack, *parts: tuple[str, tuple[str | None, bytes]]) -> httpx.Response:
    return httpx.post(f"{stack.url}/v1/jobs", files=list(parts), timeout=120)


def files(**bodies: bytes) -> list[tuple[str, tuple[str | None, bytes]]]:
    return [("files", (name, body)) for name, body in bodies.items()]


def test_each_file_ends_as_its_documents_or_as_a_failure_in_their_order(
    client: Client, stack: EmbeddedStack
) -> None:
    table = b"id,text\nking,The king met the queen.\n"
    lines = b'{"text": "A dog barked."}\nno json\n'
    parts = files(
        **{"a/france.pdf": small_pdf(FRANCE), "broken.docx": b"PK\x03\x04", "t.csv": table, "l.jsonl": lines}
    )
    options = ("options", (None, json.dumps({"permutations": 3}).encode()))
    answer = post(stack, options, *parts, ("files", ("a/france.pdf", small_pdf("Again."))))
    assert answer.status_code == 202, answer.text
    job = client.wait(answer.json()["id"])
    assert job.options.permutations == 3
    results = {result.id: result for result in client.results(job.id) if isinstance(result, Report)}
    assert set(results) == {"a/france.pdf", "king", "l.jsonl#1"}
    failures = [
        (result.index, result.id, result.error.code, result.source)
        for result in client.results(job.id)
        if isinstance(result, Failure)
    ]
    assert failures == [
        (1, "broken.docx", "damaged_file", "broken.docx"),
        (4, "l.jsonl#2", "invalid_document", "l.jsonl:2"),
        (5, "a/france.pdf", "duplicate_id", None),
    ]
    text = client.text(job.id, "a/france.pdf")
    assert text == FRANCE
    for relation in results["a/france.pdf"].relations:
        assert text[relation.a.start : relation.a.end] == relation.a.text


def test_the_client_sends_files_as_they_lie_on_the_disk(client: Client, tmp_path: Path) -> None:
    (tmp_path / 'ein "Käfer".txt').write_text(FRANCE, "utf-8")
    (tmp_path / "t.csv").write_bytes("wer;was\nich;Schöne Grüße, der König.\n".encode("cp1252"))
    paths = sorted(tmp_path.iterdir())
    reading = Reading(text_column="was", id_column="wer", encoding="cp1252")
    (path,) = (path for path in paths if path.suffix == ".txt")
    path.write_bytes(FRANCE.encode())
    job = client.wait(client.submit_files(paths, Options(permutations=3), reading=reading).id)
    assert (job.counts.total, job.counts.succeeded) == (2, 2)
    assert client.text(job.id, "ich") == "Schöne Grüße, der König."
    named = next(result.id for result in client.results(job.id) if result.id != "ich")
    assert named == str(path).lstrip("/").replace('"', "%22")
    assert client.text(job.id, named) == FRANCE


def test_a_file_that_is_not_there_is_named_before_anything_is_accepted(
    client: Client, tmp_path: Path
) -> None:
    with pytest.raises(UnreadableSource, match=r"gone\.pdf: No such file"):
        client.submit_files([tmp_path / "gone.pdf"])


def test_the_text_of_any_document_can_be_fetched_as_it_was(client: Client, stack: EmbeddedStack) -> None:
    odd = {
        "a/b#3?x=1": "👋🏽  Łódź\r\n<script>alert(1)</script>",
        "ü %2F": "Another, it is.",
        "x" * 512: "Long.",
    }
    documents = [Document(id=name, text=text) for name, text in odd.items()]
    job = client.submit([*documents, Document(id="refused", text="")])
    assert {name: client.text(job.id, name) for name in odd} == odd
    answer = httpx.get(f"{stack.url}/v1/jobs/{job.id}/documents/a/b%233%3Fx=1/text")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-disposition"].startswith("attachment;")
    for name in ("refused", "nobody", "a/b"):
        with pytest.raises(UnknownDocument, match="no text of a document"):
            client.text(job.id, name)


def test_of_many_documents_each_has_its_own_text(client: Client) -> None:
    documents = [Document(id=f"d{n}", text=f"It is number {n}.") for n in range(200)]
    job = client.submit(documents, Options(permutations=0))
    assert all(client.text(job.id, f"d{n}") == f"It is number {n}." for n in (0, 31, 32, 77, 199))


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "text/plain", "application/xml"])
def test_a_body_of_another_kind_is_refused_with_those_that_are_read(kind: str, stack: EmbeddedStack) -> None:
    answer = httpx.post(f"{stack.url}/v1/jobs", content=b"x", headers={"Content-Type": kind})
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")
    assert "multipart/form-data" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("parts", "status", "part"),
    [
        ([("options", (None, b"{}"))], 400, "no part named files"),
        ([("file", ("a.txt", b"x"))], 400, "no part named 'file'"),
        ([("files", (None, b"x"))], 400, "has no file name"),
        ([("files", ("a.txt", b"x")), ("options", (None, b"{"))], 400, "options is not JSON"),
        ([("files", ("a.txt", b"x")), ("options", (None, b'{"windows": 3}'))], 422, "windows"),
        ([("files", ("a.txt", b"x")), ("reading", (None, b'{"colum": 3}'))], 422, "colum"),
        (
            [("files", ("a.txt", b"x")), ("reading", (None, b'{"id_column": "%s"}' % (b"x" * 201)))],
            422,
            "200",
        ),
        (
            [("files", ("a.txt", b"x")), ("terms", (None, b"[]")), ("terms", (None, b"[]"))],
            400,
            "comes twice",
        ),
        ([("files", ("a.txt", b"x")), ("terms", (None, b"x" * 5_000_000))], 413, "terms is over"),
    ],
)
def test_an_upload_that_is_no_job_is_refused_as_a_whole(
    parts: list[tuple[str, tuple[str | None, bytes]]], status: int, part: str, stack: EmbeddedStack
) -> None:
    answer = post(stack, *parts)
    assert answer.status_code == status
    assert part in answer.json()["detail"]


@pytest.mark.parametrize(
    "body", [b"", b"--b\r\n", b"--b\r\nContent-Disposition: form-data; name=", b"\xff" * 99]
)
def test_an_upload_that_breaks_off_is_refused(body: bytes, stack: EmbeddedStack) -> None:
    kind = "multipart/form-data"
    headers = {"Content-Type": f"{kind}; boundary=b"}
    answer = httpx.post(f"{stack.url}/v1/jobs", content=body, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")
    without = httpx.post(
        f"{stack.url}/v1/jobs", content=body, headers={"Content-Type": "multipart/form-data"}
    )
    assert "boundary" in without.json()["detail"]


def test_a_file_over_the_limit_fails_alone_and_too_many_are_refused(tmp_path: Path) -> None:
    """By a gateway without a Redis, which refuses before it would ask for one, or says what it was given."""
    import asyncio

    from fastapi import Request

    from bifocal.errors import RequestTooLarge
    from bifocal.files.form import Form
    from bifocal.settings import Settings
    from bifocal_gateway.body import Unreadable
    from bifocal_gateway.uploads import read_upload, uploaded

    (tmp_path / "large.txt").write_bytes(b"word " * 1000)
    (tmp_path / "small.txt").write_bytes(b"word")
    form = Form({}, [("large.txt", tmp_path / "large.txt"), ("../small.txt", tmp_path / "small.txt")])
    body = b"".join(form)

    async def given(settings: Settings, size: int) -> list[object]:
        pieces = [body[at : at + size] for at in range(0, len(body), size)]

        async def receive() -> dict[str, object]:
            piece = pieces.pop(0) if pieces else b""
            return {"type": "http.request", "body": piece, "more_body": bool(pieces)}

        scope = {"type": "http", "headers": [(b"content-type", form.content_type.encode())], "method": "POST"}
        async with uploaded(Request(scope, receive), settings) as upload:  # type: ignore[arg-type]
            return list(read_upload(upload, settings).documents)

    for size in (1, 7, 4096, len(body)):
        large, small = asyncio.run(given(Settings(max_file_bytes=1000), size))
        assert isinstance(large, Unreadable)
        assert (large.name, large.error.code) == ("large.txt", "extraction_limit")
        assert "it has 5,000 bytes, and a file may have 1,000" in large.error.message
        assert small == {"id": "small.txt", "text": "word"}
    with pytest.raises(RequestTooLarge, match="more than 1 files"):
        asyncio.run(given(Settings(max_upload_files=1), 4096))
    with pytest.raises(RequestTooLarge, match="over 3,000 bytes"):
        asyncio.run(given(Settings(max_job_bytes=3000), 64))
