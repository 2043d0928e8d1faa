"""Files are read in processes of their own, which have limits and nothing worth stealing."""

import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import IO

from bifocal.errors import BifocalError, DamagedFile, ExtractionLimit, InternalError, UnreadableSource
from bifocal.files.content import Reading
from bifocal.files.extracted import Extracted, Refused
from bifocal.files.frames import LENGTH_BYTES, BrokenFrame, found_in, message_in, most_frame_bytes
from bifocal.files.limits import Limits

#: The package's own `__init__` imports what a reader has no use for, so it is not run there.
_START = (
    "import sys, types; package = types.ModuleType('bifocal'); package.__path__ = [sys.argv[1]]; "
    "sys.modules['bifocal'] = package; from bifocal.files.child import main; main(int(sys.argv[2]))"
)
_PACKAGE = Path(__file__).parents[1]

#: All that it knows of the world; libraries that count threads are told to have one.
_ENVIRONMENT = {
    "LANG": "C.UTF-8",
    "ARROW_DEFAULT_MEMORY_POOL": "system",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
}
#: Where an interpreter that needs it finds its own library.
_KEPT = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SYSTEMROOT")

_CHUNK_BYTES = 1024 * 1024
_STATUS_S = 10.0

#: Readers at once, where nobody says how many.
_MOST_PROCESSES = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class FileSource:
    """A file to be read, under a name."""

    name: str
    """What its documents are called after, and by whose ending its format is known where its content
    leaves that open. Never used as a path."""
    path: Path | None = None
    body: bytes = b""
    """The bytes themselves, where there is no path."""
    encoding: str | None = None
    """Encoding that was declared with it."""
    error: BifocalError | None = None
    """Why it cannot be read, where that is known before it is opened."""


def extract(
    sources: Iterable[FileSource],
    *,
    limits: Limits | None = None,
    reading: Reading | None = None,
    processes: int | None = None,
) -> Iterator[Extracted]:
    """Documents of files, in order, as they are read; what cannot be read is `Refused` with a reason.

    Up to `processes` files are read at once, each in a process that ends with it. Nothing that a file holds
    raises here.
    """
    n = processes or min(_MOST_PROCESSES, os.cpu_count() or 1)
    with ExitStack() as open_until_the_end:
        idle: list[Child] = []
        begun: deque[tuple[Child, FileSource, BifocalError | None]] = deque()
        for source in sources:
            if len(begun) == n:
                yield from _ended(begun, idle)
            child = idle.pop() if idle else open_until_the_end.enter_context(Child(limits or Limits()))
            begun.append((child, source, child.begin(source, reading or Reading())))
        while begun:
            yield from _ended(begun, idle)


class Reader:
    """Reads one file after the other, in a process that is started for the first and stays for the next."""

    def __init__(self, limits: Limits | None = None, reading: Reading | None = None) -> None:
        self._child = Child(limits or Limits())
        self._reading = reading or Reading()

    def __enter__(self) -> "Reader":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._child.__exit__(kind, error, trace)

    def read(self, source: FileSource) -> Iterator[Extracted]:
        """Documents of a file, as `extract` has them."""
        error = self._child.begin(source, self._reading)
        if error is not None:
            yield Refused(id=source.name, source=source.name, error=error)
        else:
            yield from self._child.documents(source)


def _ended(
    begun: deque[tuple["Child", FileSource, BifocalError | None]], idle: list["Child"]
) -> Iterator[Extracted]:
    child, source, error = begun.popleft()
    if error is not None:
        yield Refused(id=source.name, source=source.name, error=error)
    else:
        yield from child.documents(source)
    idle.append(child)


class Child:
    """A process that reads files one after the other; one that is lost is replaced."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self._results = -1
        self._libraries: set[str] = set()
        self._folder = tempfile.TemporaryDirectory(prefix="bifocal-read-", ignore_cleanup_errors=True)

    def __enter__(self) -> "Child":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()
        self._folder.cleanup()

    def begin(self, source: FileSource, reading: Reading) -> BifocalError | None:
        """Let a file be read; `documents` has what comes of it. Returns why it cannot be."""
        if source.error is not None:
            return source.error
        try:
            with _opened(source) as file:
                size = os.fstat(file.fileno()).st_size
                if size > self._limits.most_file_bytes:
                    return ExtractionLimit(
                        f"it has {size:,} bytes, and a file may have {self._limits.most_file_bytes:,}; "
                        "divide it"
                    )
                self._send(source, reading, file.fileno())
        except BifocalError as error:
            return error
        except OSError as error:
            return UnreadableSource(f"{source.name}: {error.strerror or error}")
        return None

    def documents(self, source: FileSource) -> Iterator[Extracted]:
        """What comes of the file that was begun."""
        whole = False
        waited = _Waited(self._limits.wall_s)
        try:
            for frame in self._frames(waited):
                message = message_in(frame)
                found = found_in(message)
                if found is not None:
                    yield found
                elif isinstance(message.get("done"), list):
                    whole = True
                    self._libraries.update(str(name) for name in message["done"])
            error = None if whole else self._why()
            if whole:
                self._status()
        except (BifocalError, BrokenFrame, OSError, ValueError) as fault:
            error = fault if isinstance(fault, BifocalError) else DamagedFile(_LOST)
            self._stop()
        finally:
            if self._results >= 0:
                os.close(self._results)
                self._results = -1
        if error is not None:
            yield Refused(id=source.name, source=source.name, error=error)

    def _send(self, source: FileSource, reading: Reading, file: int) -> None:
        results, write_results = os.pipe()
        try:
            task = {
                "name": source.name,
                "format_name": source.name,
                "limits": asdict(self._limits),
                "reading": {**asdict(reading), "encoding": source.encoding or reading.encoding},
                "libraries": sorted(self._libraries),
            }
            body = json.dumps(task).encode()
            try:
                socket.send_fds(self._started(), [body], [file, write_results])
            except (BrokenPipeError, ConnectionResetError):
                # It died between two files.
                self._stop()
                socket.send_fds(self._started(), [body], [file, write_results])
        except BaseException:
            os.close(results)
            raise
        finally:
            os.close(write_results)
        self._results = results

    def _started(self) -> socket.socket:
        if self._control is not None:
            return self._control
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        command = [
            sys.executable,
            "-I",
            "-X",
            "utf8",
            "-c",
            _START,
            str(_PACKAGE),
            str(theirs.fileno()),
        ]
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603  (our own module)
                command,
                env={**_ENVIRONMENT, **{name: os.environ[name] for name in _KEPT if name in os.environ}},
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                cwd=self._folder.name,
                start_new_session=True,
            )
        self._control = ours
        return ours

    def _frames(self, waited: "_Waited") -> Iterator[bytes]:
        """Frames until the reader's end closes the pipe; half a frame at the end is none."""
        most = most_frame_bytes(self._limits.most_text_bytes)
        buffer = bytearray()
        while waited.readable(self._results):
            chunk = os.read(self._results, _CHUNK_BYTES)
            if not chunk:
                return
            buffer += chunk
            at = 0
            while len(buffer) - at >= LENGTH_BYTES:
                length = int.from_bytes(buffer[at : at + LENGTH_BYTES], "big")
                if length > most:
                    raise BrokenFrame(str(length))
                end = at + LENGTH_BYTES + length
                if len(buffer) < end:
                    break
                yield bytes(buffer[at + LENGTH_BYTES : end])
                at = end
            del buffer[:at]

    def _status(self) -> int:
        """How the process that read the file ended, as `os.wait` has it."""
        if self._control is None or not _Waited(_STATUS_S).readable(self._control.fileno()):
            raise InternalError(_LOST)
        status = json.loads(self._control.recv(256))["status"]
        if not isinstance(status, int):
            raise BrokenFrame("status")
        return status

    def _why(self) -> BifocalError:
        """Why a file was not read to its end."""
        status = self._status()
        if os.WIFSIGNALED(status):
            number = os.WTERMSIG(status)
            if number == signal.SIGXCPU:
                return ExtractionLimit(
                    f"reading it takes more than {self._limits.cpu_s} s of processor time; "
                    "hand over parts of it"
                )
            if number == signal.SIGKILL:
                return ExtractionLimit("reading it took too much memory or time; hand over parts of it")
            return DamagedFile(
                f"its reader died over it ({signal.Signals(number).name}); it is damaged, so save it again"
            )
        return DamagedFile(_LOST)

    def _stop(self) -> None:
        """End the process and what it forked."""
        if self._control is not None:
            self._control.close()
            self._control = None
        if self._process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None
        if self._results >= 0:
            os.close(self._results)
            self._results = -1


_LOST = (
    "its reader was lost over it; it is damaged, or asks for too much, so save it again or hand over parts"
)


class _Waited:
    """Time spent waiting for one file; that in which no one asks for its documents does not count."""

    def __init__(self, most_s: float) -> None:
        self._most_s = most_s
        self._left_s = most_s

    def readable(self, descriptor: int) -> bool:
        """Wait until there is something to read.

        Raises:
            ExtractionLimit: it took too long.
        """
        watch = select.poll()
        watch.register(descriptor, select.POLLIN)
        began = time.monotonic()
        found = watch.poll(max(1.0, self._left_s * 1000))
        self._left_s -= time.monotonic() - began
        if not found or self._left_s <= 0:
            raise ExtractionLimit(f"reading it takes more than {self._most_s:g} s; hand over parts of it")
        return True


def _opened(source: FileSource) -> IO[bytes]:
    """The file, for reading.

    Raises:
        UnreadableSource: it is no regular file.
    """
    if source.path is not None:
        # A pipe would keep whoever opens it waiting.
        if source.path.exists() and not source.path.is_file():
            raise UnreadableSource("not a regular file")
        return source.path.open("rb")
    held = tempfile.TemporaryFile(prefix="bifocal-file-")  # noqa: SIM115
    held.write(source.body)
    held.seek(0)
    return held
