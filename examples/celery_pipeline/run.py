"""Sends files through the pipeline and says how many relations were indexed.

python -m celery_pipeline.run letters/*.txt             a chain for each file
python -m celery_pipeline.run --together letters/*.txt  extracted apart, compared as one job
"""

import sys

from celery import chain, group
from celery.canvas import Signature

from bifocal.celery import compare, compare_batch
from celery_pipeline.tasks import extract, index, index_job


def one_by_one(paths: list[str]) -> Signature:
    """Each file takes its own way; files that cannot be read fail alone."""
    return group(chain(extract.s(path), compare.s(options={"heads_named": 3}), index.s()) for path in paths)


def together(paths: list[str]) -> Signature:
    """All files become one job: quicker for many small ones, and no report goes through the broker."""
    return chain(group(extract.s(path) for path in paths), compare_batch.s(reference=True), index_job.s())


def main(arguments: list[str]) -> int:
    """Run the pipeline over files and wait for it."""
    paths = [argument for argument in arguments if argument != "--together"]
    pipeline = together(paths) if "--together" in arguments else one_by_one(paths)
    indexed = pipeline.apply_async().get()
    sys.stdout.write(f"{indexed if isinstance(indexed, int) else sum(indexed)} relations indexed\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
