"""`python -m bifocal_contextual`: one worker."""

from bifocal.worker import run_worker
from bifocal_contextual.worker import app

if __name__ == "__main__":
    run_worker(app, "contextual")
