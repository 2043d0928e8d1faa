"""A Prefect flow: compare the texts of a folder, and load what is said of them into tables.

    BIFOCAL_URL=http://127.0.0.1:8420 python prefect_flow.py letters/ reports.sqlite

Needs `pip install prefect bifocal` and `steps.py` beside it.
"""

import sys
import time

import steps
from prefect import flow, get_run_logger, task

#: Between two looks at the job.
LOOK_S = 10.0

find = task(steps.find)
submit = task(steps.submit, retries=3, retry_delay_seconds=30)
load = task(steps.load, retries=3, retry_delay_seconds=30)


@task(retries=3, retry_delay_seconds=30)
def wait(job: str, look_s: float = LOOK_S) -> str:
    """Wait for the end of a job; repeated after a failure, it goes on waiting for the same one."""
    while not steps.is_done(job):
        time.sleep(look_s)
    return job


@flow(name="bifocal")
def compare_folder(folder: str, database: str, look_s: float = LOOK_S) -> int:
    """Compare the texts of a folder; how many documents were loaded."""
    paths = find(folder)
    if not paths:
        get_run_logger().info("nothing in %s", folder)
        return 0
    job = wait(submit(paths), look_s)
    return load(job, database)


if __name__ == "__main__":
    print(compare_folder(*sys.argv[1:3]))
