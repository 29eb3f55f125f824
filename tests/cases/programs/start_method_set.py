"""A module that sets the start method when it is imported, without asking whether one is set.

A spawned worker has its start method set already when it imports this.

    gilscope analyze start_method_set:collatz --inputs start_method_set:INPUTS
    gilscope analyze start_method_set:collatz --inputs start_method_set:INPUTS --start-method fork
"""

import multiprocessing

multiprocessing.set_start_method("fork")


def collatz(limit: int) -> int:
    longest = 0
    for start in range(1, limit):
        number, steps = start, 0
        while number != 1:
            number = number // 2 if number % 2 == 0 else 3 * number + 1
            steps += 1
        longest = max(longest, steps)
    return longest


INPUTS = [700, 800, 900, 1000] * 6
