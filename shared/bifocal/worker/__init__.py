"""What every worker does around its stage: leases, presence, commits. Services bring the stage."""

from bifocal.worker.lens_stage import JobSample, Lens, LensStage, LensWork
from bifocal.worker.stage import Bench, Stage, run_worker, stage_worker

__all__ = ["Bench", "JobSample", "Lens", "LensStage", "LensWork", "Stage", "run_worker", "stage_worker"]
