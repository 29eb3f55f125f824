"""Compute-bound in Python: trial division.

``gilscope analyze gilscope.examples.primes:is_prime --inputs PRIMES``
"""

from __future__ import annotations

import math

from gilscope import classify

__all__ = ["PRIMES", "is_prime"]

PRIMES = (
    112272535095293,
    112582705942171,
    112272535095293,
    115280095190773,
    115797848077099,
    1099726899285419,
)


@classify(inputs=PRIMES)
def is_prime(n: int) -> bool:
    """Whether ``n`` is a prime number, by dividing it by every odd number up to its root."""
    if n < 2:
        return False
    if n % 2 == 0:
        return n == 2
    for divisor in range(3, math.isqrt(n) + 1, 2):  # noqa: SIM110  a generator would be other work than a loop
        if n % divisor == 0:
            return False
    return True
