"""Machines, each a closed network of its own, that share one server: the exact throughput, for any number of them."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

__all__ = ["sharing"]

#: Where a density is e to the minus this of its peak, it is nothing.
NOTHING = 40.0
#: Points of the numerical integration, and how often the range that matters is looked for with as many.
POINTS, ZOOMS = 64, 4

Vector: TypeAlias = npt.NDArray[np.floating[Any]]


def sharing(rates: Sequence[float], groups: Mapping[int, int], shared_s: float) -> float:
    """Tasks a second of machines whose workers need ``shared_s`` of one server that all share, for each task.

    With a delay of z seconds in place of that server, a machine of n workers has the normalizing constant hₙ(z) = Σ zᵏ
    ÷ k! · Π 1 ÷ rate(i), the product over i ≤ n − k, and does hₙ₋₁ ÷ hₙ tasks a second (Buzen, CACM 16(9), 1973). One
    server is to all machines a delay of random length, t times what a task needs of it, with a density proportional to
    e⁻ᵗ · Π hₙ(z), the product over machines: that is what k! = ∫ tᵏ · e⁻ᵗ dt makes of the product form (McKenna, Mitra
    & Ramakrishnan, Bell System Technical Journal 60(5), 1981).

    :param rates: tasks a second of a machine with 1, 2, … workers, were there no such server
    :param groups: how many machines have so many workers
    """
    if shared_s <= 0:
        return sum(count * rates[size - 1] for size, count in groups.items())
    log_products = np.concatenate([[0.0], -np.cumsum(np.log(rates))])
    log_factorials = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, len(rates) + 1)))])

    def log_h(size: int, at: Vector) -> Vector:
        k = np.arange(size + 1)
        terms = (log_products[size - k] - log_factorials[k])[:, None] + k[:, None] * np.log(shared_s * at)
        summed: Vector = np.logaddexp.reduce(terms, axis=0)
        return summed

    def log_density(at: Vector) -> Vector:
        return sum((count * log_h(size, at) for size, count in groups.items()), start=-at)

    at, weights = _nodes(log_density, sum(size * count for size, count in groups.items()))
    total = sum(count * np.exp(log_h(size - 1, at) - log_h(size, at)) for size, count in groups.items())
    return float((weights * total).sum() / weights.sum())


def _nodes(log_density: Callable[[Vector], Vector], workers: int) -> tuple[Vector, Vector]:
    """Points and weights for means over a density that has one peak and is next to nothing beyond all ``workers``
    being at the server: Gauss's, between the places where it falls below e⁻⁴⁰ of the peak."""
    low, high = 0.0, workers + 15 * math.sqrt(workers) + 100
    for _ in range(ZOOMS):
        step = (high - low) / POINTS
        grid = low + step * (np.arange(POINTS) + 0.5)
        density = log_density(grid)
        near = grid[density >= density.max() - NOTHING]
        low, high = max(float(near[0]) - step, 0.0), float(near[-1]) + step
    points, weights = _gauss()
    at = low + (high - low) * (points + 1) / 2
    density = log_density(at)
    return at, weights * np.exp(density - density.max())


@functools.cache
def _gauss() -> tuple[Vector, Vector]:
    """Between −1 and 1."""
    return np.polynomial.legendre.leggauss(POINTS)
