"""What a trial is of: one way to run the calls."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # workers import this module, and the record takes longer to import than they do to start
    from gilscope.records import StartMethod

__all__ = ["Configuration"]


@dataclass(frozen=True)
class Configuration:
    """A backend with its worker count, chunksize and start method."""

    backend: str
    workers: int = 1
    chunksize: int = 1
    start_method: StartMethod | None = None
