"""What the project stands on: `make audit`.

Holds always, without a network:

- every package that bifocal asks for, and every one that those ask for, is pinned in constraints.txt;
- what is installed is what is pinned, and fits whoever asks for it;
- each came from an index, none from a repository or an address of its own;
- every file of it is the one that was in its wheel, by the hashes in its RECORD.

Then asks for known vulnerabilities, by pip-audit at OSV; where that does not answer it says so, and that is
no failure.
"""

import argparse
import base64
import hashlib
import importlib.util
import json
import subprocess
import sys
import tomllib
import urllib.error
import urllib.request
from collections.abc import Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[1]
OSV = "https://api.osv.dev"
#: Not depended on but installed with; pip-audit's packages name it.
_INSTALLERS = {"bifocal", "pip"}
_ANSWER_S = 10.0
_CHUNK_BYTES = 1 << 20


def main() -> int:
    """Look and say; the exit status is 0 if nothing is wrong that can be known here."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--offline", action="store_true", help="ask nobody")
    parser.add_argument("--skip-files", action="store_true", help="leave out the hashes of files")
    parser.add_argument("--constraints", type=Path, default=ROOT / "constraints.txt", help="the pins")
    chosen = parser.parse_args()
    pins = _pins(chosen.constraints)
    found, faults = _closure(pins)
    faults += [fault for one in found for fault in _origin(one)]
    if not chosen.skip_files:
        faults += [fault for one in found for fault in _changed_files(one)]
    for fault in faults:
        print(f"audit: {fault}", file=sys.stderr)
    looked_at = "pins" if chosen.skip_files else "pins and files"
    print(f"audit: {looked_at} of {len(found)} packages, {len(faults)} faults")
    vulnerable = 0 if chosen.offline else _vulnerabilities(chosen.constraints)
    return 1 if faults or vulnerable else 0


def _pins(constraints: Path) -> dict[str, Version]:
    lines = constraints.read_text("utf-8").splitlines()
    pairs = (line.split("==") for line in lines if line and not line.startswith("#"))
    return {canonicalize_name(name): Version(version) for name, version in pairs}


def _closure(pins: dict[str, Version]) -> tuple[list[Distribution], list[str]]:
    """What bifocal and all its extras ask for, directly or not; and what is wrong with pins and versions."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    extras = project["optional-dependencies"]
    if not _has_pip_audit():
        del extras["audit"]
    # As those of the audit: of one command only, and not among what the tests run on.
    if importlib.util.find_spec("schemathesis") is None:
        del extras["fuzz"]
    asked = [*project["dependencies"], *(one for extra in extras.values() for one in extra)]
    waiting = [("bifocal", Requirement(one)) for one in asked]
    seen: set[str] = set()
    there: dict[str, Distribution] = {}
    faults = []
    while waiting:
        asks, wanted = waiting.pop()
        name = canonicalize_name(wanted.name)
        if name in _INSTALLERS or f"{name}{sorted(wanted.extras)}{wanted.specifier}" in seen:
            continue
        seen.add(f"{name}{sorted(wanted.extras)}{wanted.specifier}")
        try:
            one = distribution(name)
        except PackageNotFoundError:
            faults.append(f"{name}, which {asks} asks for, is not installed")
            continue
        version = Version(Version(one.version).public)
        if name not in pins:
            faults.append(f"{name} {version}, which {asks} asks for, is not in the constraints")
        elif pins[name] != version:
            faults.append(f"{name} is {version}, the constraints have {pins[name]}")
        if not wanted.specifier.contains(version, prereleases=True):
            faults.append(f"{asks} asks for {wanted}, there is {version}")
        there[name] = one
        waiting += [(name, further) for further in _requirements(one, wanted.extras)]
    return [there[name] for name in sorted(there)], faults


def _requirements(one: Distribution, extras: set[str]) -> Iterator[Requirement]:
    for text in one.requires or ():
        requirement = Requirement(text)
        marker = requirement.marker
        if marker is None or any(marker.evaluate({"extra": extra}) for extra in ("", *extras)):
            yield requirement


def _origin(one: Distribution) -> Iterator[str]:
    direct = one.read_text("direct_url.json")
    if direct is not None:
        yield f"{one.name} came from {json.loads(direct).get('url')}, not from an index"


def _changed_files(one: Distribution) -> Iterator[str]:
    for file in one.files or ():
        if file.hash is None:
            continue
        path = Path(str(file.locate()))
        if not path.exists():
            yield f"{one.name}: {file} is gone"
        elif _hash(path, file.hash.mode) != file.hash.value:
            yield f"{one.name}: {file} is not the one that was installed"


def _hash(path: Path, algorithm: str) -> str:
    state = hashlib.new(algorithm)
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            state.update(chunk)
    return base64.urlsafe_b64encode(state.digest()).decode().rstrip("=")


def _has_pip_audit() -> bool:
    return importlib.util.find_spec("pip_audit") is not None


def _vulnerabilities(constraints: Path) -> int:
    """pip-audit's exit status; 0 if OSV cannot be asked."""
    if not _has_pip_audit():
        print("audit: NOT ASKED for known vulnerabilities: pip-audit is not installed")
        return 0
    try:
        with urllib.request.urlopen(OSV, timeout=_ANSWER_S):
            pass
    except urllib.error.HTTPError:
        pass  # it answers
    except (OSError, ValueError) as error:
        print(f"audit: NOT ASKED for known vulnerabilities: {OSV} does not answer ({error})")
        return 0
    command = [sys.executable, "-m", "pip_audit", "-r", str(constraints), "--no-deps"]
    command += ["--disable-pip", "--progress-spinner", "off", "--vulnerability-service", "osv"]
    return subprocess.run(command, check=False).returncode  # noqa: S603


if __name__ == "__main__":
    sys.exit(main())
