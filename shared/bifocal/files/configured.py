"""Limits on the reading of files as an operator chose them."""

from bifocal.files.limits import Limits
from bifocal.settings import Settings


def configured_limits(settings: Settings) -> Limits:
    """Limits by the settings."""
    return Limits(
        wall_s=settings.extraction_s * 1.5,
        cpu_s=settings.extraction_s,
        memory_bytes=settings.extraction_memory_mb * 1024 * 1024,
        most_file_bytes=settings.max_file_bytes,
        most_expanded_bytes=settings.max_expanded_bytes,
    )
