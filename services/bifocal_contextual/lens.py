"""The contextual lens: what each word of a document attends to, window by window."""

from collections.abc import Mapping, Sequence

import numpy as np

from bifocal.contracts import (
    ContextualReading,
    ContextualSummary,
    ErrorDetail,
    LensHeader,
    Options,
    ShardDocument,
)
from bifocal.errors import InvalidOptions
from bifocal.lenses import ContextualOutput, DistanceBackground, write_contextual
from bifocal.models import ContextualModel
from bifocal.text import is_candidate
from bifocal.worker import LensWork
from bifocal_contextual.background import WeightedText, measure, shipped
from bifocal_contextual.bands import Bands
from bifocal_contextual.model import Transformer, load_transformer
from bifocal_contextual.pieces import Pieces, cut
from bifocal_contextual.reading import WindowWeights, read_windows
from bifocal_contextual.windows import Window, coverage, windows


class ContextualLens:
    """Reads documents through a transformer's self-attention."""

    name = "contextual"

    def __init__(
        self,
        models: Mapping[str, ContextualModel],
        *,
        warm: Sequence[str],
        batch_tokens: int,
        device: str | None = None,
    ) -> None:
        self._models = models
        self._batch_tokens = batch_tokens
        self._device = device
        self._transformers: dict[str, Transformer] = {}
        self._backgrounds: dict[str, DistanceBackground | None] = {}
        for name in warm:
            self._load(name)
        self.loaded = ", ".join(warm)

    def read(
        self, documents: Sequence[ShardDocument], options: Options
    ) -> LensWork[ContextualReading, ContextualOutput]:
        """Read documents of one job.

        Raises:
            ModelUnavailable: the model cannot be loaded.
            InvalidOptions: the window asked for is longer than the model's.
        """
        transformer, background = self._load(options.contextual_model)
        window_tokens = _window_tokens(transformer, options)
        room = window_tokens - len(transformer.prefix) - len(transformer.suffix)
        laid: list[tuple[Pieces, list[Window]]] = []
        for document in documents:
            pieces = cut(
                transformer.tokenizer,
                document.text,
                np.array(document.word_starts, dtype=np.int64),
                np.array(document.word_ends, dtype=np.int64),
            )
            laid.append((pieces, windows(pieces, most_pieces=room, overlap=options.window_overlap)))
        parts: list[list[WindowWeights]] = [[] for _ in documents]
        for part in read_windows(transformer, laid, batch_tokens=self._batch_tokens):
            parts[part.document].append(part)
        readings, outputs = [], {}
        for document, (pieces, found), own in zip(documents, laid, parts, strict=True):
            outputs[document.index] = _output(document, own, background)
            summary = ContextualSummary(
                model=transformer.name,
                method=options.method,
                windows=len(found),
                window_tokens=window_tokens,
                coverage=coverage(pieces, found),
                sink_mass=_sink_mass(own),
                background="running_text" if background else "document",
            )
            readings.append(ContextualReading(index=document.index, summary=summary))
        return LensWork(model_hash=transformer.content_hash, readings=readings, outputs=outputs)

    def failed(self, index: int, error: ErrorDetail) -> ContextualReading:
        """The reading of a document that could not be read."""
        return ContextualReading(index=index, error=error)

    def write(self, header: LensHeader[ContextualReading], outputs: dict[int, ContextualOutput]) -> bytes:
        """The blob that the merge will read."""
        return write_contextual(header, outputs)

    def _load(self, name: str) -> tuple[Transformer, DistanceBackground | None]:
        if name not in self._transformers:
            transformer = load_transformer(self._models[name], device=self._device)
            self._backgrounds[name] = shipped(name, transformer.content_hash)
            self._transformers[name] = transformer
        return self._transformers[name], self._backgrounds[name]


def _window_tokens(transformer: Transformer, options: Options) -> int:
    if options.window_tokens is None:
        return transformer.window_tokens
    if options.window_tokens > transformer.window_tokens:
        raise InvalidOptions(
            f"window_tokens is {options.window_tokens}, but {transformer.name} reads at most "
            f"{transformer.window_tokens} pieces at once"
        )
    return options.window_tokens


def _output(
    document: ShardDocument, parts: list[WindowWeights], background: DistanceBackground | None
) -> ContextualOutput:
    spans = sorted((part.window.first_word, part.window.end_word) for part in parts)
    bands = Bands.over(np.array(spans, dtype=np.int64))
    weight = bands.mean(parts)
    if background is None:
        candidate = np.array([is_candidate(word) for word in document.words], dtype=np.bool_)
        background = measure([WeightedText(bands=bands, weight=weight, candidate=candidate)])
    return bands.output(weight, background)


def _sink_mass(parts: list[WindowWeights]) -> float:
    """Mean over the words, each counted once for every window that read it."""
    ordered = sorted(parts, key=lambda part: part.window.first_word)
    return round(float(np.concatenate([part.sink for part in ordered]).mean()), 6)
