"""The contextual lens's worker:

celery -A bifocal_contextual.worker worker -Q contextual.interactive,contextual -P solo
"""

from transformers.utils import logging as transformers_logging

from bifocal.contracts import Options
from bifocal.models import contextual_models
from bifocal.worker import Bench, LensStage, stage_worker
from bifocal_contextual.lens import ContextualLens
from bifocal_contextual.threads import use_allowed_cores


def load(bench: Bench) -> LensStage:
    use_allowed_cores()
    # Its lines go the way of all others.
    transformers_logging.disable_default_handler()
    transformers_logging.enable_propagation()
    lens = ContextualLens(
        contextual_models(bench.settings),
        warm=Options().contextual_models,
        batch_tokens=bench.settings.batch_tokens,
        reproducible=bench.settings.reproducible,
        device=bench.settings.device,
        precision=bench.settings.precision,
        catalogue_folder=bench.settings.catalogue_folder,
    )
    return LensStage(lens, bench)


app = stage_worker("contextual", load)
