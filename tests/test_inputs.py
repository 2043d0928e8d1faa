"""What people hand over, good and bad."""

import io
import os
from pathlib import Path

import pytest

from bifocal.inputs import Inputs, read_inputs


def only_failure(inputs: Inputs) -> tuple[str, str]:
    assert not inputs.documents
    (failure,) = inputs.failures
    return failure.error.code, failure.error.message


def test_a_text_file_is_a_document_named_by_its_path(tmp_path: Path) -> None:
    path = tmp_path / "one.txt"
    path.write_text("Käse\n", "utf-8")
    (document,) = read_inputs([str(path)]).documents
    assert (document.id, document.text) == (str(path), "Käse\n")


def test_a_folder_gives_its_files_in_order_and_leaves_others_alone(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    for name in ("b/z.md", "a.txt", "photo.png"):
        (tmp_path / name).write_text("text")
    found = read_inputs([str(tmp_path)])
    assert [Path(d.id).name for d in found.documents] == ["a.txt", "z.md"]
    assert not found.failures


def test_lines_of_jsonl_are_documents_and_other_fields_are_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "lines.jsonl"
    path.write_text('{"id": 7, "text": "one", "year": 1999}\n\n{"text": "two"}\n')
    found = read_inputs([str(path)])
    assert [(d.id, d.text) for d in found.documents] == [("7", "one"), (f"{path}#3", "two")]
    assert found.places == [f"{path}:1", f"{path}:3"]


@pytest.mark.parametrize(
    ("body", "texts"), [(b"One text.", ["One text."]), (b'{"text": "a"}\n{"text": "b"}', ["a", "b"])]
)
def test_standard_input_is_a_text_or_lines_of_json(body: bytes, texts: list[str]) -> None:
    assert [d.text for d in read_inputs(["-"], stdin=io.BytesIO(body)).documents] == texts


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    code, message = only_failure(read_inputs([str(tmp_path / "gone.txt")]))
    assert code == "unreadable_source"
    assert "gone.txt: No such file or directory" in message


def test_a_folder_without_documents_is_said_to_have_none(tmp_path: Path) -> None:
    code, message = only_failure(read_inputs([str(tmp_path)]))
    assert code == "unreadable_source"
    assert message.startswith("the folder holds no file that is read; .txt, .md, .html, .pdf")


def test_a_file_of_another_kind_is_refused_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"\x89PNG")
    code, message = only_failure(read_inputs([str(tmp_path / "a.png")]))
    assert code == "unsupported_format"
    assert "a PNG image is not read; let a program for text recognition" in message


def test_a_text_that_is_not_utf8_is_read_where_its_encoding_can_be_told(tmp_path: Path) -> None:
    (tmp_path / "latin.txt").write_bytes("Käse".encode("latin-1"))
    (document,) = read_inputs([str(tmp_path / "latin.txt")]).documents
    assert document.text == "Käse"


def test_of_one_whose_encoding_cannot_be_told_the_byte_and_its_place_are_named(tmp_path: Path) -> None:
    (tmp_path / "what.txt").write_bytes(b"a" + bytes(range(0x80, 0xA0)))
    code, message = only_failure(read_inputs([str(tmp_path / "what.txt")]))
    assert code == "invalid_text"
    assert "byte 0x80 at 1" in message


@pytest.mark.parametrize(
    ("line", "code", "part"),
    [
        ("not json", "invalid_document", "no JSON"),
        ('["text"]', "invalid_document", 'no object with a "text"'),
        ('{"id": "x"}', "invalid_document", 'no object with a "text"'),
        ('{"text": 3}', "invalid_document", '"text" is a number'),
        ('{"text": null}', "invalid_document", '"text" is null'),
        ('{"text": "a", "id": ["x"]}', "invalid_document", '"id" is a list'),
        ('{"text": "a", "id": ""}', "invalid_document", "1 to 512 characters"),
        ('{"text": "a\\ud800"}', "invalid_text", "lone surrogate (U+D800) at character 1"),
        ("[" * 100_000, "invalid_document", "no JSON"),
    ],
)
def test_a_bad_line_is_named_by_its_number_and_the_others_are_read(
    line: str, code: str, part: str, tmp_path: Path
) -> None:
    path = tmp_path / "lines.jsonl"
    path.write_text(f'{{"text": "first"}}\n{line}\n{{"text": "third"}}\n')
    found = read_inputs([str(path)])
    assert [d.text for d in found.documents] == ["first", "third"]
    (failure,) = found.failures
    assert failure.source == f"{path}:2"
    assert failure.error.code == code
    assert part in failure.error.message
    assert f"{path}:2" in failure.error.message


def test_the_folder_that_reports_go_to_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("a")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "reports.jsonl").write_text("{}")
    found = read_inputs([str(tmp_path)], leave_out=tmp_path / "out")
    assert [Path(d.id).name for d in found.documents] == ["a.txt"]
    assert not found.failures


def test_a_name_that_is_not_utf8_is_read_under_a_name_that_is(tmp_path: Path) -> None:
    path = os.fsdecode(os.fsencode(tmp_path) + b"/bad\xff.txt")
    Path(path).write_text("king")
    (document,) = read_inputs([str(tmp_path)]).documents
    assert document.id.endswith("bad\ufffd.txt")


@pytest.mark.parametrize("name", ["x" * 300 + ".txt", ""])
def test_a_path_that_cannot_be_is_a_failure(name: str) -> None:
    assert only_failure(read_inputs([name]))[0] == "unreadable_source"


def test_a_pipe_or_a_link_to_nowhere_in_a_folder_is_a_failure_and_not_a_wait(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.txt")
    (tmp_path / "nowhere.txt").symlink_to("gone")
    found = read_inputs([str(tmp_path)])
    messages = {Path(f.id).name: f.error.message for f in found.failures}
    assert messages["pipe.txt"] == "not a regular file"
    assert "No such file" in messages["nowhere.txt"]


def test_a_byte_order_mark_before_lines_on_standard_input_is_no_text() -> None:
    body = b'\xef\xbb\xbf{"text": "a"}\n{"text": "b"}'
    assert [d.text for d in read_inputs(["-"], stdin=io.BytesIO(body)).documents] == ["a", "b"]
