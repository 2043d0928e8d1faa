"""Writes news documents of gensim's packaged Lee corpus to a JSONL file.

    python examples/lee_documents.py 100 OUTPUT.jsonl

The corpus (Lee, Pincombe and Welsh 2005; 300 texts of the Australian Broadcasting Corporation)
comes with gensim and stays there; nothing of it is part of this repository.
"""

import json
import sys
from pathlib import Path

from gensim.test.utils import datapath


def main(count: int, output: Path) -> None:
    """Write the first `count` documents."""
    texts = Path(datapath("lee_background.cor")).read_text("utf-8").splitlines()[:count]
    output.parent.mkdir(parents=True, exist_ok=True)
    with output.open("w", encoding="utf-8") as lines:
        for number, text in enumerate(texts, 1):
            lines.write(json.dumps({"id": f"lee-{number:03d}", "text": text}, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
