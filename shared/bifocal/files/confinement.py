"""What the process that reads a file can no longer do, once it begins to read.

Limits of the kernel hold everywhere; that nothing is written, started or connected to, and nothing read
but libraries, is held by Landlock where the kernel has it (5.13 and later), and most of it by a hook of the
interpreter besides.
"""

import ctypes
import os
import resource
import signal
import sys

from bifocal.files.limits import Limits

#: Descriptors: those it has, and those that imports need.
_MOST_DESCRIPTORS = 64

_PR_SET_PDEATHSIG, _PR_SET_NO_NEW_PRIVS = 1, 38
_LANDLOCK_CREATE, _LANDLOCK_ADD, _LANDLOCK_RESTRICT = 444, 445, 446
_BENEATH = 1

_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

#: Where libraries lie that those of Python need.
_LIBRARY_FOLDERS = ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib", "/nix/store")

#: Rights by the version of Landlock that knew them first: to run, write, read, list, remove and make files of
#: all sorts; to move them; to cut them; to command devices. Then TCP, and signals and sockets to the outside.
_FILE_RIGHTS = {1: 0b1_1111_1111_1111, 2: 1 << 13, 3: 1 << 14, 5: 1 << 15}
_READING = 0b1100
_NET_RIGHTS, _NET_SINCE = 0b11, 4
_SCOPES, _SCOPES_SINCE = 0b11, 6

_DENIED_EVENTS = (
    *("socket.", "subprocess.", "os.exec", "os.fork", "os.posix_spawn", "os.spawn", "os.system", "os.kill"),
    *("os.remove", "os.rename", "os.mkdir", "os.rmdir", "os.link", "os.symlink", "os.truncate", "os.chmod"),
    *("os.chown", "shutil.", "tempfile.", "ftplib.", "http.", "urllib.", "smtplib.", "webbrowser."),
    *("pty.", "sqlite3."),
)
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


class _Ruleset(ctypes.Structure):
    _fields_ = (("files", ctypes.c_uint64), ("net", ctypes.c_uint64), ("scopes", ctypes.c_uint64))


class _Beneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("rights", ctypes.c_uint64), ("folder", ctypes.c_int32))


def confine(limits: Limits) -> None:
    """Give up, for good, what reading a file does not need."""
    _limit(resource.RLIMIT_AS, limits.memory_bytes)
    # The first ends the process, the second would if it refused to end.
    _limit(resource.RLIMIT_CPU, limits.cpu_s, limits.cpu_s + 1)
    # No byte goes into any file, whoever may open it.
    _limit(resource.RLIMIT_FSIZE, 0)
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_NOFILE, _MOST_DESCRIPTORS)
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        _restrict(libc)
    sys.addaudithook(_refuse)


def _limit(which: int, soft: int, hard: int | None = None) -> None:
    """Set a limit, if there is none that is lower."""
    _, most = resource.getrlimit(which)
    if most == resource.RLIM_INFINITY:
        most = hard or soft
    resource.setrlimit(which, (min(soft, most), min(hard or soft, most)))


def _restrict(libc: ctypes.CDLL) -> None:
    """Landlock: what is handled is denied, but for the reading of libraries that are still to be imported."""
    version = libc.syscall(_LANDLOCK_CREATE, None, 0, 1)
    if version < 1:  # a kernel without it
        return
    rules = _Ruleset(
        files=sum(rights for since, rights in _FILE_RIGHTS.items() if version >= since),
        net=_NET_RIGHTS if version >= _NET_SINCE else 0,
        scopes=_SCOPES if version >= _SCOPES_SINCE else 0,
    )
    size = 24 if version >= _SCOPES_SINCE else 16 if version >= _NET_SINCE else 8
    ruleset = libc.syscall(_LANDLOCK_CREATE, ctypes.byref(rules), size, 0)
    if ruleset < 0:
        return
    for folder in {_PACKAGE, sys.prefix, sys.base_prefix, *sys.path, *_LIBRARY_FOLDERS}:
        if os.path.isdir(folder):
            beneath = os.open(folder, os.O_PATH | os.O_CLOEXEC)
            libc.syscall(_LANDLOCK_ADD, ruleset, _BENEATH, ctypes.byref(_Beneath(_READING, beneath)), 0)
            os.close(beneath)
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    libc.syscall(_LANDLOCK_RESTRICT, ruleset, 0)
    os.close(ruleset)


def _refuse(event: str, arguments: tuple[object, ...]) -> None:
    if event == "open":
        path, _, flags = arguments
        if not isinstance(path, int) and isinstance(flags, int) and flags & _WRITING:
            raise PermissionError("a file that is read may write none")
    elif event.startswith(_DENIED_EVENTS):
        raise PermissionError(f"a file that is read may not cause {event}")
