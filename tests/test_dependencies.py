"""What the project stands on: pinned, as it was installed, from an index."""

import base64
import hashlib
import importlib.util
import subprocess
import sys
from importlib.metadata import Distribution
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[1]
AUDIT = ROOT / ".ci" / "audit.py"
PINS = ROOT / "constraints.txt"


@pytest.fixture(scope="module")
def audit() -> ModuleType:
    spec = importlib.util.spec_from_file_location("audit", AUDIT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def run(constraints: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(AUDIT), "--offline", "--skip-files", "--constraints", str(constraints)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_every_package_that_anything_asks_for_is_pinned_to_what_is_installed() -> None:
    done = run(PINS)
    assert done.returncode == 0, done.stderr


def test_a_pin_that_is_missing_or_another_is_named(tmp_path: Path) -> None:
    lines = [line for line in PINS.read_text().splitlines() if not line.startswith("kombu==")]
    (tmp_path / "pins").write_text(
        "\n".join(line if "redis==" not in line else "redis==1.0" for line in lines)
    )
    done = run(tmp_path / "pins")
    assert done.returncode == 1
    assert "kombu" in done.stderr
    assert "which celery asks for, is not in the constraints" in done.stderr
    assert "the constraints have 1.0" in done.stderr


def test_a_file_that_is_not_the_one_of_its_wheel_is_named(tmp_path: Path, audit: ModuleType) -> None:
    module = tmp_path / "thing.py"
    module.write_text("pass\n")
    digest = base64.urlsafe_b64encode(hashlib.sha256(module.read_bytes()).digest()).decode().rstrip("=")
    folder = tmp_path / "thing-1.0.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: thing\nVersion: 1.0\n")
    (folder / "RECORD").write_text(f"thing.py,sha256={digest},5\nthing-1.0.dist-info/RECORD,,\n")
    (thing,) = Distribution.discover(name="thing", path=[str(tmp_path)])
    assert list(audit._changed_files(thing)) == []
    assert list(audit._origin(thing)) == []
    module.write_text("import os\n")
    assert list(audit._changed_files(thing)) == ["thing: thing.py is not the one that was installed"]
    module.unlink()
    assert list(audit._changed_files(thing)) == ["thing: thing.py is gone"]
    (folder / "direct_url.json").write_text('{"url": "https://example.org/thing.git"}')
    assert list(audit._origin(thing)) == ["thing came from https://example.org/thing.git, not from an index"]
