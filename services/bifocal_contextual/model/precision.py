"""Which number format a model runs in: bfloat16 where the hardware multiplies it, else float32."""

from pathlib import Path

import torch

from bifocal.settings import Precision

_FLAGS = Path("/proc/cpuinfo")

#: Processor flags, as Linux names them, that make bfloat16 products faster than float32 ones.
_FAST_BFLOAT16 = ("amx_bf16", "avx512_bf16")


def choose_dtype(asked: Precision, device: torch.device) -> torch.dtype:
    """The format to load a model in on a device."""
    if asked is Precision.FLOAT32:
        return torch.float32
    if asked is Precision.BFLOAT16 or multiplies_bfloat16(device):
        return torch.bfloat16
    return torch.float32


def multiplies_bfloat16(device: torch.device) -> bool:
    """Whether a device multiplies bfloat16 itself."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    return device.type == "cpu" and not _cpu_flags().isdisjoint(_FAST_BFLOAT16)


def _cpu_flags() -> frozenset[str]:
    if not _FLAGS.is_file():
        return frozenset()
    for line in _FLAGS.read_text().splitlines():
        if line.startswith(("flags", "Features")):
            return frozenset(line.partition(":")[2].split())
    return frozenset()
