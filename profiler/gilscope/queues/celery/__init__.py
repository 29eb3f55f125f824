"""Celery: its backends, its workers, its settings."""
