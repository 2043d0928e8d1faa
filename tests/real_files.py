"""Files as people have them, made by the programs that people make them with."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

#: A text with what is easily lost: a table, a list, notes, marks, letters that are not ASCII.
MARKDOWN = """\
# A visit to Łódź

France is a country, it is in **Europe**. The *well-known* old dog chased the
[cats](https://example.org/cats) — “naïvely”.[^1]

- first of the points
- second of the points

| animal | sound |
|--------|-------|
| cow    | moo   |
| Käfer  | brumm |

It was the end of the visit.

[^1]: The footnote says that dogs bark.
"""

#: What any form of it must say, in this order but for the note, which may come last.
SAYINGS = (
    "A visit to Łódź",
    "France is a country, it is in Europe. The well-known old dog chased the cats — “naïvely”.",
    "first of the points",
    "second of the points",
    "animal",
    "sound",
    "moo",
    "Käfer",
    "brumm",
    "It was the end of the visit.",
)
NOTE = "The footnote says that dogs bark."


def words(text: str) -> str:
    """A text with single spaces, as words follow one another."""
    return " ".join(text.split())


def need(program: str, *, in_ci: bool = False) -> str:
    """Where a program is; without it the test is skipped, or fails where CI must have it."""
    found = shutil.which(program)
    if found is not None:
        return found
    if in_ci and os.environ.get("CI"):
        pytest.fail(f"CI has no {program}; .ci/run installs it")
    pytest.skip(f"{program} is not installed")


def by_pandoc(folder: Path, ending: str, *options: str) -> Path:
    """The text in a format that pandoc writes."""
    pandoc = need("pandoc", in_ci=True)
    source, made = folder / "source.md", folder / f"visit{ending}"
    source.write_text(MARKDOWN, "utf-8")
    subprocess.run([pandoc, str(source), "-o", str(made), *options], check=True, timeout=120)
    return made


def by_libreoffice(source: Path, ending: str) -> Path:
    """A document in a format that LibreOffice writes."""
    office = need("soffice")
    folder = source.parent / "libreoffice"
    folder.mkdir(exist_ok=True)
    profile = f"-env:UserInstallation=file://{folder / 'profile'}"
    convert = [office, profile, "--headless", "--convert-to", ending.removeprefix(".")]
    subprocess.run(
        [*convert, "--outdir", str(folder), str(source)], check=True, timeout=300, capture_output=True
    )
    return folder / f"{source.stem}{ending}"


def by_chromium(folder: Path) -> Path:
    """The text as a PDF that a browser prints."""
    chromium = need("chromium", in_ci=True)
    page, made = by_pandoc(folder, ".html", "--standalone", "--metadata", "title=visit"), folder / "print.pdf"
    command = [
        chromium,
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        f"--user-data-dir={folder / 'profile'}",
    ]
    printed = [*command, "--no-pdf-header-footer", f"--print-to-pdf={made}", page.as_uri()]
    subprocess.run(printed, check=True, timeout=120, capture_output=True)
    return made


def small_pdf(*lines: str) -> bytes:
    """A PDF of one page, as small as it can be."""
    shown = " T* ".join(f"({line}) Tj" for line in lines)
    content = f"BT /F1 12 Tf 14 TL 72 720 Td {shown} ET".encode()
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R /Resources 6 0 R >>",
        b"<< /Length " + str(len(content)).encode() + b" >>\nstream\n" + content + b"\nendstream",
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
        b"<< /Font << /F1 5 0 R >> >>",
    ]
    body, places = b"%PDF-1.4\n", []
    for number, one in enumerate(objects, 1):
        places.append(len(body))
        body += f"{number} 0 obj\n".encode() + one + b"\nendobj\n"
    table = b"".join(f"{place:010d} 00000 n \n".encode() for place in places)
    head = f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n".encode()
    trailer = f"trailer << /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{len(body)}\n%%EOF\n".encode()
    return body + head + table + trailer
