"""The fused kernel beside weights and output computed apart, for twelve heads of 32, on one thread.

    python bench/attention.py

Milliseconds, the least of sixty. `AttentionCall.whole` rests on it: in bfloat16 on a processor the weights of
all heads cost nothing beside the output.
"""

import sys
import time
from collections.abc import Callable

import torch

_HEADS, _SIZE, _TIMES = 12, 32, 60


def least_ms(work: Callable[[], object]) -> float:
    """Shortest time of some."""
    work()
    found = []
    for _ in range(_TIMES):
        began = time.perf_counter()
        work()
        found.append(time.perf_counter() - began)
    return 1000 * min(found)


def fused(query: torch.Tensor, key: torch.Tensor, value: torch.Tensor) -> torch.Tensor:
    """The kernel; all shapes ``(1, heads, pieces, size)``."""
    return torch.nn.functional.scaled_dot_product_attention(query, key, value)


def apart(query: torch.Tensor, key: torch.Tensor, value: torch.Tensor) -> torch.Tensor:
    """Weights, then the output from them."""
    weights = torch.softmax(torch.matmul(query * _SIZE**-0.5, key.transpose(-2, -1)), dim=-1)
    return torch.matmul(weights, value)


@torch.inference_mode()
def main() -> None:
    """Measure and print."""
    torch.set_num_threads(1)
    # As in a worker, whose larger arrays have taught the allocator to keep what is freed.
    torch.zeros(30_000_000, dtype=torch.uint8)
    for dtype in (torch.bfloat16, torch.float32):
        for pieces in (64, 128, 226, 350, 512):
            query, key, value = (
                torch.randn(1, pieces, _HEADS, _SIZE).to(dtype).transpose(1, 2) for _ in range(3)
            )
            kernel = least_ms(lambda: fused(query, key, value))  # noqa: B023
            both = least_ms(lambda: apart(query, key, value))  # noqa: B023
            sys.stdout.write(f"{dtype} {pieces:4d} pieces: fused {kernel:5.2f} ms, apart {both:5.2f} ms\n")


if __name__ == "__main__":
    main()
