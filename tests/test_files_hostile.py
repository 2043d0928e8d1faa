"""Files that were damaged or made to do harm: each fails alone, and harms nobody."""

import ctypes
import gzip
import os
import signal
import socket
import subprocess
import sys
import tempfile
from itertools import pairwise
from pathlib import Path

import pytest

from bifocal.files import ExtractedDocument, FileSource, Limits, Refused, extract, sandbox
from bifocal.files.extracted import Extracted
from chaos.until import until
from hostile_files import CODES, cases, materials, outcomes, packed
from real_files import small_pdf

GOOD = FileSource(name="good.txt", body=b"A good text.")
MIB = 1024 * 1024


@pytest.fixture
def watched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of temporary files, which is empty again in the end."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.fixture
def obedient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Readers that do whatever a text says: files that have taken over who reads them."""
    takes_over = (
        "import bifocal.files.documents as documents; "
        "documents._READERS['txt'] = lambda content: run(content); "
        "from bifocal.files.extracted import ExtractedDocument as Found\n"
        "def run(content):\n"
        " said = {'text': 'nothing'}; exec(content.whole().decode(), said)\n"
        " yield Found(id=content.name, text=str(said['text']), source=content.name, format='txt')\n"
        "from bifocal.files.child import main"
    )
    monkeypatch.setattr(
        sandbox, "_START", sandbox._START.replace("from bifocal.files.child import main", takes_over)
    )
    monkeypatch.setattr(sandbox, "_START", sandbox._START.replace("; main(", "\nmain("))
    monkeypatch.setattr(sandbox, "_START", sandbox._START.replace("; import bifocal", "\nimport bifocal"))


def ends(*files: FileSource | bytes | str, limits: Limits | None = None) -> list[Extracted]:
    """How files end that are read one after the other by the same process."""
    sources = [
        one
        if isinstance(one, FileSource)
        else FileSource(name=f"{n}.txt", body=one.encode() if isinstance(one, str) else one)
        for n, one in enumerate(files)
    ]
    return list(extract(sources, limits=limits, processes=1))


def fails_alone(file: FileSource | str, limits: Limits | None = None) -> tuple[str, str]:
    """The code and the message with which a file ends, when those beside it are read all the same."""
    before, bad, after = ends("text = 'before'", file, "text = 'after'", limits=limits)
    assert isinstance(before, ExtractedDocument), before
    assert isinstance(after, ExtractedDocument), after
    assert isinstance(bad, Refused), bad
    return bad.error.code, bad.error.message


def test_damaged_files_end_as_what_can_be_read_of_them_or_with_a_reason(
    watched: Path, tmp_path: Path
) -> None:
    goods = materials(tmp_path)
    held = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    found = outcomes(list(cases(goods, 330, seed=1)))
    assert found.total() == 330
    assert {end for _, end in found} <= CODES | {"read", "nothing in it"}
    assert {kind for kind, end in found if end == "read"} >= {"pdf", "docx", "csv", "html"}
    assert list(watched.iterdir()) == []
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path != watched} == {
        path: at for path, at in held.items() if path != watched
    }


@pytest.mark.usefixtures("obedient")
@pytest.mark.parametrize(
    ("deed", "code", "part"),
    [
        ("while True: pass", "extraction_limit", "1 s of processor time"),
        (
            "import signal; signal.signal(signal.SIGXCPU, signal.SIG_IGN)\nwhile True: pass",
            "extraction_limit",
            "",
        ),
        ("b'x' * 10**10", "extraction_limit", "bytes of memory"),
        ("held = []\nwhile True: held.append(bytearray(10**6))", "extraction_limit", "bytes of memory"),
        ("import os; os._exit(0)", "damaged_file", "lost"),
        ("import os; os.abort()", "damaged_file", "SIGABRT"),
        ("import ctypes; ctypes.string_at(0)", "damaged_file", "SIGSEGV"),
        ("f = lambda: f()\nf()", "damaged_file", "nested too deep"),
        ("raise ValueError('odd')", "damaged_file", "ValueError: odd"),
        ("import sys; sys.exit(3)", "damaged_file", "lost"),
        ("raise KeyboardInterrupt", "damaged_file", "lost"),
    ],
)
def test_a_file_that_ruins_its_reader_fails_alone(deed: str, code: str, part: str, watched: Path) -> None:
    found = fails_alone(deed, Limits(cpu_s=1, memory_bytes=512 * MIB))
    assert found[0] == code
    assert part in found[1]
    assert list(watched.iterdir()) == []


@pytest.mark.usefixtures("obedient")
def test_a_file_that_keeps_its_reader_waiting_is_given_up() -> None:
    waits = "import time; time.sleep(3600)"
    assert fails_alone(waits, Limits(wall_s=2)) == (
        "extraction_limit",
        "reading it takes more than 2 s; hand over parts of it",
    )


#: Finds the pipe that results go through, and writes to it.
_ON_THE_PIPE = """
import os, stat
for number in range(3, 64):
    try:
        if stat.S_ISFIFO(os.fstat(number).st_mode): os.write(number, {body!r})
    except OSError:
        pass
os._exit(0)
"""


@pytest.mark.usefixtures("obedient")
@pytest.mark.parametrize(
    "body",
    [
        b"\xff\xff\xff\xff",
        b"\x00\x00\x00\x02[]",
        b"\x00\x00\x00\x05{bad}",
        b"\x00\x00\x00\x10" + b'{"document": {}}',
        b"\x00\x00\x00\x0f" + b'{"refused": {}}',
        b"\x00\x00\x00\x40{",
        b"\x80\x04cos\nsystem\n",
    ],
)
def test_what_a_reader_says_is_not_believed_without_a_look(body: bytes) -> None:
    assert fails_alone(_ON_THE_PIPE.format(body=body))[0] == "damaged_file"


def test_a_reader_knows_nothing_of_the_environment(obedient: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BIFOCAL_API_KEY", "secret")
    (found,) = ends("import os, sys; text = (dict(os.environ), sys.argv)")
    assert isinstance(found, ExtractedDocument)
    assert "secret" not in found.text
    assert "BIFOCAL" not in found.text


def has_landlock() -> bool:
    return ctypes.CDLL(None, use_errno=True).syscall(444, None, 0, 1) >= 1


#: A deed by the interpreter, which its hook refuses, and past it, which only the kernel can.
DEEDS = {
    "write": ("open({path!r}, 'w')", "libc.open({path!r}.encode(), 0o101, 0o644)"),
    "append": ("open({there!r}, 'a').write('x')", "libc.open({there!r}.encode(), 0o2001)"),
    "cut": ("os.truncate({there!r}, 0)", "libc.truncate({there!r}.encode(), 0)"),
    "remove": ("os.remove({there!r})", "libc.unlink({there!r}.encode())"),
    "rename": ("os.rename({there!r}, {path!r})", "libc.rename({there!r}.encode(), {path!r}.encode())"),
    "make a folder": ("os.mkdir({path!r})", "libc.mkdir({path!r}.encode(), 0o755)"),
    "link": ("os.symlink({there!r}, {path!r})", "libc.symlink({there!r}.encode(), {path!r}.encode())"),
    "run a program": ("os.execv('/bin/true', ['true'])", "libc.execl(b'/bin/true', b'true', None)"),
    "connect": ("socket.create_connection(('127.0.0.1', {port}))", "connect({port})"),
    "end its parent": ("os.kill(os.getppid(), 9)", "libc.kill(os.getppid(), 9)"),
}  # fmt: skip

_PAST_THE_HOOK = """
import ctypes, os, struct
libc = ctypes.CDLL(None, use_errno=True)
def connect(port):
    where = struct.pack('=H', 2) + struct.pack('!H', port) + bytes([127, 0, 0, 1]) + bytes(8)
    return libc.connect(libc.socket(2, 1, 0), where, 16)
text = {deed}
"""


@pytest.mark.usefixtures("obedient")
@pytest.mark.parametrize("deed", DEEDS)
def test_a_reader_can_neither_write_nor_run_nor_connect(deed: str, tmp_path: Path) -> None:
    there, path = tmp_path / "there.txt", tmp_path / "new"
    there.write_text("as it was")
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        values = {"there": str(there), "path": str(path), "port": server.getsockname()[1]}
        by_python, by_kernel = (one.format(**values) for one in DEEDS[deed])
        code, message = fails_alone(f"import os, socket; {by_python}")
        assert code == "damaged_file"
        assert "PermissionError" in message
        if has_landlock():
            (found,) = ends(_PAST_THE_HOOK.format(deed=by_kernel))
            assert isinstance(found, ExtractedDocument), found
            assert found.text == "-1"
            with pytest.raises(BlockingIOError):
                server.accept()
    assert there.read_text() == "as it was"
    assert sorted(one.name for one in tmp_path.iterdir()) == ["there.txt"]


@pytest.mark.usefixtures("obedient")
@pytest.mark.skipif(not has_landlock(), reason="the kernel has no Landlock")
def test_a_reader_sees_no_files_of_others(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("of another job")
    for place in (tmp_path / "secret", Path("/etc/passwd"), Path(f"/proc/{os.getpid()}/environ")):
        assert "PermissionError" in fails_alone(f"text = open({str(place)!r}).read()")[1]


@pytest.mark.usefixtures("obedient")
def test_a_process_that_was_ended_between_two_files_is_replaced() -> None:
    with sandbox.Child(Limits()) as child:
        for _ in range(2):
            source = FileSource(name="a.txt", body=b"text = 'read'")
            assert child.begin(source, sandbox.Reading()) is None
            (found,) = child.documents(source)
            assert isinstance(found, ExtractedDocument)
            assert child._process is not None
            os.kill(child._process.pid, signal.SIGKILL)
            child._process.wait()


def test_whoever_takes_no_more_documents_leaves_nothing_running(watched: Path) -> None:
    before = _children()
    taken = extract([FileSource(name="a.csv", body=b"text\n" + b"A cat sat.\n" * 200_000), GOOD])
    next(taken)
    assert _children() > before
    taken.close()
    assert list(watched.iterdir()) == []
    assert _children() <= before


def _children() -> set[int]:
    """Those of this process, among them what other tests have running."""
    return {
        int(pid)
        for thread in Path("/proc/self/task").iterdir()
        for pid in (thread / "children").read_text().split()
    }


_READS = """
import sys
from pathlib import Path
from bifocal.files import FileSource, extract
list(extract([FileSource(name="a.pdf", path=Path(sys.argv[1]))]))
"""


def children(process: int) -> list[int]:
    return [int(one) for one in Path(f"/proc/{process}/task/{process}/children").read_text().split()]


def runs(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_readers_end_with_whoever_started_them_however_that_ends(tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    with path.open("wb") as sparse:
        sparse.write(b"%PDF-1.7\n")
        sparse.truncate(1024 * MIB)
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    with subprocess.Popen([sys.executable, "-c", _READS, str(path)], env=environment) as started:
        until("there is a child", lambda: bool(children(started.pid)))
        (child,) = children(started.pid)
        until("it has forked", lambda: bool(children(child)))
        (reader,) = children(child)
        started.kill()
    until("none is left", lambda: not any(map(runs, (child, reader))))


def bomb(name: str, beginning: bytes = b"") -> bytes:
    """An archive whose one member expands to a thousand times its size."""
    return packed({name: beginning + b" " * 40 * MIB})


def nested(depth: int) -> bytes:
    body = packed({"a.txt": b"Deep down."})
    for _ in range(depth - 1):
        body = packed({"inner.zip": body})
    return body


_ENTITIES = "".join(f'<!ENTITY {more} "{f"&{few};" * 20}">' for few, more in pairwise("abcdefg"))
LAUGHS = (
    f'<!DOCTYPE x [<!ENTITY a "ha">{_ENTITIES}]><w:document xmlns:w="w"><w:body><w:p><w:r>'
    "<w:t>&g;</w:t></w:r></w:p></w:body></w:document>"
)
OUTSIDE = (
    '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><w:document xmlns:w="w"><w:body><w:p><w:r>'
    "<w:t>See &a;</w:t></w:r></w:p></w:body></w:document>"
)


@pytest.mark.parametrize(
    ("name", "body", "part"),
    [
        ("bomb.zip", bomb("a.txt"), "times its size"),
        ("bomb.docx", bomb("word/document.xml", b"<document>"), "times its size"),
        ("bomb.csv.gz", gzip.compress(b"text\n" + b" " * 40 * MIB), "times its size"),
        ("bomb.jsonl.gz", gzip.compress((b" " * 1023 + b"\n") * 40 * 1024), "times its size"),
        ("rows.jsonl.gz", gzip.compress(b"{}\n" * MIB), "1,000 of its parts could not be read"),
        ("rows.csv.gz", gzip.compress(b"text\n" + b"a\n" * MIB), "more than 2,000 documents"),
        ("deep.zip", nested(4), "3 deep"),
        ("deeper.zip", nested(60), "3 deep"),
        ("many.zip", packed({f"{n}.txt": b"x" for n in range(2_000)}), "more than 1,000 files"),
    ],
    ids=lambda one: one if isinstance(one, str) else "",
)
def test_what_expands_without_end_is_given_up(name: str, body: bytes, part: str) -> None:
    *_, bad, after = ends(
        FileSource(name=name, body=body), GOOD, limits=Limits(most_members=1_000, most_documents=2_000)
    )
    assert isinstance(after, ExtractedDocument)
    assert isinstance(bad, Refused)
    assert bad.error.code == "extraction_limit"
    assert part in bad.error.message


def test_archives_within_archives_are_read_as_deep_as_they_may_be() -> None:
    (found,) = ends(FileSource(name="a.zip", body=nested(3)))
    assert isinstance(found, ExtractedDocument)
    assert (found.id, found.text) == ("a.zip/inner.zip/inner.zip/a.txt", "Deep down.")


@pytest.mark.parametrize("document", [LAUGHS, OUTSIDE], ids=["entities", "files"])
def test_xml_brings_in_nothing_but_itself(document: str) -> None:
    (found, after) = ends(
        FileSource(name="a.docx", body=packed({"word/document.xml": document.encode()})), GOOD
    )
    assert isinstance(after, ExtractedDocument)
    if isinstance(found, ExtractedDocument):
        assert "root:" not in found.text
        assert len(found.text) < 100


def test_elements_within_elements_without_end_are_read_or_refused() -> None:
    page, trees = b"<div>" * 200_000 + b"deep", b"<w:p>" * 200_000
    page_end, docx_end, pdf_end = ends(
        FileSource(name="a.html", body=page),
        FileSource(name="a.docx", body=packed({"word/document.xml": trees})),
        FileSource(name="a.pdf", body=small_pdf("A dog.").replace(b"[3 0 R]", b"[2 0 R]")),
    )
    for end in (page_end, docx_end, pdf_end):
        assert isinstance(end, ExtractedDocument) or end.error.code in CODES


NAMES = [
    "../../../outside.txt",
    "/etc/outside.txt",
    "..\\..\\outside.txt",
    "a/../../outside.txt",
    "C:\\x.txt",
]


def test_names_of_members_lead_nowhere(watched: Path, tmp_path: Path) -> None:
    before = sorted(tmp_path.rglob("*"))
    found = ends(FileSource(name="a.zip", body=packed(dict.fromkeys(NAMES, b"A cat."))))
    assert all(one.id.startswith("a.zip/") and ".." not in one.id for one in found)
    assert {one.text for one in found if isinstance(one, ExtractedDocument)} == {"A cat."}
    assert sorted(tmp_path.rglob("*")) == before
    assert not Path("/etc/outside.txt").exists()


@pytest.mark.parametrize(
    ("ending", "beginning"),
    [
        *(("txt", b""), ("txt", b"A cat."), ("csv", b"text\nA cat,\n"), ("jsonl", b"{}\n")),
        *(("pdf", b"%PDF-1.7\n"), ("zip", b"PK\x03\x04"), ("gz", b"\x1f\x8b"), ("parquet", b"PAR1")),
    ],
)
def test_a_file_of_a_gigabyte_of_nothing_is_given_up(beginning: bytes, ending: str, tmp_path: Path) -> None:
    path = tmp_path / f"a.{ending}"
    with path.open("wb") as sparse:
        sparse.write(beginning)
        sparse.truncate(1024 * MIB)
    found = ends(FileSource(name=path.name, path=path), GOOD, limits=Limits(cpu_s=2, memory_bytes=512 * MIB))
    assert isinstance(found[-1], ExtractedDocument)
    assert isinstance(found[-2], Refused)
    assert found[-2].error.code in CODES


def test_a_file_over_the_limit_is_not_opened(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"x" * 11)
    (found,) = ends(FileSource(name="a.txt", path=tmp_path / "a.txt"), limits=Limits(most_file_bytes=10))
    assert isinstance(found, Refused)
    assert found.error.message == "it has 11 bytes, and a file may have 10; divide it"
