"""Lenses that answer at once, from the text alone, and do to their worker what the text tells them."""

import hashlib
import os
import signal
import time
from collections.abc import Sequence

import numpy as np

from bifocal.contracts import (
    ContextualReading,
    ContextualSummary,
    DocumentReading,
    Options,
    ShardDocument,
    Space,
    StaticSummary,
)
from bifocal.lenses import (
    PROBABILITIES,
    ContextualOutput,
    DistanceBackground,
    DocumentOutputs,
    PairBackground,
    StaticOutput,
)
from bifocal.lenses.contextual import DISTANCE_CLASSES
from bifocal.worker import JobSample, LensWork

#: Words of a text that a lens obeys, with the name of the lens behind them: `poison-static`.
POISON, MEMORY, SLOW = "poison", "memory", "slow"

#: How long a slow document takes.
SLOW_S = 0.6

_IDENTITY = PROBABILITIES.astype(np.float32)
_DIMENSIONS = 8


class FakeLens:
    """Vectors and weights drawn from hashes of words, so that each text has one reading and no other."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.loaded = f"fake {name}"
        self.libraries = {f"fake-{name}": "1"}

    def read(
        self, documents: Sequence[ShardDocument], options: Options, sample: JobSample | None = None
    ) -> LensWork:
        """Read documents; a text may ask for the worker's death, for a fault, or for time."""
        for document in documents:
            self._obey(document.text)
        make = _static if self.name == "static" else _contextual
        (model,) = options.static_models if self.name == "static" else options.contextual_models
        made = {document.index: make(document, model) for document in documents}
        return LensWork(
            readings=[reading for reading, _ in made.values()],
            outputs={index: output for index, (_, output) in made.items()},
            models={model: f"sha256:{self.name}"},
        )

    def _obey(self, text: str) -> None:
        if f"{POISON}-{self.name}" in text:
            os.kill(os.getpid(), signal.SIGKILL)
        if f"{MEMORY}-{self.name}" in text:
            raise MemoryError
        if f"{SLOW}-{self.name}" in text:
            time.sleep(SLOW_S)


def _drawn(word: str, n: int) -> "np.typing.NDArray[np.float32]":
    """Numbers between 0 and 1 from a word's hash, `n` of at most 16."""
    digest = hashlib.sha256(word.encode()).digest()
    return (np.frombuffer(digest, dtype=np.uint16)[:n] / np.float32(65_536)).astype(np.float32)


def _static(document: ShardDocument, model: str) -> tuple[DocumentReading, DocumentOutputs]:
    forms = list(dict.fromkeys(document.words))
    vectors = np.stack([_drawn(form, _DIMENSIONS) for form in forms]) - np.float32(0.5)
    output = StaticOutput(
        type_of_word=np.array([forms.index(word) for word in document.words], dtype=np.int32),
        vectors=vectors / np.linalg.norm(vectors, axis=1, keepdims=True),
        known=np.ones(len(forms), dtype=np.bool_),
        band=np.zeros(len(forms), dtype=np.int32),
        background=PairBackground(cosine_quantiles=_IDENTITY[None], n_bands=1),
    )
    summary = StaticSummary(model=model, space=Space.AS_TRAINED, unknown_words=[])
    return DocumentReading(index=document.index, static=(summary,)), DocumentOutputs(static=(output,))


def _contextual(document: ShardDocument, model: str) -> tuple[DocumentReading, DocumentOutputs]:
    words = document.words
    n = len(words)
    weight = np.concatenate([_drawn(f"{word} {place}", 1) for word in words for place in range(n)])
    output = ContextualOutput(
        first=np.zeros(n, dtype=np.int32),
        width=np.full(n, n, dtype=np.int32),
        weight=weight,
        lift=weight,
        windows=np.array([[0, n]], dtype=np.int32),
        background=DistanceBackground(
            usual_before=np.ones(len(DISTANCE_CLASSES), dtype=np.float32),
            usual_after=np.ones(len(DISTANCE_CLASSES), dtype=np.float32),
            lift_quantiles=np.tile(_IDENTITY, (len(DISTANCE_CLASSES), 1)),
        ),
    )
    summary = ContextualSummary(
        model=model,
        method="fake",
        windows=1,
        window_tokens=n,
        coverage=1,
        sink_mass=0,
        precision="float32",
        background="document",
    )
    reading = DocumentReading(index=document.index, contextual=(ContextualReading(summary=summary),))
    return reading, DocumentOutputs(contextual=(output,))
