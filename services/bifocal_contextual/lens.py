"""The contextual lens: what each word of a document attends to, window by window, and what that relates."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from bifocal.contracts import ContextualReading, DocumentReading, Options, ShardDocument, StaticSummary
from bifocal.lenses import ContextualOutput, DistanceBackground, DocumentOutputs, StaticOutput
from bifocal.models import ContextualModel
from bifocal.settings import Precision
from bifocal.versions import versions
from bifocal.worker import JobSample, LensWork
from bifocal_contextual.batches import Place
from bifocal_contextual.embeddings import EmbeddingLayer
from bifocal_contextual.loaded import LoadedModel
from bifocal_contextual.model import load_transformer
from bifocal_contextual.passes import DocumentsPass
from bifocal_contextual.reading import Parts, read_windows
from bifocal_contextual.sample_background import measure_sample
from bifocal_contextual.views import View, Wanted, wanted

T = TypeVar("T")

#: Jobs whose backgrounds are kept.
_MOST_JOBS = 16

_Contextual = tuple[ContextualReading, ContextualOutput]
_Static = tuple[StaticSummary, StaticOutput]


class ContextualLens:
    """Reads documents through self-attention, and through the embedding layers of the same transformers.

    `reproducible` keeps documents apart in forward passes (see `bifocal_contextual.batches.in_batches`).
    """

    name = "contextual"

    def __init__(
        self,
        models: Mapping[str, ContextualModel],
        *,
        warm: Sequence[str],
        batch_tokens: int,
        reproducible: bool = True,
        device: str | None = None,
        precision: Precision = Precision.AUTO,
        catalogue_folder: Path | None = None,
    ) -> None:
        self._models = models
        self._batch_tokens = batch_tokens
        self._reproducible = reproducible
        self._device = device
        self._precision = precision
        self._catalogue_folder = catalogue_folder
        self._loaded: dict[str, LoadedModel] = {}
        self._of_jobs: dict[tuple[str, str], _Measured] = {}
        for name in warm:
            self.model(name)
        self.loaded = ", ".join(warm)
        self.libraries = versions("numpy", "tokenizers", "torch", "transformers")

    def read(
        self, documents: Sequence[ShardDocument], options: Options, sample: JobSample | None = None
    ) -> LensWork:
        """Read documents of one job by each of its contextual models, and by those static models that are
        embedding layers.

        Raises:
            ModelUnavailable: a model cannot be loaded.
            InvalidOptions: the window asked for is longer than a model's, or a model has no such layer or
                cannot be read by the method.
        """
        contextual: list[dict[str, _Contextual]] = [{} for _ in documents]
        static: list[dict[str, _Static]] = [{} for _ in documents]
        models: dict[str, str] = {}
        catalogues: dict[str, str] = {}
        for asked in wanted(options):
            model = self.model(asked.transformer)
            models |= dict.fromkeys(asked.views, model.content_hash)
            if asked.views and model.catalogue is not None:
                catalogues[model.catalogue.name] = model.catalogue_hash
            if asked.views:
                passing = self._pass(model, documents, options, asked, sample)
                self._attend(passing, contextual)
                if sample is not None and any(view.held_against == "batch" for view in passing.views):
                    catalogues["sample of the job"] = self._of_jobs[
                        sample.job, asked.transformer
                    ].content_hash
            if asked.embeddings is not None:
                layer = model.embeddings(options.static_space)
                models[asked.embeddings] = layer.content_hash
                _look_up(layer, asked.embeddings, documents, options.neighbours, static)
        return LensWork(
            readings=[
                DocumentReading(
                    index=document.index,
                    static=tuple(one for one, _ in _ordered(own_static, options.static_models)),
                    contextual=tuple(one for one, _ in _ordered(own, options.contextual_models)),
                )
                for document, own_static, own in zip(documents, static, contextual, strict=True)
            ],
            outputs={
                document.index: DocumentOutputs(
                    static=tuple(output for _, output in _ordered(own_static, options.static_models)),
                    contextual=tuple(output for _, output in _ordered(own, options.contextual_models)),
                )
                for document, own_static, own in zip(documents, static, contextual, strict=True)
            },
            models=models,
            catalogues=catalogues,
        )

    def model(self, name: str) -> LoadedModel:
        """A model by name, loaded on its first use.

        Raises:
            ModelUnavailable: it cannot be loaded.
        """
        if name not in self._loaded:
            transformer = load_transformer(self._models[name], device=self._device, precision=self._precision)
            self._loaded[name] = LoadedModel(transformer, self._catalogue_folder)
        return self._loaded[name]

    def _pass(
        self,
        model: LoadedModel,
        documents: Sequence[ShardDocument],
        options: Options,
        asked: Wanted,
        sample: JobSample | None,
    ) -> DocumentsPass:
        """The views of a transformer that a job wants, and what each of them is held against."""
        views = [View.of(name, model, options.method) for name in asked.views]
        if sample is not None and not all(view.background for view in views):
            measured = self._measured(model, views, options, sample).backgrounds
            views = [replace(view, batch_background=measured.get(view.name)) for view in views]
        return DocumentsPass(model, views, documents, options)

    def _attend(self, passing: DocumentsPass, read: list[dict[str, _Contextual]]) -> None:
        """One pass over the documents' windows for all views of a transformer."""
        parts: list[list[tuple[Place, Parts]]] = [[] for _ in passing.laid]
        for place, found in read_windows(
            passing.model.transformer,
            passing.laid,
            passing.readers,
            batch_tokens=self._batch_tokens,
            apart=self._reproducible,
        ):
            number, own = place.document, parts[place.document]
            own.append((place, found))
            if len(own) == len(passing.laid[number][1]):
                # In the order of the text, so that the order of the batches leaves no trace in sums.
                own.sort(key=lambda part: part[0].window.first_word)
                read[number] |= passing.finish(number, own)
                own.clear()

    def _measured(
        self, model: LoadedModel, views: Sequence[View], options: Options, sample: JobSample
    ) -> "_Measured":
        """Backgrounds of a job's views by its sample, found once for a job."""
        key = (sample.job, model.transformer.name)
        if key not in self._of_jobs:
            # A worker is at one job or at a few at a time.
            while len(self._of_jobs) >= _MOST_JOBS:
                del self._of_jobs[next(iter(self._of_jobs))]
            backgrounds = measure_sample(
                model, views, sample.documents, options, batch_tokens=self._batch_tokens
            )
            self._of_jobs[key] = _Measured(backgrounds=backgrounds, content_hash=sample.content_hash)
        return self._of_jobs[key]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Measured:
    """Backgrounds by view, and the hash of the texts that they are from: read once for a job."""

    backgrounds: dict[str, DistanceBackground]
    content_hash: str


def _look_up(
    layer: EmbeddingLayer,
    name: str,
    documents: Sequence[ShardDocument],
    n_neighbours: int,
    read: list[dict[str, _Static]],
) -> None:
    for document, own in zip(documents, read, strict=True):
        summary, output = layer.read(document, n_neighbours)
        own[name] = summary.model_copy(update={"model": name}), output


def _ordered(read: Mapping[str, T], names: Sequence[str]) -> list[T]:
    return [read[name] for name in names if name in read]
