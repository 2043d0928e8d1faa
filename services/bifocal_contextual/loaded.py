"""A model with everything that reading by it takes: catalogue, background, method."""

import hashlib
from collections.abc import Callable
from functools import cache, cached_property, partial
from pathlib import Path

from bifocal.contracts import Method, Profile, Space
from bifocal.errors import InvalidOptions
from bifocal_contextual.background import Backgrounds, shipped
from bifocal_contextual.catalogue import find_catalogue
from bifocal_contextual.embeddings import EmbeddingLayer
from bifocal_contextual.kinds import KindFinder
from bifocal_contextual.methods import Alti, Mean, Norm, OneLayer, Relator, Rollout, SelectedHeads
from bifocal_contextual.model import Transformer


class LoadedModel:
    """A transformer, and what is known of it.

    Raises:
        ModelUnavailable: a catalogue in `catalogue_folder` cannot be used.
    """

    def __init__(self, transformer: Transformer, catalogue_folder: Path | None = None) -> None:
        self.transformer = transformer
        self.catalogue = find_catalogue(transformer.name, self.content_hash, catalogue_folder)
        self.finder: Callable[[Profile], KindFinder] = cache(self._finder)
        self.embeddings: Callable[[Space], EmbeddingLayer] = cache(partial(EmbeddingLayer, transformer))
        self.background: Callable[[str, Method], Backgrounds | None] = cache(self._background)

    @cached_property
    def content_hash(self) -> str:
        """Of the weights."""
        return self.transformer.content_hash

    @cached_property
    def catalogue_hash(self) -> str:
        """Of the head catalogue; empty without one."""
        if self.catalogue is None:
            return ""
        return f"sha256:{hashlib.sha256(self.catalogue.readable().encode()).hexdigest()}"

    def resolved(self, method: Method, layer: int | None = None) -> Method:
        """The method that is meant by `auto`; others are themselves.

        A layer by itself, counted from 1, is read by `mean` or `alti` if they are asked for, else by `norm`.

        Raises:
            InvalidOptions: the model cannot be read by the method.
        """
        block = None if layer is None else layer - 1
        has_heads, has_alti = self.catalogue is not None, Alti.available(self.transformer.places, block)
        if method is Method.ALTI and not has_alti:
            raise InvalidOptions(
                f"the blocks of {self.transformer.name!r} are not known well enough for ALTI; "
                "choose --method norm"
            )
        if layer is not None:
            return method if method in {Method.ALTI, Method.MEAN} else Method.NORM
        if method is Method.AUTO:
            return Method.HEADS if has_heads else Method.ALTI if has_alti else Method.NORM
        if method is Method.HEADS and not has_heads:
            raise InvalidOptions(
                f"there is no head catalogue for {self.transformer.name!r}; choose --method alti or "
                "norm, or make one with `bifocal calibrate`"
            )
        return method

    def relator(self, method: Method, layer: int | None = None) -> Relator:
        """A listener for one batch; `method` is a resolved one, `layer` counts from 1."""
        places = self.transformer.places
        if layer is not None and method is Method.ALTI:
            return Alti(places, layer - 1)
        if layer is not None:
            return OneLayer(self.relator(method), layer - 1)
        match method:
            case Method.HEADS if self.catalogue is not None:
                return SelectedHeads(places, self.catalogue.heads)
            case Method.ALTI:
                return Alti(places)
            case Method.NORM:
                return Norm(places)
            case Method.ROLLOUT:
                return Rollout()
            case _:
                return Mean()

    def _finder(self, profile: Profile) -> KindFinder:
        if self.catalogue is None:
            raise InvalidOptions("a model without a catalogue has no kinds")
        return KindFinder(self.transformer, self.catalogue, profile)

    def _background(self, view: str, method: Method) -> Backgrounds | None:
        return shipped(view, method, self.content_hash, self.catalogue_hash)
