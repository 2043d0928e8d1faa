"""Whether the same documents give the same bytes: run after run, in another order, in other batches.

    python bench/reproducible.py [--documents 300]

The stack runs as it is configured, in the number format that it chooses here. Prints a hash of the sorted
lines of each run's reports; all are equal, or the command ends with status 1.
"""

import argparse
import hashlib
import sys
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from gensim.test.utils import datapath

from bifocal import Client, Document, EmbeddedStack, Report


def reports(client: Client, batches: Iterable[list[Document]]) -> list[str]:
    """Lines of all reports, sorted."""
    results = [result for batch in batches for result in client.compare(batch)]
    if not all(isinstance(result, Report) for result in results):
        raise SystemExit("a document failed")
    return sorted(result.model_dump_json() for result in results)


def main() -> None:
    """Run and compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--documents", type=int, default=300)
    chosen = parser.parse_args()
    texts = Path(datapath("lee_background.cor")).read_text("utf-8").splitlines()[: chosen.documents]
    documents = [Document(id=f"lee-{number}", text=text) for number, text in enumerate(texts, 1)]
    shuffled = [documents[k] for k in np.random.default_rng(7).permutation(len(documents))]
    runs = {
        "one run": [documents],
        "another": [documents],
        "in another order": [shuffled],
        "in batches of 17": [shuffled[k : k + 17] for k in range(0, len(shuffled), 17)],
    }
    digests = set()
    with EmbeddedStack() as stack, stack.client() as client:
        stack.wait_ready()
        for name, batches in runs.items():
            lines = reports(client, batches)
            digest = hashlib.sha256("\n".join(lines).encode()).hexdigest()
            digests.add(digest)
            print(
                f"{name:18} {len(lines)} reports, {sum(map(len, lines)):,} characters, sha256 {digest[:16]}"
            )
    if len(digests) > 1:
        sys.exit("the runs differ")


if __name__ == "__main__":
    main()
