"""The static lens's worker:

celery -A bifocal_static.worker worker -Q static.interactive,static
"""

from bifocal.contracts import Options
from bifocal.models import static_models
from bifocal.worker import Bench, LensStage, stage_worker
from bifocal_static.lens import StaticLens


def load(bench: Bench) -> LensStage:
    lens = StaticLens(static_models(bench.settings), warm=Options().static_models)
    return LensStage(lens, bench)


app = stage_worker("static", load)
