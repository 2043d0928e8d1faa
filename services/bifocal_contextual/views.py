"""What of a transformer is read as one lens: the whole of it, or one of its layers."""

from dataclasses import dataclass

from bifocal.contracts import Method, Options
from bifocal.errors import InvalidOptions
from bifocal.lenses import DistanceBackground
from bifocal.models import embeddings_of, layer_of
from bifocal_contextual.background import Backgrounds
from bifocal_contextual.loaded import LoadedModel
from bifocal_contextual.methods import Relator


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a job wants of one transformer."""

    transformer: str
    views: tuple[str, ...]
    """Names of contextual models, in the job's order."""
    embeddings: str | None
    """Name of the static model that is its embedding layer, if that is wanted."""


def wanted(options: Options) -> list[Wanted]:
    """What a job wants of each transformer that it names, in any way."""
    embeddings = {of: name for name in options.static_models if (of := embeddings_of(name)) is not None}
    views: dict[str, list[str]] = {}
    for name in options.contextual_models:
        views.setdefault(layer_of(name)[0], []).append(name)
    names = [*views, *(of for of in embeddings if of not in views)]
    return [
        Wanted(transformer=name, views=tuple(views.get(name, ())), embeddings=embeddings.get(name))
        for name in names
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """A transformer, or a layer of it, read by one method."""

    name: str
    model: LoadedModel
    layer: int | None
    """From 1; None for all of them."""
    method: Method
    """A resolved one."""
    batch_background: DistanceBackground | None = None
    """What is usual in the job's documents; stands in where there is no other."""

    @classmethod
    def of(cls, name: str, model: LoadedModel, method: Method) -> "View":
        """By its name.

        Raises:
            InvalidOptions: the model has no such layer, or cannot be read by the method.
        """
        _, layer = layer_of(name)
        n_layers = len(model.transformer.places)
        if layer is not None and layer > n_layers:
            raise InvalidOptions(f"{model.transformer.name!r} has {n_layers} layers, so there is no {name!r}")
        return cls(name=name, model=model, layer=layer, method=model.resolved(method, layer))

    @property
    def held_against(self) -> str:
        """What lifts are held against, in a word."""
        if self.background is not None:
            return "running_text"
        return "batch" if self.batch_background is not None else "document"

    def relator(self) -> Relator:
        """A listener for one batch."""
        return self.model.relator(self.method, self.layer)

    @property
    def background(self) -> Backgrounds | None:
        """What is usual in running text, where that was measured."""
        return self.model.background(self.name, self.method)

    def usual_in(self, window_words: int) -> DistanceBackground | None:
        """What a document whose longest window has so many words is held against; None for itself."""
        return self.background.at(window_words) if self.background else self.batch_background
