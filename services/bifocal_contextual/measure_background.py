"""`python -m bifocal_contextual.measure_background --model NAME --method METHOD -o FILE TEXT…`.

Measures what is usual in plain texts; the files of shipped models lie in `backgrounds/`.
"""

import argparse
import hashlib
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from bifocal.contracts import Method
from bifocal.lenses.contextual import DISTANCE_CLASSES
from bifocal.models import contextual_models
from bifocal.settings import Precision, settings
from bifocal.text import Segmenter, is_candidate
from bifocal_contextual.background import WeightedText, measure
from bifocal_contextual.bands import Bands
from bifocal_contextual.loaded import LoadedModel
from bifocal_contextual.methods import MatrixReader
from bifocal_contextual.model import load_transformer
from bifocal_contextual.pieces import cut
from bifocal_contextual.reading import read_windows
from bifocal_contextual.windows import windows

#: Characters read of each text, so that long ones do not outweigh the rest.
_MOST_CHARS = 8_000


def _read(
    model: LoadedModel, texts: Sequence[str], method: Method, batch_tokens: int
) -> Iterator[WeightedText]:
    segmenter, transformer = Segmenter("en"), model.transformer
    room = transformer.window_tokens - len(transformer.prefix) - len(transformer.suffix)
    readers = [MatrixReader(transformer, lambda: model.relator(method))]
    for text in texts:
        words = segmenter.segment(text)
        if len(words.starts) < 2:
            continue
        pieces = cut(transformer.tokenizer, text, words.starts, words.ends)
        found = windows(pieces, most_pieces=room, overlap=0.5)
        bands = Bands.over(np.array([(w.first_word, w.end_word) for w in found]))
        parts = [
            part
            for _, (part,) in read_windows(transformer, [(pieces, found)], readers, batch_tokens=batch_tokens)
        ]
        yield WeightedText(
            bands=bands,
            weight=bands.mean(sorted(parts, key=lambda part: part.window.first_word)),
            candidate=np.array(
                [is_candidate(text[s:e]) for s, e in zip(words.starts, words.ends, strict=True)]
            ),
        )


def main() -> None:
    """Measure a model on texts and write its file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", required=True)
    parser.add_argument("--method", type=Method, required=True)
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--source", required=True, help="what the texts are and their licence, for the file")
    parser.add_argument("texts", type=Path, nargs="+")
    chosen = parser.parse_args()
    model = LoadedModel(
        load_transformer(contextual_models(settings())[chosen.model], precision=Precision.FLOAT32),
        settings().catalogue_folder,
    )
    method = model.resolved(chosen.method)
    bodies = [path.read_text("utf-8", errors="replace")[:_MOST_CHARS] for path in sorted(chosen.texts)]
    weighted = list(_read(model, bodies, method, settings().batch_tokens))
    background = measure(weighted)
    stored = {
        "schema_version": 1,
        "model": chosen.model,
        "method": method.value,
        "model_hash": model.content_hash,
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


def _short(values: npt.NDArray[np.float32]) -> list[float]:
    return [float(f"{value:.5g}") for value in values]


if __name__ == "__main__":
    main()
