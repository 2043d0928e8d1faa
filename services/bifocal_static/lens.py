"""The static lens: vectors, frequency bands and unknown words of a document."""

from collections.abc import Mapping, Sequence
from functools import lru_cache

import numpy as np

from bifocal.contracts import DocumentReading, Neighbour, Options, ShardDocument, Space, StaticSummary
from bifocal.lenses import DocumentOutputs, StaticOutput
from bifocal.lenses.pair_background import band_of, pair_background
from bifocal.models import StaticModel, embeddings_of
from bifocal.text import is_candidate
from bifocal.versions import versions
from bifocal.worker import JobSample, LensWork
from bifocal_static.vectors import Vectors, load_vectors

#: Words whose neighbours are kept: a word's take a pass over the whole vocabulary.
_NEIGHBOUR_CACHE = 20_000


class StaticLens:
    """Reads documents through static vectors.

    A word is looked up as it stands, then in lower case. Words of one vocabulary entry are one
    type, and so are unknown words that differ in case only.

    `warm` are models to load at once, in the default space.
    """

    name = "static"

    def __init__(self, models: Mapping[str, StaticModel], *, warm: Sequence[str]) -> None:
        self._models = models
        self._trained: dict[str, Vectors] = {}
        self._loaded: dict[tuple[str, Space], LoadedModel] = {}
        for name in warm:
            self._model(name, Options().static_space)
        self.loaded = ", ".join(warm)
        self.libraries = versions("gensim", "numpy")

    def read(
        self, documents: Sequence[ShardDocument], options: Options, sample: JobSample | None = None
    ) -> LensWork:
        """Read documents of one job by each of its static models that is no transformer's embedding layer.

        Raises:
            ModelUnavailable: a model cannot be loaded.
        """
        names = [name for name in options.static_models if embeddings_of(name) is None]
        models = [self._model(name, options.static_space) for name in names]
        readings, outputs = [], {}
        for document in documents:
            read = [model.read(document, options.neighbours) for model in models]
            summaries = tuple(summary for summary, _ in read)
            readings.append(DocumentReading(index=document.index, static=summaries))
            outputs[document.index] = DocumentOutputs(static=tuple(output for _, output in read))
        return LensWork(
            readings=readings,
            outputs=outputs,
            models={name: model.vectors.content_hash for name, model in zip(names, models, strict=True)},
        )

    def _model(self, name: str, space: Space) -> "LoadedModel":
        if name not in self._trained:
            self._trained[name] = load_vectors(self._models[name])
        if (name, space) not in self._loaded:
            self._loaded[name, space] = LoadedModel(self._trained[name].in_space(space))
        return self._loaded[name, space]


class LoadedModel:
    """Vectors in one space and their null there."""

    def __init__(self, vectors: Vectors) -> None:
        self.vectors = vectors
        self._background = pair_background(vectors, words=vectors.keyed.index_to_key)
        self._neighbours = lru_cache(_NEIGHBOUR_CACHE)(vectors.neighbours)

    def read(self, document: ShardDocument, n_neighbours: int) -> tuple[StaticSummary, StaticOutput]:
        """Look up every word of a document."""
        words = document.words
        types: dict[str, int] = {}
        keys: list[str | None] = []
        spellings: list[str] = []
        type_of_word = np.empty(len(words), dtype=np.int32)
        for place, word in enumerate(words):
            key = self.vectors.key(word)
            # The separator cannot occur in a word, so no unknown word meets a vocabulary entry.
            form = key if key is not None else f"\x00{word.lower()}"
            if form not in types:
                types[form] = len(types)
                keys.append(key)
                spellings.append(word)
            type_of_word[place] = types[form]
        output = self._output(type_of_word, keys)
        # Punctuation has its type, but nothing is told of it.
        told = [(word, key) for word, key in zip(spellings, keys, strict=True) if is_candidate(word)]
        summary = StaticSummary(
            model=self.vectors.name,
            space=self.vectors.space,
            unknown_words=[word for word, key in told if key is None],
            neighbours=self._near([key for _, key in told if key is not None], n_neighbours),
        )
        return summary, output

    def _output(self, type_of_word: "np.typing.NDArray[np.int32]", keys: list[str | None]) -> StaticOutput:
        known = np.array([key is not None for key in keys], dtype=np.bool_)
        present = [key for key in keys if key is not None]
        vectors = np.zeros((len(keys), self.vectors.keyed.vector_size), dtype=np.float32)
        vectors[known] = self.vectors.unit(present)
        rank = np.zeros(len(keys), dtype=np.int64)
        rank[known] = [self.vectors.rank(key) for key in present]
        return StaticOutput(
            type_of_word=type_of_word,
            vectors=vectors,
            known=known,
            band=band_of(rank),
            background=self._background,
            cased=np.array([key is not None and key != key.lower() for key in keys], dtype=np.bool_),
        )

    def _near(self, keys: list[str], n: int) -> dict[str, list[Neighbour]]:
        if n == 0:
            return {}
        return {
            key: [Neighbour(word=word, cosine=round(cosine, 6)) for word, cosine in self._neighbours(key, n)]
            for key in keys
        }
