"""The head catalogue: which heads of a model tell which kind of relation, with what weights, and how well."""

import re
from importlib.resources import files
from pathlib import Path
from typing import Final, Literal

from pydantic import ValidationError

from bifocal.contracts import Profile
from bifocal.contracts._wire import Wire
from bifocal.errors import ModelUnavailable
from bifocal_contextual.catalogue.arcs import ArcWeights
from bifocal_contextual.catalogue.references import ReferenceWeights

#: Raised whenever a reader of the previous version would misread the new one.
CATALOGUE_VERSION: Final = 1

#: A list of nothing but numbers, one a line.
_NUMBERS = re.compile(r"\[[-+.,eE\d\s]+\]")

#: The kind of a pronoun and what it stands for; the others are kinds of arcs.
REFERS_TO: Final = "refers_to"


class Source(Wire):
    """Labelled text that a catalogue was fitted on."""

    name: str
    licence: str
    documents: int
    hash: str
    """`sha256:` of the files."""


class KindFigures(Wire):
    """How often the right word was found on held-out text, of words known to have a relation of the kind."""

    name: str
    n: int
    chance: float
    position: float
    """By the best fixed offset; for `refers_to`, the nearest candidate."""
    static: float
    """By the static lens."""
    contextual: float


class LeftOut(Wire):
    """A kind that was tried and is not told."""

    name: str
    reason: str


class ProfileWeights(Wire):
    """The weights of one profile."""

    arcs: ArcWeights | None = None
    references: ReferenceWeights | None = None


class HeadCatalogue(Wire):
    """What `bifocal calibrate` writes and the contextual lens reads."""

    schema_version: Literal[1] = CATALOGUE_VERSION
    name: str
    """Told in every report."""
    model: str
    model_hash: str
    language: str
    """Texts in other languages get no kinds."""
    fitted_on: tuple[Source, ...]
    heads: tuple[int, ...]
    """The dozen of the fast profile, whose weights `method: heads` shows; numbered through all layers."""
    kinds: tuple[KindFigures, ...]
    """Kinds that beat their baselines, for the full profile."""
    left_out: tuple[LeftOut, ...]
    profiles: dict[Profile, ProfileWeights]

    @property
    def told(self) -> frozenset[str]:
        """Names of the kinds that reports carry."""
        return frozenset(figures.name for figures in self.kinds)

    def readable(self) -> str:
        """JSON with a line for each row of numbers."""
        return _NUMBERS.sub(lambda row: " ".join(row[0].split()), self.model_dump_json(indent=1)) + "\n"


def read_catalogue(path: Path) -> HeadCatalogue:
    """A catalogue from its file.

    Raises:
        ModelUnavailable: the file is no catalogue.
    """
    try:
        return HeadCatalogue.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise ModelUnavailable(f"{path} is no head catalogue: {error}") from error


def find_catalogue(model: str, content_hash: str, folder: Path | None) -> HeadCatalogue | None:
    """The catalogue of a model: in `folder`, else beside the code, if made for these very weights.

    Raises:
        ModelUnavailable: a file of the model's name in `folder` is no catalogue, or for other weights.
    """
    if folder is not None and (own := folder / f"{model}.json").is_file():
        catalogue = read_catalogue(own)
        if catalogue.model_hash != content_hash:
            raise ModelUnavailable(
                f"{own} was made for other weights than those of {model!r}; "
                "make it anew with `bifocal calibrate`"
            )
        return catalogue
    shipped = files("bifocal_contextual").joinpath("catalogues", f"{model}.json")
    if not shipped.is_file():
        return None
    catalogue = HeadCatalogue.model_validate_json(shipped.read_bytes())
    return catalogue if catalogue.model_hash == content_hash else None
