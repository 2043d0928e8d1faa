"""Files that were damaged or made to do harm, and what becomes of whoever reads them.

As a script it damages as many files as it is told to, and says how they ended:
`python tests/hostile_files.py --cases 5000 --seed 1`.
"""

import argparse
import gzip
import io
import json
import random
import tempfile
import time
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet

from bifocal.files import ExtractedDocument, FileSource, Limits, extract
from real_files import MARKDOWN, by_pandoc, small_pdf

#: Tight, so that a file that asks for too much says so soon.
TIGHT = Limits(wall_s=30.0, cpu_s=10, memory_bytes=768 * 1024 * 1024)

#: Codes with which a damaged file may end.
CODES = {
    *("damaged_file", "unsupported_format", "encrypted_file", "extraction_limit", "invalid_text"),
    *("invalid_document", "empty_document", "document_too_large", "unreadable_source"),
}


def packed(members: dict[str, bytes], how: int = zipfile.ZIP_DEFLATED) -> bytes:
    """An archive; `ZipFile` writes any name, also one that leaves the folder."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", how) as archive:
        for name, body in members.items():
            archive.writestr(zipfile.ZipInfo(name), body, how)
    return out.getvalue()


def deflated_pdf() -> bytes:
    """A PDF of several pages whose streams and table are compressed."""
    from pypdf import PdfReader, PdfWriter

    writer, out = PdfWriter(), io.BytesIO()
    for number in range(5):
        reader = PdfReader(
            io.BytesIO(small_pdf(f"Page {number}", "The dog barked at the moon.", "It was late."))
        )
        writer.append(reader)
    for page in writer.pages:
        page.compress_content_streams()
    writer.compress_identical_objects()
    writer.write(out)
    return out.getvalue()


def materials(folder: Path) -> dict[str, bytes]:
    """Good files, by name; those that pandoc makes are as rich as its are."""
    table = pa.table(
        {"id": [str(n) for n in range(300)], "text": [f"The dog {n} barked." for n in range(300)]}
    )
    parquet = io.BytesIO()
    pyarrow.parquet.write_table(table, parquet, row_group_size=100)
    rows = "".join(f'{n},"The dog {n}, barked."\n' for n in range(200))
    return {
        "a.pdf": small_pdf("The dog barked.", "It was late."),
        "b.pdf": deflated_pdf(),
        "a.docx": by_pandoc(folder, ".docx").read_bytes(),
        "a.odt": by_pandoc(folder, ".odt").read_bytes(),
        "a.epub": by_pandoc(folder, ".epub", "--metadata", "title=visit").read_bytes(),
        "a.html": by_pandoc(folder, ".html", "--standalone", "--metadata", "title=visit").read_bytes(),
        "a.parquet": parquet.getvalue(),
        "a.zip": packed({"a.md": MARKDOWN.encode(), "b.pdf": small_pdf("A dog."), "c.csv": rows.encode()}),
        "a.csv.gz": gzip.compress(f"id,text\n{rows}".encode()),
        "a.jsonl": b"".join(json.dumps({"id": n, "text": "The dog."}).encode() + b"\n" for n in range(50)),
        "a.csv": f"id,text\n{rows}".encode(),
    }


def damaged(body: bytes, chance: random.Random) -> bytes:
    """A file as it is after an accident: cut off, with bits turned over, pieces lost, moved or doubled."""
    held = bytearray(body)
    for _ in range(chance.randint(1, 3)):
        at, length = chance.randrange(len(held)), chance.randint(1, max(2, len(held) // 8))
        match chance.randrange(6):
            case 0:
                del held[max(1, at) :]
            case 1:
                for _ in range(chance.randint(1, 24)):
                    held[chance.randrange(len(held))] ^= 1 << chance.randrange(8)
            case 2 if len(held) > length + 1:
                del held[at : at + length]
            case 3:
                held[at:at] = held[at : at + length]
            case 4:
                held[at : at + length] = bytes(len(held[at : at + length]))
            case _:
                held[at : at + length] = chance.randbytes(len(held[at : at + length]))
    return bytes(held)


def cases(goods: dict[str, bytes], n: int, seed: int) -> Iterator[FileSource]:
    """`n` damaged files; the same for the same seed."""
    chance = random.Random(seed)  # noqa: S311  (not for secrets)
    names = sorted(goods)
    for number in range(n):
        name = names[number % len(names)]
        yield FileSource(name=f"{number:06d}/{name}", body=damaged(goods[name], chance))


def outcomes(sources: list[FileSource], limits: Limits = TIGHT) -> Counter[tuple[str, str]]:
    """How files ended, by their format and the code, or `read` for those of which something was read."""
    ends: dict[str, str] = {}
    places = {source.name: source for source in sources}
    # A row's id may be any; where it came from begins with the file.
    for found in extract(sources, limits=limits):
        file = "/".join(found.source.split("/")[:2]).rpartition(":")[0] or found.source
        file = file if file in places else "/".join(found.source.split("/")[:2])
        end = "read" if isinstance(found, ExtractedDocument) else found.error.code
        if ends.get(file) != "read":
            ends[file] = end
    return Counter((name.partition(".")[2], ends.get(name, "nothing in it")) for name in places)


def main() -> None:
    """Damage files and print how they ended, as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        goods = materials(Path(folder))
    began = time.monotonic()
    found = outcomes(list(cases(goods, asked.cases, asked.seed)))
    formats: dict[str, dict[str, int]] = {}
    for (kind, end), n in sorted(found.items()):
        formats.setdefault(kind, {})[end] = n
    unexpected = {end for _, end in found} - CODES - {"read", "nothing in it"}
    print(json.dumps({"cases": asked.cases, "seed": asked.seed, "s": round(time.monotonic() - began, 1),
                      "unexpected": sorted(unexpected), "formats": formats}, indent=1))  # fmt: skip


if __name__ == "__main__":
    main()
