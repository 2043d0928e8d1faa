"""The process that reads files: it forks for each, so that what one does to it touches no other.

It is started by `sandbox.py` and gets, over a socket, a description of each file with two descriptors:
the file, open for reading, and a pipe for what is found.
"""

import importlib
import io
import json
import os
import select
import signal
import socket
import sys
from typing import Any

from bifocal.files.confinement import confine
from bifocal.files.content import Content, Reading
from bifocal.files.documents import read_documents
from bifocal.files.frames import message_of, write_frame
from bifocal.files.limits import Budget, Limits

#: Libraries that are worth importing once for all files after the first that needed them.
_LIBRARIES = (
    *("charset_normalizer", "markdown_it", "pyarrow.parquet", "pypdf"),
    *("bifocal.files.html", "bifocal.files.office"),
)

MOST_TASK_BYTES = 32 * 1024
_BUFFER_BYTES = 64 * 1024


def main(descriptor: int) -> None:
    """Read files until whoever asks for them closes the socket."""
    control = socket.socket(fileno=descriptor)
    ended, end = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.set_wakeup_fd(end, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    while True:
        task, descriptors, _, _ = socket.recv_fds(control, MOST_TASK_BYTES, 2)
        if not task:
            return
        asked = json.loads(task)
        for library in _LIBRARIES:
            if library in asked["libraries"] and library not in sys.modules:
                _import(library)
        reader = os.fork()
        if reader == 0:
            _read(control, asked, *descriptors)
        for one in descriptors:
            os.close(one)
        status = _status(reader, control, ended)
        control.sendall(json.dumps({"status": status}).encode() + b"\n")


def _import(library: str) -> None:
    try:
        importlib.import_module(library)
    except ImportError:
        return


def _status(reader: int, control: socket.socket, ended: int) -> int:
    """How a reader ended; it ends with this process, and this one when no one asks any more."""
    watch = select.poll()
    watch.register(ended, select.POLLIN)
    watch.register(control, select.POLLHUP)
    while True:
        found, status = os.waitpid(reader, os.WNOHANG)
        if found:
            return status
        for descriptor, _ in watch.poll():
            if descriptor == ended:
                os.read(ended, 512)
            else:
                os.kill(reader, signal.SIGKILL)
                sys.exit(0)


def _read(control: socket.socket, asked: dict[str, Any], file: int, results: int) -> None:
    """Read one file and end, whatever happens."""
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        control.close()
        sys.dont_write_bytecode = True
        limits = Limits(**asked["limits"])
        known = set(sys.modules)
        with os.fdopen(results, "wb") as out, io.FileIO(file) as raw:
            confine(limits)
            content = Content(
                name=asked["name"],
                format_name=asked["format_name"],
                stream=io.BufferedReader(raw, _BUFFER_BYTES),
                limits=limits,
                budget=Budget(limits, os.fstat(file).st_size),
                reading=Reading(**asked["reading"]),
            )
            for one in read_documents(content):
                write_frame(out, message_of(one))
            new = [name for name in _LIBRARIES if name in sys.modules and name not in known]
            write_frame(out, {"done": new})
    finally:
        os._exit(0)
