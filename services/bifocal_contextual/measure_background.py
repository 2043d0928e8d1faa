"""`python -m bifocal_contextual.measure_background --model NAME --method METHOD -o FILE TEXT…`.

Measures what is usual in plain texts; the files of shipped models lie in `backgrounds/`. The same texts
give the same file.
"""

import argparse
import hashlib
import json
import re
import sys
from collections.abc import Iterable, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from bifocal.contracts import Method, Options, ShardDocument
from bifocal.inputs import read_inputs
from bifocal.lenses import DistanceBackground
from bifocal.lenses.contextual import DISTANCE_CLASSES
from bifocal.models import contextual_models, layer_of
from bifocal.settings import Precision, settings
from bifocal.text import Segmenter, shard_document
from bifocal_contextual.background import SCHEMA_VERSION, WeightedText, measure
from bifocal_contextual.loaded import LoadedModel
from bifocal_contextual.model import load_transformer
from bifocal_contextual.passages import SegmentedText, passages
from bifocal_contextual.views import View
from bifocal_contextual.weighing import weigh

#: Words of the shortest passages; the next are twice as long, and so on.
_SHORTEST_WORDS = 16

#: Words of each kind of text in passages of one length.
_WORDS_OF_A_KIND = 16_000

#: Pieces of a word, at most, in texts at large: passages that may not fit in a window are not measured as if.
_PIECES_OF_A_WORD = 1.5

#: A list of numbers in JSON.
_ROW = re.compile(r"\[[^][{}\"]*\]")


def measure_lengths(view: View, kinds: Sequence[Sequence[SegmentedText]]) -> list[dict[str, Any]]:
    """What is usual in passages of rising length, as it is stored: figures of each length."""
    room, segmenter = view.model.transformer.window_tokens, Segmenter("en")
    lengths = [_SHORTEST_WORDS]
    while lengths[-1] * 2 * _PIECES_OF_A_WORD <= room:
        lengths.append(lengths[-1] * 2)
    # Of twice the window's pieces, so that windows overlap as they do in long texts.
    lengths.append(2 * room)
    longer: DistanceBackground | None = None
    stored: list[dict[str, Any]] = []
    for n_words in reversed(lengths):
        found = [
            shard_document(text, segmenter, index=index, name=str(index))
            for index, text in enumerate(passages(kinds, n_words, words_of_a_kind=_WORDS_OF_A_KIND))
        ]
        if not found:
            continue
        weighted = _weighted(view, found)
        background = measure(weighted, longer)
        stored.insert(0, _stored(weighted, background, longer))
        longer = background
    return stored


def _weighted(view: View, documents: Sequence[ShardDocument]) -> list[WeightedText]:
    weighed = weigh(view.model, [view], documents, Options(), batch_tokens=settings().batch_tokens)
    return [text for _, (text,) in weighed]


def _stored(
    weighted: Sequence[WeightedText], background: DistanceBackground, longer: DistanceBackground | None
) -> dict[str, Any]:
    rows = [
        None if longer is not None and np.array_equal(row, longer.lift_quantiles[c]) else _short(row)
        for c, row in enumerate(background.lift_quantiles)
    ]
    return {
        "window_words": round(float(np.exp(np.mean([np.log(text.bands.longest) for text in weighted]))), 2),
        "passages": len(weighted),
        "words": sum(len(text.candidate) for text in weighted),
        "usual_before": _short(background.usual_before),
        "usual_after": _short(background.usual_after),
        "lift_quantiles": rows,
    }


def _short(values: npt.NDArray[np.float32]) -> list[float]:
    return [float(f"{value:.4g}") for value in values]


def _kinds(paths: Iterable[Path]) -> list[list[str]]:
    """Texts by the folder that their file is in, in order; stops at what cannot be read."""
    by_folder = sorted(paths, key=lambda path: (str(path.parent), path.name))
    found = [
        read_inputs([str(path) for path in own])
        for _, own in groupby(by_folder, key=lambda path: path.parent)
    ]
    for failure in (failure for kind in found for failure in kind.failures):
        sys.exit(f"{failure.source}: {failure.error.message}")
    return [[document.text for document in kind.documents] for kind in found]


def _readable(stored: dict[str, Any]) -> str:
    """JSON with a line for each row of numbers."""
    return _ROW.sub(lambda row: " ".join(row[0].split()), json.dumps(stored, indent=1)) + "\n"


def main() -> None:
    """Measure a model on texts and write its file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", required=True, help="a model, or a layer of it: NAME:layer-N")
    parser.add_argument("--method", type=Method, required=True)
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--source", required=True, help="what the texts are and their licences, for the file")
    parser.add_argument(
        "texts",
        type=Path,
        nargs="+",
        help=".txt and .md files, a text each, and .jsonl files; those of one folder are one kind of text, "
        "and every kind counts alike",
    )
    chosen = parser.parse_args()
    transformer, _ = layer_of(chosen.model)
    model = LoadedModel(
        load_transformer(contextual_models(settings())[transformer], precision=Precision.FLOAT32),
        settings().catalogue_folder,
    )
    view = View.of(chosen.model, model, chosen.method)
    texts = _kinds(chosen.texts)
    segmenter = Segmenter("en")
    kinds = [[SegmentedText.of(text, segmenter) for text in own] for own in texts]
    lengths = measure_lengths(view, kinds)
    stored = {
        "schema_version": SCHEMA_VERSION,
        "model": chosen.model,
        "method": view.method.value,
        "model_hash": model.content_hash,
        **({"catalogue_hash": model.catalogue_hash} if view.method is Method.HEADS else {}),
        "source": chosen.source,
        "texts": sum(map(len, texts)),
        "texts_hash": f"sha256:{hashlib.sha256(''.join(map(''.join, texts)).encode()).hexdigest()}",
        "distance_classes": DISTANCE_CLASSES.tolist(),
        "lengths": lengths,
    }
    chosen.output.write_text(_readable(stored))
    n_words = sum(one["words"] for one in lengths)
    sys.stdout.write(f"{n_words} words in passages of {len(lengths)} lengths -> {chosen.output}\n")


if __name__ == "__main__":
    main()
