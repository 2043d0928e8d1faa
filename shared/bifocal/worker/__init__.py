"""What every worker does around its stage: leases, presence, commits. Services bring the stage."""

from bifocal.worker.hold import Hold, LeaseLost
from bifocal.worker.lens_stage import JobSample, Lens, LensStage, LensWork
from bifocal.worker.stage import Bench, Stage, run_worker, stage_worker

__all__ = [
    "Bench", "Hold", "JobSample", "LeaseLost", "Lens", "LensStage", "LensWork", "Stage", "run_worker",
    "stage_worker",
]  # fmt: skip
