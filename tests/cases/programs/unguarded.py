"""A script that opens its pool when it is imported: each of its processes imports it again, and so on."""

import multiprocessing


def square(number):
    return number * number


INPUTS = list(range(20))
RESULTS = multiprocessing.get_context("spawn").Pool(2).map(square, INPUTS)
