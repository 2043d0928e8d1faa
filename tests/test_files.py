"""Files that people have, in every format that is read."""

import gzip
import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bifocal.files import ENDINGS, ExtractedDocument, FileSource, Reading, Refused, extract
from bifocal.files.encodings import decoded
from bifocal.files.extracted import Extracted
from bifocal.files.html import shown
from bifocal.files.names import shown_name
from bifocal.files.pages import text_of_pages
from real_files import MARKDOWN, NOTE, SAYINGS, by_chromium, by_libreoffice, by_pandoc, small_pdf, words


def read(*files: tuple[str, bytes] | Path, **reading: str) -> list[Extracted]:
    sources = [
        FileSource(name=one.name, path=one) if isinstance(one, Path) else FileSource(name=one[0], body=one[1])
        for one in files
    ]
    return list(extract(sources, reading=Reading(**reading)))


def only_text(*files: tuple[str, bytes] | Path, **reading: str) -> str:
    (found,) = read(*files, **reading)
    assert isinstance(found, ExtractedDocument), found
    return found.text


def only_error(*files: tuple[str, bytes] | Path, **reading: str) -> tuple[str, str]:
    (found,) = read(*files, **reading)
    assert isinstance(found, Refused), found
    return found.error.code, found.error.message


def texts(*files: tuple[str, bytes] | Path, **reading: str) -> dict[str, str]:
    found = read(*files, **reading)
    assert all(isinstance(one, ExtractedDocument) for one in found), found
    return {one.id: one.text for one in found if isinstance(one, ExtractedDocument)}


def says_it_all(text: str) -> None:
    held, at = words(text), 0
    for saying in SAYINGS:
        at = held.index(words(saying), at)
    assert NOTE in held


MAKERS: dict[str, Callable[[Path], Path]] = {
    "docx by pandoc": lambda folder: by_pandoc(folder, ".docx"),
    "odt by pandoc": lambda folder: by_pandoc(folder, ".odt"),
    "epub by pandoc": lambda folder: by_pandoc(folder, ".epub", "--metadata", "title=visit"),
    "html by pandoc": lambda folder: by_pandoc(folder, ".html", "--standalone", "--metadata", "title=visit"),
    "text by pandoc": lambda folder: by_pandoc(folder, ".txt", "--to", "plain", "--wrap", "none"),
    "docx by LibreOffice": lambda folder: by_libreoffice(by_pandoc(folder, ".odt"), ".docx"),
    "odt by LibreOffice": lambda folder: by_libreoffice(by_pandoc(folder, ".docx"), ".odt"),
}


@pytest.mark.parametrize("maker", MAKERS)
def test_a_document_says_what_its_author_wrote(maker: str, tmp_path: Path) -> None:
    made = MAKERS[maker](tmp_path)
    (found,) = read(made)
    assert isinstance(found, ExtractedDocument), found
    assert found.id == found.source == made.name
    assert found.format == made.suffix.removeprefix(".")
    text = found.text.replace("[1]", "") if made.suffix == ".txt" else found.text
    says_it_all(text.replace("  - ", ""))


@pytest.mark.parametrize("printer", ["LibreOffice", "Chromium"])
def test_a_printed_page_says_what_it_shows(printer: str, tmp_path: Path) -> None:
    if printer == "Chromium":
        made = by_chromium(tmp_path)
    else:
        made = by_libreoffice(by_pandoc(tmp_path, ".docx"), ".pdf")
    held = words(only_text(made))
    # A page shows the number of a note at the end of the word before it.
    for part in (
        "France is a country, it is in Europe. The well-known old dog chased the cats",
        "Łódź",
        "Käfer",
    ):
        assert part in held
    assert NOTE in held


def test_markdown_is_read_as_the_page_that_it_makes() -> None:
    text = only_text(("a.md", f"---\ntitle: No text\n---\n{MARKDOWN}".encode()))
    assert "France is a country, it is in Europe. The well-known old dog chased the cats" in text
    assert not {"*", "#", "|"} & set(text)
    assert "No text" not in text


def test_a_page_is_read_without_scripts_styles_and_what_is_hidden() -> None:
    page = (
        "<html><head><title>t</title><style>p {}</style></head><body><p>One <b>bo</b>ld<br>word.</p>"
        "<script>alert('x')</script><p hidden>unseen</p><ul><li>a<li>b</ul><pre>x\n  y</pre>&eacute;"
    )
    assert shown(page) == "One bold\nword.\n\na\nb\n\nx\n  y\n\né"


@pytest.mark.parametrize(
    ("encoding", "declared"),
    [("iso-8859-1", "iso-8859-1"), ("koi8-r", "koi8-r"), ("shift_jis", "shift_jis"), ("utf-16", None)],
)
def test_a_page_is_read_in_the_encoding_that_it_declares(encoding: str, declared: str | None) -> None:
    text = {"iso-8859-1": "déjà vu", "koi8-r": "Привет", "shift_jis": "吾輩は猫である"}.get(encoding, "Łódź")
    meta = f'<meta charset="{declared}">' if declared else ""
    assert only_text(("a.html", f"<html><head>{meta}</head><p>{text}".encode(encoding))) == text


RUSSIAN = "Все счастливые семьи похожи друг на друга, каждая несчастливая семья несчастлива по-своему. " * 5
CZECH = (
    "Všichni lidé rodí se svobodní a sobě rovní co do důstojnosti a práv; jsou nadáni rozumem a svědomím. "
    * 5
)
WESTERN = "“Smart quotes” — and the café’s naïve façade, which is plain English otherwise. " * 3


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (WESTERN, "cp1252"),
        (WESTERN, "utf-8-sig"),
        (WESTERN, "utf-16"),
        (WESTERN, "utf-16-le"),
        (WESTERN, "utf-32"),
        (CZECH, "cp1250"),
        (RUSSIAN, "cp1251"),
        (RUSSIAN, "koi8-r"),
        ("Le cœur a ses raisons que la raison ne connaît point ; déjà l’été s’achève. ", "cp1252"),
    ],
)
def test_a_text_in_another_encoding_is_read_as_it_was_written(text: str, encoding: str) -> None:
    assert only_text(("a.txt", text.encode(encoding))) == text


def test_an_encoding_that_is_named_counts_more_than_a_guess() -> None:
    body = "Zażółć gęślą jaźń".encode("iso-8859-2")
    assert only_text(("a.txt", body), encoding="iso-8859-2") == "Zażółć gęślą jaźń"
    code, message = only_error(("a.txt", body), encoding="ebcdic-ish")
    assert code == "invalid_text"
    assert "no encoding 'ebcdic-ish'" in message


@given(st.text(st.characters(codec="utf-8")))
def test_any_text_in_utf8_stays_as_it_is(text: str) -> None:
    from hypothesis import assume

    assume(not text.startswith("\ufeff") and "\x00" not in text)
    assert decoded(text.encode("utf-8")) == (text, "utf-8")


def test_a_pages_running_lines_go_and_words_in_halves_are_joined() -> None:
    pages = [
        f"Dogs, chapter {n}\nThe dogs were bark-\ning at the well-\nknown self-attention of Mary-\nAnn.\n{n}"
        for n in range(1, 6)
    ]
    text = text_of_pages([*pages, "The self-\nattention is well-known. ﬁnal"])
    assert "Dogs, chapter" not in text
    assert text.startswith("The dogs were barking at the well-known self-attention of Mary-Ann.\n\nThe dogs")
    assert text.endswith("The self-attention is well-known. final")


CSV = b'id,title,text\na,x,"A cat, it sat."\nb,y,The dog\n\nc,z\n'


def test_rows_of_a_table_are_documents_and_a_short_row_fails_alone() -> None:
    first, second, third = read(("t.csv", CSV))
    assert isinstance(first, ExtractedDocument)
    assert (first.id, first.text, first.source) == ("a", "A cat, it sat.", "t.csv:2")
    assert isinstance(second, ExtractedDocument)
    assert isinstance(third, Refused)
    assert (third.id, third.source) == ("t.csv#5", "t.csv:5")
    assert "row 5 has 2 columns" in third.error.message


@pytest.mark.parametrize(
    ("table", "found"),
    [
        (b"name;remark\nx;A dog barks at night.\ny;Another one, sleeping.\n", {"t.csv#2", "t.csv#3"}),
        (b"A dog barks at night.\nAnother one sleeps.\n", {"t.csv#1", "t.csv#2"}),
        ("name\tAnmerkung\nx\tDer Käfer schläft noch.\n".encode("cp1252"), {"t.csv#2"}),
        (b"text\n", set()),
        (b"", set()),
    ],
)
def test_the_column_of_the_texts_is_found_where_it_is_not_named(table: bytes, found: set[str]) -> None:
    held = texts(("t.csv", table))
    assert set(held) == found
    assert all(len(text.split()) > 2 for text in held.values())


def test_a_column_can_be_chosen_and_one_that_is_not_there_is_named() -> None:
    assert texts(("t.csv", CSV[: CSV.index(b"c,z")]), text_column="title", id_column="text") == {
        "A cat, it sat.": "x",
        "The dog": "y",
    }
    code, message = only_error(("t.csv", CSV), text_column="body")
    assert code == "invalid_document"
    assert "there are 'id', 'title', 'text'" in message


def parquet(**columns: pa.Array | list[object]) -> bytes:
    out = io.BytesIO()
    pyarrow.parquet.write_table(pa.table(columns), out)
    return out.getvalue()


def test_rows_of_parquet_are_documents() -> None:
    body = parquet(
        n=[1, 2], text=pa.array(["A cat.", "A dog."]).dictionary_encode(), other=["x" * 50, "y" * 50]
    )
    assert texts(("t.parquet", body)) == {"t.parquet#1": "A cat.", "t.parquet#2": "A dog."}
    assert set(texts(("t.parquet", body), id_column="n")) == {"1", "2"}


def test_a_row_without_a_text_fails_alone() -> None:
    good, bad = read(("t.parquet", parquet(id=["a", "b"], text=["A cat.", None])))
    assert isinstance(good, ExtractedDocument)
    assert isinstance(bad, Refused)
    assert (bad.id, bad.error.code) == ("t.parquet#2", "invalid_document")


def test_fields_of_lines_can_be_chosen() -> None:
    body = b'{"body": "A cat.", "key": 1}\n'
    assert texts(("a.jsonl", body), text_column="body", id_column="key") == {"1": "A cat."}


def packed(**members: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in members.items():
            archive.writestr(name, body)
    return out.getvalue()


def test_members_of_an_archive_are_documents_and_one_that_cannot_be_read_fails_alone() -> None:
    inner = packed(**{"deep.txt": b"Deep."})
    members = {
        "a.txt": b"A cat.", "sub/b.pdf": small_pdf("A dog."), "sub/rows.csv": CSV, "photo.png": b"\x89PNG",
        "broken.pdf": b"%PDF-1.4\nnothing", "inner.zip": inner, "__MACOSX/._a.txt": b"x", ".hidden.txt": b"x",
        "c.txt.gz": gzip.compress(b"A cow."),
    }  # fmt: skip
    found = {one.id: one for one in read(("all.zip", packed(**members)))}
    assert {name for name, one in found.items() if isinstance(one, Refused)} == {
        "all.zip/broken.pdf",
        "all.zip/sub/rows.csv#5",
    }
    held = {name: one.text for name, one in found.items() if isinstance(one, ExtractedDocument)}
    assert held == {
        "all.zip/a.txt": "A cat.",
        "all.zip/sub/b.pdf": "A dog.",
        "a": "A cat, it sat.",
        "b": "The dog",
        "all.zip/inner.zip/deep.txt": "Deep.",
        "all.zip/c.txt.gz": "A cow.",
    }


def test_a_compressed_file_is_read_as_what_is_in_it() -> None:
    assert texts(("t.csv.gz", gzip.compress(CSV[: CSV.index(b"c,z")]))) == {
        "a": "A cat, it sat.",
        "b": "The dog",
    }


@pytest.mark.parametrize("name", ["report.txt", "report", "report.docx", "report.html"])
def test_a_pdf_is_a_pdf_whatever_it_is_called(name: str) -> None:
    (found,) = read((name, small_pdf("A dog.")))
    assert isinstance(found, ExtractedDocument)
    assert (found.format, found.text) == ("pdf", "A dog.")


@pytest.mark.parametrize("text", ["RIFFs in music.", "PAR1 is a word.", "BZh", "This is no %PDF-1.4."])
def test_a_text_that_begins_as_files_of_other_kinds_do_is_a_text(text: str) -> None:
    assert only_text(("a.txt", text.encode())) == text


OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
PLAIN = b"Plain text, nothing else."


@pytest.mark.parametrize(
    ("name", "body", "code", "advice"),
    [
        ("a.pdf", PLAIN, "unsupported_format", "name it .txt"),
        ("a.docx", PLAIN, "unsupported_format", "name it .txt"),
        ("a.parquet", b"\x01\x02\x03" * 99, "damaged_file", "fetch or save it again"),
        ("a.doc", OLE, "unsupported_format", "save it as .docx or .odt"),
        ("a.docx", OLE + "EncryptedPackage".encode("utf-16-le"), "encrypted_file", "without a password"),
        ("a.rtf", b"{\\rtf1 hello}", "unsupported_format", "save it as .docx or .odt"),
        ("a.jpg", b"\xff\xd8\xff\xe0", "unsupported_format", "OCR"),
        ("a.7z", b"7z\xbc\xaf\x27\x1c", "unsupported_format", "pack it as .zip"),
        ("a.json", b'{"text": "x"}', "unsupported_format", "write .jsonl"),
        ("a.bin", bytes(range(256)) * 9, "unsupported_format", "are read"),
        ("a.xlsx", packed(**{"xl/workbook.xml": b"<x/>"}), "unsupported_format", "export the texts as .csv"),
        ("a.docx", packed(**{"a.bin": b"x"}), "unsupported_format", "holds no file that is read"),
        ("a.docx", b"", "damaged_file", "empty"),
        ("a.docx", packed(**{"word/document.xml": b"<w:p"}), "damaged_file", "save the file again"),
        ("a.pdf", small_pdf("A dog.")[:200], "damaged_file", "save it again"),
        ("a.pdf", small_pdf(""), "empty_document", "OCR"),
        ("a.csv.gz", gzip.compress(CSV * 1000)[:60], "damaged_file", "cut off"),
        ("a.parquet", parquet(text=["x"])[:40], "damaged_file", "write it again"),
    ],
)
def test_what_cannot_be_read_says_what_to_do(name: str, body: bytes, code: str, advice: str) -> None:
    found, message = only_error((name, body))
    assert found == code
    assert advice in message


def encrypted_pdf(password: str) -> bytes:
    from pypdf import PdfReader, PdfWriter

    writer, out = PdfWriter(clone_from=PdfReader(io.BytesIO(small_pdf("A dog.")))), io.BytesIO()
    writer.encrypt(password, owner_password="owner", algorithm="AES-256")  # noqa: S106
    writer.write(out)
    return out.getvalue()


def test_a_pdf_that_opens_by_a_password_is_refused_and_one_that_only_cannot_be_changed_is_read() -> None:
    assert only_text(("a.pdf", encrypted_pdf(""))) == "A dog."
    code, message = only_error(("a.pdf", encrypted_pdf("secret")))
    assert code == "encrypted_file"
    assert "save it without" in message


def test_a_library_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from bifocal.files import sandbox

    missing = "sys.modules['pypdf'] = None; from bifocal.files.child"
    monkeypatch.setattr(sandbox, "_START", sandbox._START.replace("from bifocal.files.child", missing))
    code, message = only_error(("a.pdf", small_pdf("A dog.")))
    assert code == "missing_extra"
    assert "pypdf" in message
    assert "bifocal[files]" in message


@pytest.mark.parametrize(
    ("name", "shown_as"),
    [("../../etc/passwd", "etc/passwd"), ("C:\\x\\a.txt", "C:/x/a.txt"), ("/a//b\n.txt", "a/b\ufffd.txt")],
)
def test_a_name_is_part_of_an_id_and_no_path(name: str, shown_as: str) -> None:
    assert shown_name(name) == shown_as


def test_files_are_read_in_order_by_several_at_once() -> None:
    files = [(f"{n}.txt", f"text {n}".encode()) for n in range(50)]
    assert list(texts(*files)) == [name for name, _ in files]


def test_every_ending_is_of_a_format_that_is_read() -> None:
    assert set(ENDINGS.values()) >= {
        "txt",
        "md",
        "html",
        "pdf",
        "docx",
        "odt",
        "epub",
        "csv",
        "jsonl",
        "parquet",
    }
