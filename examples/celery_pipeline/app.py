"""The app: its own queue and its own keys, on a Redis that others may use too."""

import os

from celery import Celery

REDIS_URL = os.environ.get("PIPELINE_REDIS_URL", "redis://127.0.0.1:6379/0")

app = Celery(
    "pipeline",
    broker=REDIS_URL,
    backend=REDIS_URL,
    # `bifocal.celery` is all that the app's worker needs to run comparisons.
    include=["celery_pipeline.tasks", "bifocal.celery"],
)
app.conf.update(
    broker_transport_options={"global_keyprefix": "pipeline:"},
    result_backend_transport_options={"global_keyprefix": "pipeline:"},
    task_default_queue="pipeline",
    # Without this a worker that dies takes the tasks that it was at with it; bifocal's tasks have it anyway.
    task_acks_late=True,
    broker_connection_retry_on_startup=True,
    result_expires=24 * 3600,
)
