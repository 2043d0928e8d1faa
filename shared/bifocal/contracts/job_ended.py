"""What a webhook is told."""

from datetime import datetime
from typing import Literal

from bifocal.contracts._wire import Wire
from bifocal.contracts.job import Job


class JobEnded(Wire):
    """Body of a webhook's `POST`. It is the same at every try."""

    type: Literal["job.ended"] = "job.ended"
    timestamp: datetime
    """When the job ended."""
    data: Job
    """The job as `GET /v1/jobs/{id}` tells it, but for how far its webhook is."""
