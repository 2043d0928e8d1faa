"""Threads follow the container's limit."""

from pathlib import Path

import pytest
import torch

from bifocal.settings import Precision
from bifocal_contextual.model.precision import choose_dtype, multiplies_bfloat16
from bifocal_contextual.threads import allowed_cores


@pytest.mark.parametrize(("limit", "cores"), [("50000 100000", 1), ("100000 100000", 1)])
def test_a_containers_quota_bounds_the_threads(tmp_path: Path, limit: str, cores: int) -> None:
    (tmp_path / "cpu.max").write_text(limit)
    assert allowed_cores(tmp_path) == cores


def test_an_older_containers_quota_is_found_too(tmp_path: Path) -> None:
    (tmp_path / "cpu").mkdir()
    (tmp_path / "cpu" / "cpu.cfs_quota_us").write_text("100000")
    (tmp_path / "cpu" / "cpu.cfs_period_us").write_text("100000")
    assert allowed_cores(tmp_path) == 1


@pytest.mark.parametrize("limit", ["max 100000", None])
def test_without_a_quota_all_cores_are_used(tmp_path: Path, limit: str | None) -> None:
    if limit is not None:
        (tmp_path / "cpu.max").write_text(limit)
    assert allowed_cores(tmp_path) >= 1


def test_the_format_asked_for_is_taken_and_else_what_the_hardware_multiplies() -> None:
    cpu = torch.device("cpu")
    assert choose_dtype(Precision.FLOAT32, cpu) is torch.float32
    assert choose_dtype(Precision.BFLOAT16, cpu) is torch.bfloat16
    native = multiplies_bfloat16(cpu)
    assert choose_dtype(Precision.AUTO, cpu) is (torch.bfloat16 if native else torch.float32)
