"""`python slim.py environment FOLDER` and `python slim.py system ROOT`: what no service needs at run time.

The Dockerfile runs the first over the virtual environment of each service, the second over the system
beneath it. All that goes is named here, with the reason; `tests/compose` runs every service without it.
Only the standard library is used, for nothing else is installed where this runs.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Part:
    """Files or folders that go; `pattern` is a glob below the root."""

    pattern: str
    why: str


#: Below site-packages.
ENVIRONMENT = (
    Part("**/tests", "packages' own tests"),
    Part("gensim/test", "gensim's tests, with corpora"),
    Part("**/*.pyx", "sources of what is compiled"),
    Part("**/*.px[di]", "sources of what is compiled"),
    Part("**/*.c", "sources of what is compiled"),
    Part("**/*.cpp", "sources of what is compiled"),
    Part("**/*.h", "headers"),
    Part("**/*.hpp", "headers"),
    Part("**/*.pyi", "for type checkers"),
    Part("wrapt-stubs", "for type checkers"),
    Part("pyarrow/include", "headers"),
    Part("pyarrow/src", "sources"),
    Part("pyarrow/*flight*", "Arrow's own network protocol: nothing speaks it"),
    Part("pyarrow/*arrow_s3*", "Arrow's own S3 client: stores are reached by fsspec"),
    Part("pyarrow/_s3fs*", "the same"),
    Part("pyarrow/_pyarrow_cpp_tests*", "tests"),
    Part("setuptools*", "builds packages"),
    Part("_distutils_hack", "builds packages"),
    Part("distutils-precedence.pth", "builds packages"),
    Part("pygments/lexers/[!_]*", "colours for listings of programs: rich prints none here"),
    Part("torch/include", "headers"),
    Part("torch/test", "C++ tests"),
    Part("torch/bin/[!t]*", "C++ tests and compilers of messages"),
    Part("torch/bin/test*", "C++ tests"),
)

#: Below site-packages, what takes the place of a compiled module.
STUBS = {
    # thinc, beneath spaCy's tokenizer, asks for it as it is imported, and calls it in neural layers alone.
    # A copy of all of BLIS is in it, and another in blis.cy, which stays.
    "blis/py": (
        '"""In place of blis.py, which multiplies matrices for neural layers."""\n\n\n'
        "def __getattr__(name: str) -> object:\n"
        '    raise AttributeError(f"blis.py was left out of this image: {name}")\n'
    ),
}

#: Below /: what a container that runs one Python program never opens.
SYSTEM = (
    Part("usr/share/doc", "documentation"),
    Part("usr/share/doc-base", "documentation"),
    Part("usr/share/man", "documentation"),
    Part("usr/share/info", "documentation"),
    Part("usr/share/locale", "translations of the system's messages"),
    Part("usr/share/i18n", "sources of locales"),
    Part("usr/share/bash-completion", "for people at a shell"),
    Part("usr/share/python-wheels", "pip, for new environments"),
    Part("usr/lib/python3/dist-packages/*", "pip and setuptools of the system"),
    Part("usr/lib/python3.11/ensurepip", "pip, for new environments"),
    Part("usr/lib/python3.11/lib2to3", "Python 2"),
    Part("usr/lib/python3.11/pydoc_data", "documentation"),
    Part("usr/local/lib/python3.11/ensurepip", "pip, for new environments"),
    Part("usr/local/lib/python3.11/idlelib", "an editor"),
    Part("usr/local/lib/python3.11/lib2to3", "Python 2"),
    Part("usr/local/lib/python3.11/pydoc_data", "documentation"),
    Part("usr/local/lib/python3.11/turtledemo", "a demonstration"),
    Part("usr/local/lib/python3.11/site-packages/*", "pip and setuptools of the system"),
    Part("usr/local/lib/libpython3.11.a", "links programs"),
    Part("usr/local/include", "headers"),
    Part("usr/lib/x86_64-linux-gnu/gconv", "character sets of C programs; Python has its own"),
    Part("usr/lib/x86_64-linux-gnu/perl-base", "Perl"),
    Part("usr/bin/perl*", "Perl"),
    # Nobody installs in a container that runs; what is installed stays listed in var/lib/dpkg/status,
    # for scanners.
    Part("usr/lib/apt", "the package manager"),
    Part("usr/bin/apt*", "the package manager"),
    Part("usr/lib/*/libapt-p*", "the package manager"),
    Part("var/lib/dpkg/info/*", "scripts of packages"),
    Part("var/lib/apt/*", "lists of packages"),
    Part("var/cache/*", "caches"),
    Part("var/log/*", "logs of the installation"),
    Part("var/backups/*", "copies of lists of users"),
    Part("tmp/*", "temporary files"),
    Part("root/.cache", "pip's cache"),
)


def find(root: Path, parts: tuple[Part, ...]) -> Iterator[Path]:
    """What is there of the parts, a folder before what lies in it."""
    for part in parts:
        yield from sorted(root.glob(part.pattern))


def remove(root: Path, parts: tuple[Part, ...]) -> int:
    """Remove the parts; returns how many bytes that was."""
    before = size(root)
    for path in find(root, parts):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        elif path.exists() or path.is_symlink():
            path.unlink()
    return before - size(root)


def put_stubs(packages: Path) -> int:
    """Put stubs in the place of compiled modules; returns how many bytes those had."""
    before = size(packages)
    for module, text in STUBS.items():
        for path in packages.glob(f"{module}.*.so"):
            path.unlink()
            (packages / f"{module}.py").write_text(text)
    return before - size(packages)


def size(root: Path) -> int:
    """Bytes of all files below a folder, on its own file system, each file once."""
    seen: dict[tuple[int, int], int] = {}
    for folder, folders, files in os.walk(root):
        folders[:] = [name for name in folders if not os.path.ismount(os.path.join(folder, name))]
        for name in files:
            status = os.lstat(os.path.join(folder, name))
            seen[status.st_dev, status.st_ino] = status.st_size
    return sum(seen.values())


def shared_objects(root: Path) -> list[Path]:
    """Compiled files that may be stripped.

    Those in ``NAME.libs`` were moved into their wheels by a tool that lays them out anew; strip breaks them.
    """
    found = (path for path in root.rglob("*.so*") if path.is_file() and not path.is_symlink())
    return sorted(path for path in found if not path.parent.name.endswith(".libs") and is_elf(path))


def is_elf(path: Path) -> bool:
    """Whether a file is compiled code."""
    with path.open("rb") as file:
        return file.read(4) == b"\x7fELF"


def strip(root: Path) -> int:
    """Take symbols for debuggers and linkers out of compiled files; returns how many bytes that was."""
    if shutil.which("strip") is None:
        print("there is no `strip`: symbols for debuggers stay, which makes the image larger")
        return 0
    before = size(root)
    for path in shared_objects(root):
        # torch's own libraries are stripped already, and large.
        if path.parts[-3:-1] != ("torch", "lib"):
            subprocess.run(["strip", "--strip-unneeded", str(path)], check=True)  # noqa: S603, S607
    return before - size(root)


def link_copies(root: Path) -> int:
    """Make one file of copies that lie in one folder: wheels hold no links, so they copy libraries."""
    before = size(root)
    for folder in {path.parent for path in shared_objects(root)}:
        by_body: dict[bytes, Path] = {}
        for path in sorted(folder.glob("lib*.so*"), key=lambda found: len(found.name), reverse=True):
            if path.is_symlink():
                continue
            body = path.read_bytes()
            first = by_body.setdefault(body, path)
            if first is not path:
                path.unlink()
                path.symlink_to(first.name)
    return before - size(root)


def main(what: str, folder: Path) -> None:
    """Make a folder smaller, and say by how much."""
    if what == "system":
        print(f"{folder}: {remove(folder, SYSTEM) / 1e6:.0f} MB of what is not needed")
        return
    (packages,) = folder.glob("lib/python3*/site-packages")
    removed = remove(packages, ENVIRONMENT) + put_stubs(packages)
    stripped, linked = strip(packages), link_copies(packages)
    print(
        f"{folder}: {removed / 1e6:.0f} MB of what is not needed, {stripped / 1e6:.0f} MB of symbols, "
        f"{linked / 1e6:.0f} MB of copies; {size(folder) / 1e6:.0f} MB are left"
    )


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
