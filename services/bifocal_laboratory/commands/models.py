"""What evaluation and calibration run on: models by name, loaded as the services load them."""

from dataclasses import dataclass
from pathlib import Path

from bifocal.contracts import Options, Profile, Space
from bifocal.errors import InvalidOptions
from bifocal.models import check_models, contextual_models, embeddings_of, layer_of, static_models
from bifocal.settings import Precision, settings
from bifocal_contextual.catalogue import ProfileWeights, read_catalogue
from bifocal_contextual.loaded import LoadedModel
from bifocal_contextual.model import load_transformer
from bifocal_contextual.threads import use_allowed_cores
from bifocal_gateway.merge.joint import JointProbe
from bifocal_gateway.merge.probes import find_fitted
from bifocal_static.vectors import Vectors, load_vectors


def load_static(name: str, space: Space = Space.COMMON_REMOVED) -> Vectors:
    """Static vectors by name, in the space that the static lens compares them in unless another is named.

    Raises:
        UnknownModel: a name that is not allowed.
        ModelUnavailable: the model cannot be loaded.
    """
    _check(static=name)
    return load_vectors(static_models(settings())[name]).in_space(space)


def _check(
    *, static: str = Options().static_models[0], contextual: str = Options().contextual_models[0]
) -> None:
    """Refuse what is not allowed, and views of a model: what is measured here is fitted for whole ones."""
    check_models(settings(), Options(static_models=(static,), contextual_models=(contextual,)))
    if embeddings_of(static) is not None or layer_of(contextual)[1] is not None:
        raise InvalidOptions("name a model itself here, not its embeddings or one of its layers")


@dataclass(frozen=True, slots=True, kw_only=True)
class Models:
    """Both models of an evaluation."""

    contextual: LoadedModel
    vectors: Vectors
    """In the space that the static lens compares them in."""

    @classmethod
    def load(cls, contextual: str, static: str, *, precision: Precision = Precision.AUTO) -> "Models":
        """Load both by name.

        Raises:
            UnknownModel: a name that is not allowed.
            ModelUnavailable: a model cannot be loaded.
        """
        chosen = settings()
        _check(static=static, contextual=contextual)
        use_allowed_cores()
        transformer = load_transformer(
            contextual_models(chosen)[contextual], device=chosen.device, precision=precision
        )
        vectors = load_vectors(static_models(chosen)[static])
        return cls(
            contextual=LoadedModel(transformer, chosen.catalogue_folder),
            vectors=vectors.in_space(Space.COMMON_REMOVED),
        )

    def weights(self, profile: Profile, catalogue: Path | None = None) -> ProfileWeights:
        """A profile of the model's head catalogue, or of the one in a file.

        Raises:
            InvalidOptions: the model has no catalogue.
            ModelUnavailable: the file is none.
        """
        found = self.contextual.catalogue if catalogue is None else read_catalogue(catalogue)
        if found is None:
            raise InvalidOptions(
                f"there is no head catalogue for {self.contextual.transformer.name!r}; "
                "make one with `bifocal calibrate`, or name one with --catalogue"
            )
        return found.profiles[profile]

    def joint(self, profile: Profile, file: Path | None = None) -> JointProbe:
        """The joint probe of the two models, or the one in a file.

        Raises:
            InvalidOptions: there is none.
        """
        if file is not None:
            return JointProbe.load(file)
        catalogue = self.contextual.catalogue
        found = catalogue and find_fitted(
            self.vectors.content_hash, self.contextual.content_hash, f"{catalogue.name} {profile}"
        )
        if not found:
            raise InvalidOptions(
                f"there is no joint probe for {self.contextual.transformer.name!r} and "
                f"{self.vectors.name!r}; "
                "make one with `bifocal calibrate`, or name one with --joint"
            )
        return found.probe
