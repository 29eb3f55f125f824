"""Dask's logging, kept out of what the target prints: what matters of it is told as the status of a trial."""

from __future__ import annotations

import logging

__all__ = ["silence"]


def silence() -> None:
    """Silence the loggers that `distributed` has made when it was imported, each with a level of its own."""
    for name in list(logging.root.manager.loggerDict):
        if name.partition(".")[0] in ("distributed", "tornado"):
            logging.getLogger(name).setLevel(logging.CRITICAL + 1)
