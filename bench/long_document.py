"""One long document: windows, coverage, time and memory against its length.

python bench/long_document.py [WORDS…]
"""

import subprocess
import sys
import time

from bifocal.contracts import Options
from bifocal.models import contextual_models
from bifocal.settings import Settings
from bifocal_contextual.lens import ContextualLens
from contextual import documents_of, peak_rss_mb

LENGTHS = (5_000, 10_000, 20_000)


def measure(n_words: int) -> None:
    """Read one document and print."""
    lens = ContextualLens(contextual_models(Settings()), warm=["minilm-l6"], batch_tokens=4096)
    small_mb = peak_rss_mb(lambda: lens.read(documents_of(200, 1), Options()))
    [document] = documents_of(n_words, 1)
    start_s = time.perf_counter()
    work = lens.read([document], Options())
    took_s = time.perf_counter() - start_s
    summary = work.readings[0].contextual[0].summary
    peak_mb = peak_rss_mb(lambda: lens.read([document], Options()))
    print(
        f"{len(document.words):6} words: {summary.windows} windows, coverage {summary.coverage:.0%}, "
        f"{took_s:.1f} s, {took_s / len(document.words) * 1000:.2f} ms a word, "
        f"peak {peak_mb:.0f} MB (+{peak_mb - small_mb:.0f} over 200 words)"
    )


if __name__ == "__main__":
    if len(sys.argv) == 2:
        measure(int(sys.argv[1]))
    else:
        for length in map(int, sys.argv[1:] or LENGTHS):
            subprocess.run([sys.executable, __file__, str(length)], check=True)
