"""Which joint probe goes with the models of a shard."""

from functools import cache
from importlib.resources import as_file, files
from pathlib import Path

from bifocal.contracts import ContextualSummary
from bifocal.settings import settings
from bifocal_gateway.merge.joint import JointProbe


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


@cache
def _probes(folder: Path | None) -> tuple[JointProbe, ...]:
    with as_file(files("bifocal_gateway").joinpath("joints")) as shipped:
        paths = [
            *sorted(folder.glob("*.safetensors") if folder else ()),
            *sorted(shipped.glob("*.safetensors")),
        ]
        return tuple(JointProbe.load(path) for path in paths)
