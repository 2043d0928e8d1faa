"""Offline: fits and measures the lenses; the only package that may import other services."""
