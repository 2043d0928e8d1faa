"""Start-up and throughput of the whole stack, as a user meets them.

    make bench        (or: python bench/end_to_end.py --rounds 3 --documents 300)

Three figures, each the median of some rounds with all of them beside it:

- `compare one.txt`: wall time of the command, from nothing running to its reports, on a warm disk;
- `compare` on the documents of gensim's Lee corpus: the whole command, start-up and files included;
- the same documents through a stack that is up and warm: from submission to the last line of results.

The last is set against the bare model: the seconds that the transformer's own forward passes over the
same windows take, fused attention, in the lens's own number format, in batches of the same size, on all
cores; and against what one writes without bifocal (`peer`): eager attentions of a document, the mean of
the heads between words, gensim's similarity pair by pair, one JSON line. All run in turn, so the ratios
hold when the machine's speed drifts. Where the time goes is told as processor seconds of each service.
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

import httpx
import torch
from gensim.test.utils import datapath
from transformers import AutoModel

from bifocal import Client, Document, EmbeddedStack, Options
from bifocal.contracts import Profile
from bifocal.embedded import SERVICES
from bifocal.models import PACKAGED_MINILM, contextual_models, static_models
from bifocal.settings import Settings
from bifocal.text import Segmenter, shard_document
from bifocal_contextual.model import load_transformer
from bifocal_static.vectors import load_vectors

#: Enough to know the peer's pace.
_PEER_DOCUMENTS = 12

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
    model = AutoModel.from_pretrained(location, attn_implementation="sdpa", dtype=transformer.dtype).eval()
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


def peer(documents: list[Document]) -> Callable[[], None]:
    """Both relations of every pair of words by transformers and gensim alone, a JSON line a document."""
    tokenizer = load_transformer(contextual_models(Settings())["minilm-l6"]).tokenizer
    location = _folder(PACKAGED_MINILM)
    model = AutoModel.from_pretrained(location, attn_implementation="eager", dtype=torch.float32).eval()
    vectors = load_vectors(static_models(Settings())["glove-6b-50d"]).keyed
    segmenter = Segmenter("en")

    def pairs(document: Document) -> list[dict[str, object]]:
        read = shard_document(document.text, segmenter, index=0, name=document.id)
        encoded = tokenizer.encode(document.text)
        ids, offsets = encoded.ids[:512], encoded.offsets[:512]
        mean = torch.stack(model(torch.tensor([ids]), output_attentions=True).attentions)[:, 0].mean((0, 1))
        starts, ends = torch.tensor(read.word_starts), torch.tensor(read.word_ends)
        piece = torch.tensor(offsets)
        inside = (piece[:, :1] < ends) & (piece[:, 1:] > starts) & (piece[:, 1:] > piece[:, :1])
        to_word = inside.float()
        weights = ((to_word / to_word.sum(0).clamp_min(1)).T @ mean @ to_word).tolist()
        words = [word.lower() for word in read.words]
        known = [word in vectors for word in words]
        return [
            {
                "a": words[i],
                "b": words[j],
                "cosine": float(vectors.similarity(words[i], words[j])) if known[i] and known[j] else None,
                "forward": weights[i][j],
                "backward": weights[j][i],
            }
            for i in range(len(words))
            for j in range(i + 1, len(words))
        ]

    @torch.inference_mode()
    def run() -> None:
        for document in documents:
            json.dumps(pairs(document))

    return run


def processor_seconds(stack: EmbeddedStack) -> dict[str, float]:
    """Processor time of each service so far."""
    ticks = os.sysconf("SC_CLK_TCK")
    found = {}
    for name in SERVICES:
        fields = Path(f"/proc/{stack.pid(name)}/stat").read_text().rpartition(")")[2].split()
        found[name] = (int(fields[11]) + int(fields[12])) / ticks
    return found


def _folder(packaged: str) -> str:
    import importlib

    return str(importlib.import_module(packaged.partition(":")[2]).get_model_path())


def figures(rounds: int, count: int, options: Options) -> tuple[dict[str, list[float]], dict[str, float]]:
    """Every round of every figure, seconds; and processor seconds of the warm stack's services a document."""
    documents = lee(count)
    found: dict[str, list[float]] = {
        "compare one.txt": [],
        "compare lee": [],
        "warm stack": [],
        "bare forward": [],
        "peer": [],
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
    alone = peer(documents[:_PEER_DOCUMENTS])
    with EmbeddedStack() as stack, stack.client() as client:
        stack.wait_ready()
        list(client.compare(documents[:20], options))
        before = processor_seconds(stack)
        for _ in range(rounds):
            found["warm stack"].append(timed(lambda: fetch(client, documents, options)))
        spent = processor_seconds(stack)
        for _ in range(rounds):
            found["bare forward"].append(timed(bare))
            found["peer"].append(timed(alone) * count / min(count, _PEER_DOCUMENTS))
    share = {name: (spent[name] - before[name]) / rounds / count for name in spent}
    return found, share


def fetch(client: Client, documents: list[Document], options: Options) -> None:
    """Submit, wait, and take in the results as they are sent: lines, a report each."""
    job = client.submit(documents, options)
    client.wait(job.id)
    lines = httpx.get(f"{client.url}/v1/jobs/{job.id}/results", timeout=600).content.count(b"\n")
    if lines != len(documents):
        raise SystemExit(f"{lines} results of {len(documents)} documents")


def main() -> None:
    """Measure and print; `--json` for the raw rounds."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--documents", type=int, default=300)
    parser.add_argument("--profile", choices=[*Profile], default=Profile.FULL, type=Profile)
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    found, share = figures(chosen.rounds, chosen.documents, Options(profile=chosen.profile))
    if chosen.json:
        sys.stdout.write(
            json.dumps({"documents": chosen.documents, "seconds": found, "processor_s": share}) + "\n"
        )
        return
    for name, rounds in found.items():
        middle = statistics.median(rounds)
        rate = "" if name == "compare one.txt" else f"  {chosen.documents / middle:6.1f} documents/s"
        sys.stdout.write(f"{name:16s} {middle:7.2f} s{rate}   of {[round(r, 2) for r in rounds]}\n")
    for name in ("bare forward", "peer"):
        ratios = [other / warm for other, warm in zip(found[name], found["warm stack"], strict=True)]
        sys.stdout.write(f"warm stack over {name}: {statistics.median(ratios):.2f}\n")
    for service, seconds in share.items():
        sys.stdout.write(f"  {service:12s} {1000 * seconds:6.1f} ms of processor time a document\n")


if __name__ == "__main__":
    main()
