"""How long files take to be read: `python bench/files.py FILE… --copies 50`."""

import argparse
import json
import os
import statistics
import time
from itertools import pairwise
from pathlib import Path

from bifocal.files import ExtractedDocument, FileSource, extract


def seconds(path: Path, copies: int) -> tuple[float, list[float], int]:
    """Until the first document of a fresh process, between those after it, and the characters of one."""
    sources = [FileSource(name=f"{n}/{path.name}", path=path) for n in range(copies + 1)]
    times, chars = [time.monotonic()], 0
    for found in extract(sources, processes=1):
        assert isinstance(found, ExtractedDocument), found
        times.append(time.monotonic())
        chars = len(found.text)
    first, *later = [after - before for before, after in pairwise(times)]
    return first, later, chars


def main() -> None:
    """Measure each file and print the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("paths", nargs="+", type=Path)
    parser.add_argument("--copies", type=int, default=50)
    asked = parser.parse_args()
    figures = {}
    for path in asked.paths:
        first, later, chars = seconds(path, asked.copies)
        figures[path.name] = {
            "bytes": path.stat().st_size,
            "chars": chars,
            "first_ms": round(first * 1000, 1),
            "then_ms": round(statistics.median(later) * 1000, 1),
            "p95_ms": round(statistics.quantiles(later, n=20)[-1] * 1000, 1),
        }
    print(json.dumps({"cores": os.cpu_count(), "load": os.getloadavg()[0], "files": figures}, indent=1))


if __name__ == "__main__":
    main()
