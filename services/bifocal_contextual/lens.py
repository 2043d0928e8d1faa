"""The contextual lens: what each word of a document attends to, window by window, and what that relates."""

from collections.abc import Mapping, Sequence
from pathlib import Path

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
from bifocal.lenses import AuditedPairs, ContextualOutput, DistanceBackground, write_contextual
from bifocal.models import ContextualModel
from bifocal.settings import Precision
from bifocal.text import is_candidate
from bifocal.worker import LensWork
from bifocal_contextual.audit import audit_strongest
from bifocal_contextual.background import WeightedText, measure
from bifocal_contextual.bands import Bands
from bifocal_contextual.batches import Place
from bifocal_contextual.kinds import FoundKinds
from bifocal_contextual.loaded import LoadedModel
from bifocal_contextual.methods import MatrixReader, WindowWeights
from bifocal_contextual.model import load_transformer
from bifocal_contextual.pieces import Pieces, cut
from bifocal_contextual.reading import Parts, read_windows
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
        precision: Precision = Precision.AUTO,
        catalogue_folder: Path | None = None,
    ) -> None:
        self._models = models
        self._batch_tokens = batch_tokens
        self._device = device
        self._precision = precision
        self._catalogue_folder = catalogue_folder
        self._loaded: dict[str, LoadedModel] = {}
        for name in warm:
            self.model(name)
        self.loaded = ", ".join(warm)

    def read(
        self, documents: Sequence[ShardDocument], options: Options
    ) -> LensWork[ContextualReading, ContextualOutput]:
        """Read documents of one job.

        Raises:
            ModelUnavailable: the model cannot be loaded.
            InvalidOptions: the window asked for is longer than the model's, or the model cannot be
                read by the method.
        """
        model = self.model(options.contextual_model)
        read = _Read(model, documents, options)
        parts: list[list[tuple[Place, Parts]]] = [[] for _ in documents]
        finished: dict[int, tuple[ContextualReading, ContextualOutput]] = {}
        for place, found in read_windows(
            model.transformer, read.laid, read.readers, batch_tokens=self._batch_tokens
        ):
            number, own = place.document, parts[place.document]
            own.append((place, found))
            if len(own) == len(read.laid[number][1]):
                # In the order of the text, so that the order of the batches leaves no trace in sums.
                own.sort(key=lambda part: part[0].window.first_word)
                finished[number] = read.finish(number, own)
                own.clear()
        return LensWork(
            model_hash=model.content_hash,
            readings=[finished[number][0] for number in range(len(documents))],
            outputs={document.index: finished[n][1] for n, document in enumerate(documents)},
        )

    def failed(self, index: int, error: ErrorDetail) -> ContextualReading:
        """The reading of a document that could not be read."""
        return ContextualReading(index=index, error=error)

    def write(self, header: LensHeader[ContextualReading], outputs: dict[int, ContextualOutput]) -> bytes:
        """The blob that the merge will read."""
        return write_contextual(header, outputs)

    def model(self, name: str) -> LoadedModel:
        """A model by name, loaded on its first use.

        Raises:
            ModelUnavailable: it cannot be loaded.
        """
        if name not in self._loaded:
            transformer = load_transformer(self._models[name], device=self._device, precision=self._precision)
            self._loaded[name] = LoadedModel(transformer, self._catalogue_folder)
        return self._loaded[name]


class _Read:
    """One reading of some documents: what is asked of each window, and what the answers come to."""

    def __init__(self, model: LoadedModel, documents: Sequence[ShardDocument], options: Options) -> None:
        transformer = model.transformer
        self._model = model
        self._documents = documents
        self._options = options
        self._method = model.resolved(options.method)
        self._window_tokens = _window_tokens(model, options)
        room = self._window_tokens - len(transformer.prefix) - len(transformer.suffix)
        self.laid: list[tuple[Pieces, list[Window]]] = []
        for document in documents:
            starts, ends = (np.array(b, dtype=np.int64) for b in (document.word_starts, document.word_ends))
            pieces = cut(transformer.tokenizer, document.text, starts, ends)
            self.laid.append((pieces, windows(pieces, most_pieces=room, overlap=options.window_overlap)))
        self._candidates = [
            np.array([is_candidate(word) for word in document.words], dtype=np.bool_)
            for document in documents
        ]
        matrix = MatrixReader(transformer, lambda: model.relator(self._method))
        self._search = None
        if model.catalogue is not None and model.catalogue.language == options.language:
            finder = model.finder(options.profile)
            self._search = finder.open(documents, self._candidates, heads_named=options.heads_named)
        # Kinds first: where they want all heads of a layer, the method takes its own from those.
        self.readers = [*(self._search.readers if self._search else ()), matrix]

    def finish(
        self, number: int, parts: Sequence[tuple[Place, Parts]]
    ) -> tuple[ContextualReading, ContextualOutput]:
        """What the windows of document `number`, in order, come to."""
        document, (pieces, found) = self._documents[number], self.laid[number]
        weights: list[WindowWeights] = [results[-1] for _, results in parts]
        kinds = None
        if self._search is not None:
            kinds = self._search.found(number, found, [results[:-1] for _, results in parts])
        output = self._output(weights, kinds, self._candidates[number], [place for place, _ in parts])
        catalogue = self._model.catalogue if kinds else None
        summary = ContextualSummary(
            model=self._model.transformer.name,
            method=self._method,
            windows=len(found),
            window_tokens=self._window_tokens,
            coverage=coverage(pieces, found),
            sink_mass=round(float(np.concatenate([part.sink for part in weights]).mean()), 6),
            precision=str(self._model.transformer.dtype).removeprefix("torch."),
            catalogue=catalogue and catalogue.name,
            profile=self._options.profile if catalogue else None,
            background="running_text" if self._model.background(self._method) else "document",
        )
        names = kinds.names if kinds else ()
        return ContextualReading(index=document.index, summary=summary, kinds=names), output

    def _output(
        self,
        parts: Sequence[WindowWeights],
        kinds: FoundKinds | None,
        candidate: "np.typing.NDArray[np.bool_]",
        places: Sequence[Place],
    ) -> ContextualOutput:
        bands = Bands.over(
            np.array([(p.window.first_word, p.window.end_word) for p in parts], dtype=np.int64)
        )
        weight = bands.mean(parts)
        measured = self._model.background(self._method)
        background = measured.at(bands.longest) if measured else _own_background(bands, weight, candidate)
        output = bands.output(weight, candidate, background, kinds)
        audited = self._audited(output, candidate, places)
        return output if audited is None else output.with_audit(audited)

    def _audited(
        self, output: ContextualOutput, candidate: "np.typing.NDArray[np.bool_]", places: Sequence[Place]
    ) -> AuditedPairs | None:
        n_pairs = self._options.audited_pairs
        return (
            audit_strongest(self._model.transformer, output, candidate, places, n_pairs) if n_pairs else None
        )


def _own_background(
    bands: Bands, weight: "np.typing.NDArray[np.float32]", candidate: "np.typing.NDArray[np.bool_]"
) -> DistanceBackground:
    return measure([WeightedText(bands=bands, weight=weight, candidate=candidate)])


def _window_tokens(model: LoadedModel, options: Options) -> int:
    most = model.transformer.window_tokens
    if options.window_tokens is None:
        return most
    if options.window_tokens > most:
        raise InvalidOptions(
            f"window_tokens is {options.window_tokens}, but {model.transformer.name} reads at most {most} "
            "pieces at once"
        )
    return options.window_tokens
