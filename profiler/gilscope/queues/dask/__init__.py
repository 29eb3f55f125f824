"""Dask: its backends, its clusters, its settings."""
