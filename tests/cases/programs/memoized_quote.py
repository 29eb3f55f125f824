"""A function with a cache: the first call of an input computes for milliseconds, every later one looks the result up.

In the program that asks, each input comes once.

    gilscope analyze memoized_quote:quote --inputs memoized_quote:INPUTS
"""

from functools import cache


@cache
def quote(number: int) -> int:
    value = number
    for step in range(60_000):
        value = (value * 31 + step) % 1_000_003
    return value


INPUTS = list(range(48))
