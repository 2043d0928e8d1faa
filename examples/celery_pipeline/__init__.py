"""Somebody's own Celery app: texts are extracted, compared by bifocal and indexed."""
