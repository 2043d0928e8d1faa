"""The static lens's worker: `celery -A bifocal_static.worker worker -Q static`."""

from bifocal.contracts import Options
from bifocal.models import static_models
from bifocal.worker import Bench, LensStage, stage_worker
from bifocal_static.lens import StaticLens


def _load(bench: Bench) -> LensStage:  # type: ignore[type-arg]
    lens = StaticLens(static_models(bench.settings), warm=[Options().static_model])
    return LensStage(lens, bench)


app = stage_worker("static", _load)
