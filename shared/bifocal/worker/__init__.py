"""What every worker does around its stage: leases, presence, commits. Services bring the stage."""

from bifocal.worker.lens_stage import BatchSample, Lens, LensStage, LensWork
from bifocal.worker.stage import Bench, Stage, run_worker, stage_worker

__all__ = ["BatchSample", "Bench", "Lens", "LensStage", "LensWork", "Stage", "run_worker", "stage_worker"]
