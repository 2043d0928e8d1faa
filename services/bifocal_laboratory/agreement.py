"""Whether documents agree beyond chance, and whether chance is what it is called, on texts that say nothing.

Each document is held against the null of its report three times: as it is; with its words in other places
under the static lens, where the null must hold 95 times in a hundred; and with its words in other places of
the text, read anew. The last is no null: a transformer looks for related words even in a heap of words.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from bifocal.contracts import Agreement, Null, ShardDocument
from bifocal.text import Segmenter, is_candidate, shard_document
from bifocal_gateway.merge.agreement import agreement_of
from bifocal_gateway.merge.seen import SeenPairs
from bifocal_laboratory.comparison.reading import BothLenses, ReadDocument
from bifocal_laboratory.progress import Say


@dataclass(slots=True)
class Agreements:
    """Agreement of some documents, and how it lies to their nulls."""

    found: list[Agreement] = field(default_factory=list)

    def figures(self) -> dict[str, Any]:
        """Documents, and for both measures what `_figures` tells."""
        told = [one for one in self.found if one.spearman is not None]
        return {
            "n": len(told),
            "spearman": _figures((one.spearman, one.null) for one in told),
            "top_overlap": _figures((one.top_overlap, one.top_null) for one in told),
        }


def _figures(measured: Iterator[tuple[float | None, Null | None]] | Any) -> dict[str, Any]:
    """Median value and middle of the null, shares inside, below and above it, and by how much above.

    How much is told in half-widths of the null: 1 is its upper end.
    """
    pairs = [(value, null.interval) for value, null in measured if value is not None and null is not None]
    value = np.array([value for value, _ in pairs])
    low = np.array([null.low for _, null in pairs])
    high = np.array([null.high for _, null in pairs])
    if not len(pairs):
        return {"inside": None}
    middle, half = (low + high) / 2, np.maximum((high - low) / 2, 1e-9)
    return {
        "median": round(float(np.median(value)), 4),
        "null": round(float(np.median(middle)), 4),
        "half_width": round(float(np.median(half)), 4),
        "below": round(float((value < low).mean()), 4),
        "inside": round(float(((value >= low) & (value <= high)).mean()), 4),
        "above": round(float((value > high).mean()), 4),
        "half_widths": round(float(np.median((value - middle) / half)), 2),
    }


def evaluate_agreement(lenses: BothLenses, texts: Sequence[str], *, say: Say) -> dict[str, Any]:
    """Figures of documents as they are, with shuffled words, and with shuffled words read anew."""
    random, segmenter = np.random.default_rng(19670201), Segmenter("en")
    real, shuffled, anew = Agreements(), Agreements(), Agreements()
    for number, text in enumerate(texts):
        document = shard_document(text, segmenter, index=0, name=str(number))
        if not document.word_starts:
            continue
        say(f"text {number + 1} of {len(texts)}")
        read = lenses.read(document)
        real.found.append(_agreement(read))
        shuffled.found.append(_agreement(_with_words_elsewhere(read, random)))
        heap = shard_document(_heap(document, random), segmenter, index=0, name=str(number))
        anew.found.append(_agreement(lenses.read(heap)))
    return {"real": real.figures(), "shuffled": shuffled.figures(), "read_anew": anew.figures()}


def _agreement(read: ReadDocument) -> Agreement:
    seen = SeenPairs(len(read.units), read.pairs.total)
    for judged in read.judged():
        seen.add(judged)
    return agreement_of(seen.placed(), read.meaning, read.document, read.options.permutations)


def _with_words_elsewhere(read: ReadDocument, random: np.random.Generator) -> ReadDocument:
    types = read.meaning.type_of_word
    return replace(read, meaning=replace(read.meaning, type_of_word=random.permutation(types)))


def _heap(document: ShardDocument, random: np.random.Generator) -> str:
    """The text with its words in other places; signs and spaces stay."""
    words = document.words
    places = [place for place, word in enumerate(words) if is_candidate(word)]
    for place, other in zip(places, random.permutation(places).tolist(), strict=True):
        words[place] = document.words[other]
    parts, done = [], 0
    for word, start, end in zip(words, document.word_starts, document.word_ends, strict=True):
        parts += [document.text[done:start], word]
        done = end
    return "".join([*parts, document.text[done:]])
