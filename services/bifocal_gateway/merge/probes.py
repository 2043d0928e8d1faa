"""Which joint probe goes with the models of a shard, and which lexical one with its static model."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.resources import as_file, files
from pathlib import Path
from typing import Generic, TypeVar

from bifocal.contracts import ContextualSummary
from bifocal.settings import settings
from bifocal_gateway.merge.joint import JointProbe
from bifocal_gateway.merge.lexical import LexicalProbe

#: How the name of a lexical probe ends in a catalogue folder, where joint ones are too.
LEXICAL_SUFFIX = ".lexical.safetensors"


P = TypeVar("P")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted(Generic[P]):
    """A probe, and the `sha256:` of its file."""

    probe: P
    content_hash: str


def find_joint(
    static_hash: str, contextual_hash: str, summary: ContextualSummary
) -> Fitted[JointProbe] | None:
    """The probe fitted for these very models, this catalogue and this profile, if there is one.

    Raises:
        ModelUnavailable: a file that should hold a probe does not.
    """
    if summary.catalogue is None or summary.profile is None:
        return None
    return find_fitted(static_hash, contextual_hash, f"{summary.catalogue} {summary.profile}")


def find_fitted(static_hash: str, contextual_hash: str, catalogue: str) -> Fitted[JointProbe] | None:
    """The probe fitted for two models and one profile of a head catalogue, named ``CATALOGUE PROFILE``.

    Raises:
        ModelUnavailable: a file that should hold a probe does not.
    """
    fitted_for = (static_hash, contextual_hash, catalogue)
    for found in _joint_probes(settings().catalogue_folder):
        source = found.probe.source
        if (source.static_hash, source.contextual_hash, source.catalogue) == fitted_for:
            return found
    return None


def find_lexical(static_hash: str) -> Fitted[LexicalProbe] | None:
    """The probe of lexical relations fitted for this very static model in this space, if there is one.

    Raises:
        ModelUnavailable: a file that should hold a probe does not.
    """
    for found in _lexical_probes(settings().catalogue_folder):
        if found.probe.source.static_hash == static_hash:
            return found
    return None


@cache
def _joint_probes(folder: Path | None) -> tuple[Fitted[JointProbe], ...]:
    own = sorted(folder.glob("*.safetensors")) if folder else []
    joint = [path for path in own if not path.name.endswith(LEXICAL_SUFFIX)]
    return _loaded(joint, "joints", JointProbe.load)


@cache
def _lexical_probes(folder: Path | None) -> tuple[Fitted[LexicalProbe], ...]:
    own = sorted(folder.glob(f"*{LEXICAL_SUFFIX}")) if folder else []
    return _loaded(own, "lexicals", LexicalProbe.load)


def _loaded(own: list[Path], beside: str, load: Callable[[Path], P]) -> tuple[Fitted[P], ...]:
    """Probes of one's own, and those in a folder beside the code."""
    place = files("bifocal_gateway").joinpath(beside)
    with as_file(place) as shipped:
        return tuple(
            Fitted(probe=load(path), content_hash=f"sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}")
            for path in [*own, *sorted(shipped.glob("*.safetensors"))]
        )
