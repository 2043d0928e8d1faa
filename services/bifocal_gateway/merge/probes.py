"""Which joint probe goes with the models of a shard, and which lexical one with its static model."""

from functools import cache
from importlib.resources import as_file, files
from pathlib import Path

from bifocal.contracts import ContextualSummary
from bifocal.settings import settings
from bifocal_gateway.merge.joint import JointProbe
from bifocal_gateway.merge.lexical import LexicalProbe

#: How the name of a lexical probe ends in a catalogue folder, where joint ones are too.
LEXICAL_SUFFIX = ".lexical.safetensors"


def find_probe(static_hash: str, contextual_hash: str, summary: ContextualSummary) -> JointProbe | None:
    """The probe fitted for these very models, this catalogue and this profile, if there is one.

    Raises:
        ModelUnavailable: a file that should hold a probe does not.
    """
    if summary.catalogue is None or summary.profile is None:
        return None
    return find_fitted(static_hash, contextual_hash, f"{summary.catalogue} {summary.profile}")


def find_fitted(static_hash: str, contextual_hash: str, catalogue: str) -> JointProbe | None:
    """The probe fitted for two models and one profile of a head catalogue, named ``CATALOGUE PROFILE``.

    Raises:
        ModelUnavailable: a file that should hold a probe does not.
    """
    fitted_for = (static_hash, contextual_hash, catalogue)
    for probe in _probes(settings().catalogue_folder):
        source = probe.source
        if (source.static_hash, source.contextual_hash, source.catalogue) == fitted_for:
            return probe
    return None


def find_lexical(static_hash: str) -> LexicalProbe | None:
    """The probe of lexical relations fitted for this very static model in this space, if there is one.

    Raises:
        ModelUnavailable: a file that should hold a probe does not.
    """
    for probe in _lexical_probes(settings().catalogue_folder):
        if probe.source.static_hash == static_hash:
            return probe
    return None


@cache
def _probes(folder: Path | None) -> tuple[JointProbe, ...]:
    own = sorted(folder.glob("*.safetensors")) if folder else []
    with as_file(files("bifocal_gateway").joinpath("joints")) as shipped:
        paths = [
            *(path for path in own if not path.name.endswith(LEXICAL_SUFFIX)),
            *sorted(shipped.glob("*.safetensors")),
        ]
        return tuple(JointProbe.load(path) for path in paths)


@cache
def _lexical_probes(folder: Path | None) -> tuple[LexicalProbe, ...]:
    with as_file(files("bifocal_gateway").joinpath("lexicals")) as shipped:
        paths = [
            *sorted(folder.glob(f"*{LEXICAL_SUFFIX}") if folder else ()),
            *sorted(shipped.glob("*.safetensors")),
        ]
        return tuple(LexicalProbe.load(path) for path in paths)
