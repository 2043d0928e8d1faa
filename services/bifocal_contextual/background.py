"""What is usual in running text: the weight a word gives another so far away, and the spread of lifts.

`python -m bifocal_contextual.background --model NAME -o FILE TEXT…` measures a model on plain texts;
the files of shipped models lie in `backgrounds/`. A model without a file is held against each
document itself.
"""

import argparse
import hashlib
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import numpy as np
import numpy.typing as npt

from bifocal.lenses import DistanceBackground, quantiles
from bifocal.lenses.contextual import DISTANCE_CLASSES, distance_class
from bifocal.models import contextual_models
from bifocal.settings import settings
from bifocal.text import Segmenter, is_candidate
from bifocal_contextual.bands import Bands, lift
from bifocal_contextual.model import Transformer, load_transformer
from bifocal_contextual.pieces import cut
from bifocal_contextual.reading import read_windows
from bifocal_contextual.windows import windows

Floats = npt.NDArray[np.float32]

#: A distance class with fewer pairs takes its figures from all pairs together.
FEWEST_PAIRS = 200

#: Characters read of each text, so that long ones do not outweigh the rest.
_MOST_CHARS = 8_000


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightedText:
    """A text's weights, with the words that can be ends of a pair."""

    bands: Bands
    weight: Floats
    candidate: npt.NDArray[np.bool_]


def measure(texts: Sequence[WeightedText]) -> DistanceBackground:
    """Usual weights and spread of lifts over some texts, punctuation left out."""
    n_classes = len(DISTANCE_CLASSES)
    total, count = np.zeros((2, n_classes)), np.zeros((2, n_classes))
    for text in texts:
        i, j = text.bands.pairs()
        kept = text.candidate[i] & text.candidate[j]
        side, classes = (j > i)[kept].astype(int), distance_class((j - i)[kept])
        np.add.at(total, (side, classes), text.weight[kept])
        np.add.at(count, (side, classes), 1)
    # The word itself is neither before nor after.
    total[0, 0] = total[1, 0] = total[:, 0].sum()
    count[0, 0] = count[1, 0] = count[:, 0].sum()
    overall = total.sum() / max(count.sum(), 1)
    usual = np.where(count >= FEWEST_PAIRS, total / np.maximum(count, 1), overall).astype(np.float32)
    profile = DistanceBackground(
        usual_before=usual[0], usual_after=usual[1], lift_quantiles=np.zeros((n_classes, 1), dtype=np.float32)
    )
    lifts, classes = _pair_lifts(texts, profile)
    pooled = quantiles(lifts) if len(lifts) else quantiles([0.0])
    table = [
        quantiles(lifts[classes == c]) if np.count_nonzero(classes == c) >= FEWEST_PAIRS else pooled
        for c in range(n_classes)
    ]
    return DistanceBackground(usual_before=usual[0], usual_after=usual[1], lift_quantiles=np.stack(table))


def _pair_lifts(
    texts: Sequence[WeightedText], profile: DistanceBackground
) -> tuple[Floats, npt.NDArray[np.int64]]:
    """The stronger lift of every pair, and its class of distance."""
    lifts, classes = [], []
    for text in texts:
        bands = text.bands
        i, j = bands.pairs()
        kept = (i < j) & text.candidate[i] & text.candidate[j]
        lifted = lift(text.weight, bands.usual(profile))
        i, j = i[kept], j[kept]
        back = bands.offset[j] + i - bands.first[j]
        lifts.append(np.maximum(lifted[kept], lifted[back]))
        classes.append(distance_class(j - i))
    return np.concatenate(lifts), np.concatenate(classes)


def shipped(name: str, content_hash: str) -> DistanceBackground | None:
    """The background that lies beside the code, if it was measured on these very weights."""
    place = files("bifocal_contextual").joinpath("backgrounds", f"{name}.json")
    if not place.is_file():
        return None
    stored = json.loads(place.read_text())
    if stored["model_hash"] != content_hash or stored["distance_classes"] != DISTANCE_CLASSES.tolist():
        return None
    return DistanceBackground(
        usual_before=np.array(stored["usual_before"], dtype=np.float32),
        usual_after=np.array(stored["usual_after"], dtype=np.float32),
        lift_quantiles=np.array(stored["lift_quantiles"], dtype=np.float32),
    )


def _read(transformer: Transformer, texts: Sequence[str], batch_tokens: int) -> Iterator[WeightedText]:
    segmenter = Segmenter("en")
    room = transformer.window_tokens - len(transformer.prefix) - len(transformer.suffix)
    for text in texts:
        words = segmenter.segment(text)
        if len(words.starts) < 2:
            continue
        pieces = cut(transformer.tokenizer, text, words.starts, words.ends)
        found = windows(pieces, most_pieces=room, overlap=0.5)
        bands = Bands.over(np.array([(w.first_word, w.end_word) for w in found]))
        parts = list(read_windows(transformer, [(pieces, found)], batch_tokens=batch_tokens))
        yield WeightedText(
            bands=bands,
            weight=bands.mean(parts),
            candidate=np.array(
                [is_candidate(text[s:e]) for s, e in zip(words.starts, words.ends, strict=True)]
            ),
        )


def main() -> None:
    """Measure a model on texts and write its file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", required=True)
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--source", required=True, help="what the texts are and their licence, for the file")
    parser.add_argument("texts", type=Path, nargs="+")
    chosen = parser.parse_args()
    transformer = load_transformer(contextual_models(settings())[chosen.model])
    bodies = [path.read_text("utf-8", errors="replace")[:_MOST_CHARS] for path in sorted(chosen.texts)]
    weighted = list(_read(transformer, bodies, settings().batch_tokens))
    background = measure(weighted)
    stored = {
        "schema_version": 1,
        "model": chosen.model,
        "model_hash": transformer.content_hash,
        "source": chosen.source,
        "texts": len(weighted),
        "words": sum(len(text.candidate) for text in weighted),
        "texts_hash": f"sha256:{hashlib.sha256(''.join(bodies).encode()).hexdigest()}",
        "distance_classes": DISTANCE_CLASSES.tolist(),
        "usual_before": _short(background.usual_before),
        "usual_after": _short(background.usual_after),
        "lift_quantiles": [_short(row) for row in background.lift_quantiles],
    }
    lines = [f" {json.dumps(key)}: {json.dumps(value)}" for key, value in stored.items()]
    chosen.output.write_text("{\n" + ",\n".join(lines) + "\n}\n")
    sys.stdout.write(f"{stored['texts']} texts, {stored['words']} words -> {chosen.output}\n")


def _short(values: Floats) -> list[float]:
    return [float(f"{value:.5g}") for value in values]


if __name__ == "__main__":
    main()
