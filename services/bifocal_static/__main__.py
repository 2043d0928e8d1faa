"""`python -m bifocal_static`: one worker."""

from bifocal.worker import run_worker
from bifocal_static.worker import app

if __name__ == "__main__":
    run_worker(app, "static")
