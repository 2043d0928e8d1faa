"""Start-up and throughput of the whole stack, as a user meets them.

    make bench        (or: python bench/end_to_end.py --rounds 3 --documents 300)

Three figures, each the median of some rounds with all of them beside it:

- `compare one.txt`: wall time of the command, from nothing running to its reports, on a warm disk;
- `compare` on the documents of gensim's Lee corpus: the whole command, start-up and files included;
- the same documents through a stack that is up and warm: from submission to the last report read.

The last is set against the bare model: the seconds that the transformer's own forward passes over the
same windows take, fused attention, float32, in batches of the same size, on all cores. Both run in
one process after the other, in turn, so the ratio holds when the machine's speed drifts.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import torch
from gensim.test.utils import datapath
from transformers import AutoModel

from bifocal import Document, EmbeddedStack, Options
from bifocal.models import PACKAGED_MINILM, contextual_models
from bifocal.settings import Settings
from bifocal_contextual.model import load_transformer

COMMAND = [sys.executable, "-c", "from bifocal.cli import main; main()"]


def lee(count: int) -> list[Document]:
    """Documents of the Lee corpus."""
    texts = Path(datapath("lee_background.cor")).read_text("utf-8").splitlines()
    return [Document(id=str(number), text=text) for number, text in enumerate(texts[:count])]


def timed(work: Callable[[], object]) -> float:
    """Seconds that `work` takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def compare(path: Path, folder: Path) -> None:
    """The command, as a user runs it."""
    environment = {name: value for name, value in os.environ.items() if name != "BIFOCAL_URL"}
    command = [*COMMAND, "compare", str(path), "-o", str(folder), "--json"]
    subprocess.run(command, check=True, capture_output=True, env=environment)


def bare_forward(documents: list[Document]) -> Callable[[], None]:
    """The model alone over the documents: pieces and batches prepared, fused attention, no weights kept."""
    transformer = load_transformer(contextual_models(Settings())["minilm-l6"])
    location = _folder(PACKAGED_MINILM)
    model = AutoModel.from_pretrained(location, attn_implementation="sdpa", dtype=torch.float32).eval()
    rows = sorted((transformer.tokenizer.encode(d.text).ids[:512] for d in documents), key=len, reverse=True)
    batches: list[list[list[int]]] = [[]]
    for row in rows:
        if batches[-1] and (len(batches[-1]) + 1) * len(batches[-1][0]) > Settings().batch_tokens:
            batches.append([])
        batches[-1].append(row)
    padded = []
    for batch in batches:
        longest = len(batch[0])
        ids = torch.tensor([row + [0] * (longest - len(row)) for row in batch])
        mask = torch.tensor([[1] * len(row) + [0] * (longest - len(row)) for row in batch])
        padded.append((ids, mask))

    @torch.inference_mode()
    def run() -> None:
        for ids, mask in padded:
            model(input_ids=ids, attention_mask=mask)

    return run


def _folder(packaged: str) -> str:
    import importlib

    return str(importlib.import_module(packaged.partition(":")[2]).get_model_path())


def figures(rounds: int, count: int) -> dict[str, list[float]]:
    """Every round of every figure, seconds."""
    documents = lee(count)
    found: dict[str, list[float]] = {
        "compare one.txt": [],
        "compare lee": [],
        "warm stack": [],
        "bare forward": [],
    }
    with tempfile.TemporaryDirectory() as scratch:
        one, many = Path(scratch, "one.txt"), Path(scratch, "lee.jsonl")
        one.write_text("France is a country, it is in Europe.\n")
        many.write_text("".join(f"{document.model_dump_json()}\n" for document in documents))
        compare(one, Path(scratch, "warm-up"))
        for _ in range(rounds):
            found["compare one.txt"].append(timed(lambda: compare(one, Path(scratch, "one"))))
            found["compare lee"].append(timed(lambda: compare(many, Path(scratch, "lee"))))
    bare = bare_forward(documents)
    bare()
    with EmbeddedStack() as stack, stack.client() as client:
        stack.wait_ready()
        list(client.compare(documents[:20], Options()))
        for _ in range(rounds):
            found["warm stack"].append(timed(lambda: sum(1 for _ in client.compare(documents, Options()))))
            found["bare forward"].append(timed(bare))
    return found


def main() -> None:
    """Measure and print; `--json` for the raw rounds."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--documents", type=int, default=300)
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    found = figures(chosen.rounds, chosen.documents)
    if chosen.json:
        sys.stdout.write(json.dumps({"documents": chosen.documents, "seconds": found}) + "\n")
        return
    for name, rounds in found.items():
        middle = statistics.median(rounds)
        rate = "" if name == "compare one.txt" else f"  {chosen.documents / middle:6.1f} documents/s"
        sys.stdout.write(f"{name:16s} {middle:7.2f} s{rate}   of {[round(r, 2) for r in rounds]}\n")
    ratios = [bare / warm for bare, warm in zip(found["bare forward"], found["warm stack"], strict=True)]
    sys.stdout.write(f"warm stack reaches {statistics.median(ratios):.2f} of the bare forward pass\n")


if __name__ == "__main__":
    main()
