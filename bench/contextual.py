"""The contextual lens against the bare model and its peers, paired in one run.

    python bench/contextual.py [--rounds 7] [--documents 16] [--json FILE] [--plot docs/contextual-speed.svg]

For documents of about 64, 128, 256, 512 and 2,000 words, each round runs one after the other:

- `bare`: the model's fused forward pass over the very batches that the lens makes (the limit);
- `fast`, `full`: the lens from text and word bounds to its output (pieces, windows, weights, kinds,
  joint channels), with each profile of the head catalogue;
- `peer`: what one does with transformers alone: eager float32 with all attentions, one window at a
  time, mean over heads, vectorised pooling to words;
- `bertviz`: the HTML of BertViz's `head_view` for the same document, and its bytes, where it is installed.

Ratios are medians over the rounds of ratios within a round. Peak memory is that of a process of its
own for each.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from gensim.test.utils import datapath
from transformers import AutoModel

from bifocal.contracts import Options, Profile, ShardDocument
from bifocal.models import PACKAGED_MINILM, contextual_models
from bifocal.settings import Precision, Settings
from bifocal.text import Segmenter, shard_document
from bifocal_contextual.batches import in_batches, padded, places_of
from bifocal_contextual.lens import ContextualLens
from bifocal_contextual.model import Transformer
from bifocal_contextual.pieces import cut
from bifocal_contextual.threads import use_allowed_cores
from bifocal_contextual.windows import windows

WORDS = (64, 128, 256, 512, 2000)
CASES = ("bare", "fast", "full", "peer")


@dataclass
class Bench:
    """Everything loaded once."""

    lens: ContextualLens
    documents: list[ShardDocument]
    batch_tokens: int

    @property
    def transformer(self) -> Transformer:
        return self.lens.model("minilm-l6").transformer

    def bare(self) -> Callable[[], object]:
        """The limit: batches laid out beforehand, nothing read of them."""
        transformer = self.transformer
        laid = []
        for document in self.documents:
            pieces = cut(
                transformer.tokenizer,
                document.text,
                np.array(document.word_starts),
                np.array(document.word_ends),
            )
            laid.append((pieces, windows(pieces, most_pieces=510, overlap=0.5)))
        batches = [
            padded(own, transformer) for own in in_batches(places_of(laid), transformer, self.batch_tokens)
        ]

        @torch.inference_mode()
        def run() -> None:
            for batch in batches:
                transformer.network(input_ids=batch.ids, attention_mask=batch.mask)

        return run

    def profile(self, profile: Profile) -> Callable[[], object]:
        """The lens."""
        return lambda: self.lens.read(self.documents, Options(profile=profile))

    def peer(self) -> Callable[[], object]:
        """Eager float32 with all attentions, one document at a time."""
        model = AutoModel.from_pretrained(
            _folder(PACKAGED_MINILM), attn_implementation="eager", dtype=torch.float32
        ).eval()
        tokenizer = self.transformer.tokenizer

        def pool(document: ShardDocument, encoded: Any, window: slice) -> None:
            ids, offsets = encoded.ids[window], np.array(encoded.offsets[window])
            attentions = model(torch.tensor([ids]), output_attentions=True).attentions
            mean = torch.stack(attentions)[:, 0].mean((0, 1)).numpy()
            starts, ends = np.array(document.word_starts), np.array(document.word_ends)
            to_word = (offsets[:, :1] < ends) & (offsets[:, 1:] > starts) & (offsets[:, 1:] > offsets[:, :1])
            to_word = to_word.astype(np.float32)
            from_word = to_word.T / np.maximum(to_word.sum(axis=0), 1)[:, None]
            pooled = from_word @ (mean @ to_word)
            pooled / np.maximum(pooled.sum(axis=1, keepdims=True), 1e-9)

        @torch.inference_mode()
        def run() -> None:
            for document in self.documents:
                encoded = tokenizer.encode(document.text)
                for start in range(0, max(1, len(encoded.ids) - 256), 256):
                    pool(document, encoded, slice(start, start + 512))

        return run


def bertviz_page(bench: Bench) -> tuple[float, int] | None:
    """Seconds and bytes of BertViz's page for the first document; None where it is not installed."""
    try:
        from bertviz import head_view
    except ImportError:
        return None
    model = AutoModel.from_pretrained(_folder(PACKAGED_MINILM), attn_implementation="eager").eval()
    encoded = bench.transformer.tokenizer.encode(bench.documents[0].text)
    start_s = time.perf_counter()
    with torch.inference_mode():
        attentions = model(torch.tensor([encoded.ids[:512]]), output_attentions=True).attentions
    page = head_view(attentions, encoded.tokens[:512], html_action="return")
    return time.perf_counter() - start_s, len(page.data.encode())


def _folder(location: str) -> str:
    import importlib

    return str(importlib.import_module(location.partition(":")[2]).get_model_path())


def lee_documents(count: int) -> list[ShardDocument]:
    """The first news documents of the Lee corpus, as they are."""
    texts = Path(datapath("lee_background.cor")).read_text("utf-8").splitlines()[:count]
    return [_segmented(number, text) for number, text in enumerate(texts)]


def documents_of(n_words: int, count: int) -> list[ShardDocument]:
    """News text cut into documents of whole sentences, of about `n_words` words each."""
    segmenter = Segmenter("en")
    texts = Path(datapath("lee_background.cor")).read_text("utf-8").splitlines()
    body = " ".join(texts)
    words = segmenter.segment(body[: 8 * n_words * (count + 2)])
    bounds = [*words.sentence_starts.tolist(), len(words.starts)]
    found: list[ShardDocument] = []
    first = 0
    while len(found) < count:
        end = next(bound for bound in bounds if bound >= first + n_words)
        text = body[words.starts[first] : words.ends[end - 1]]
        found.append(_segmented(len(found), text))
        first = end
    return found


def _segmented(index: int, text: str) -> ShardDocument:
    return shard_document(text, Segmenter("en"), index=index, name=str(index))


def load(n_words: int, count: int, precision: Precision) -> Bench:
    """Models and documents."""
    use_allowed_cores()
    settings = Settings()
    lens = ContextualLens(
        contextual_models(settings),
        warm=["minilm-l6"],
        batch_tokens=settings.batch_tokens,
        precision=precision,
    )
    return Bench(lens=lens, documents=documents_of(n_words, count), batch_tokens=settings.batch_tokens)


def cases_of(bench: Bench) -> dict[str, Callable[[], Callable[[], object]]]:
    """What is timed, by name; each is made ready by a call."""
    return {
        "bare": bench.bare,
        "fast": lambda: bench.profile(Profile.FAST),
        "full": lambda: bench.profile(Profile.FULL),
        "peer": bench.peer,
    }


def peak_rss_mb(run: Callable[[], object]) -> float:
    """Peak resident memory while `run` runs a second time, what was loaded before included (Linux).

    Not `ru_maxrss`, which a process inherits from the one that started it.
    """
    run()
    Path("/proc/self/clear_refs").write_text("5")
    run()
    peak = next(line for line in Path("/proc/self/status").read_text().splitlines() if "VmHWM" in line)
    return int(peak.split()[1]) / 1024


def peak_memory_mb(case: str, n_words: int, count: int, precision: Precision) -> float:
    """`peak_rss_mb` of a process that does one thing."""
    command = [sys.executable, __file__, "--memory", case, "--words", str(n_words), "--documents", str(count)]
    environment = os.environ | {"BIFOCAL_PRECISION": precision.value}
    output = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    return float(output.stdout.split()[-1])


def measure(n_words: int, count: int, rounds: int, precision: Precision) -> dict[str, object]:
    """One length."""
    bench = load(n_words, count, precision)
    cases = {name: make() for name, make in cases_of(bench).items()}
    for run in cases.values():
        run()
    times: dict[str, list[float]] = {name: [] for name in cases}
    for _ in range(rounds):
        for name, run in cases.items():
            start_s = time.perf_counter()
            run()
            times[name].append(time.perf_counter() - start_s)
    ratio = {
        name: statistics.median(b / t for b, t in zip(times["bare"], own, strict=True))
        for name, own in times.items()
    }
    against_peer = statistics.median(p / f for p, f in zip(times["peer"], times["fast"], strict=True))
    page = bertviz_page(bench)
    return {
        "words": n_words,
        "documents": count,
        "precision": str(bench.transformer.dtype).removeprefix("torch."),
        "ms_per_document": {name: statistics.median(own) / count * 1000 for name, own in times.items()},
        "share_of_bare": ratio,
        "fast_over_peer": against_peer,
        "bertviz": None if page is None else {"ms": page[0] * 1000, "bytes": page[1]},
        "peak_memory_mb": {
            name: peak_memory_mb(name, n_words, count, precision) for name in ("bare", "fast", "full", "peer")
        },
    }


def plot(results: list[dict[str, object]], path: Path) -> None:
    """Documents per second by length, one line a case, as an SVG without dependencies."""
    from plot import lines

    series = {
        name: [(r["words"], 1000 / r["ms_per_document"][name]) for r in results]  # type: ignore[index]
        for name in ("bare", "fast", "full", "peer")
    }
    precision = results[0]["precision"]
    lines(
        path,
        series,
        title=f"Documents per second by length ({precision}; the peer in float32)",
        x_label="words in a document",
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--documents", type=int, default=16)
    parser.add_argument("--words", type=int, nargs="*", default=WORDS)
    parser.add_argument("--precision", type=Precision, default=Settings().precision)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--plot", type=Path)
    parser.add_argument("--memory", choices=CASES, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.memory:
        make = cases_of(load(chosen.words[0], chosen.documents, chosen.precision))[chosen.memory]
        print(peak_rss_mb(make()))
        return
    results = []
    for n_words in chosen.words:
        count = max(2, min(chosen.documents, chosen.documents * 512 // n_words))
        found = measure(n_words, count, chosen.rounds, chosen.precision)
        results.append(found)
        share, memory = found["share_of_bare"], found["peak_memory_mb"]
        print(
            f"{n_words:5} words, {found['precision']}: "
            f"fast {share['fast']:.2f}, full {share['full']:.2f} of the bare pass; "  # type: ignore[index]
            f"{found['fast_over_peer']:.1f} times the peer; "
            f"memory fast {memory['fast'] / memory['bare']:.2f}, full {memory['full'] / memory['bare']:.2f}; "  # type: ignore[index]
            f"BertViz {found['bertviz']}",
            flush=True,
        )
    if chosen.json:
        chosen.json.write_text(json.dumps(results, indent=1) + "\n")
    if chosen.plot:
        plot(results, chosen.plot)


if __name__ == "__main__":
    main()
