"""A program whose library computes in threads of its own."""

from __future__ import annotations

import numpy as np

SQUARE = np.ones((64, 64))


def product() -> float:
    return float((SQUARE @ SQUARE)[0, 0])
