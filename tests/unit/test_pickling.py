"""What crossing a process boundary costs."""

from __future__ import annotations

import array
import json
import os
import pickle
import platform
import subprocess
import sys
import time
from enum import IntEnum
from typing import Any

import psutil
import pytest

from gilscope.measure.copies import in_a_copy
from gilscope.measure.pickling import PIPE_BYTES, crossing, is_plain, leaves_traces


class Colour(IntEnum):
    """JSON makes a number of it."""

    RED = 1


class Slow:
    """Takes its time to be pickled, to be unpickled, or both."""

    def __init__(self, dump_s: float = 0.0, load_s: float = 0.0) -> None:
        self.dump_s, self.load_s = dump_s, load_s

    def __reduce__(self) -> tuple[Any, ...]:
        time.sleep(self.dump_s)
        return _made_in, (self.load_s,)


def _made_in(seconds: float) -> Slow:
    time.sleep(seconds)
    return Slow(load_s=seconds)


def test_the_parent_pickles_the_argument_and_the_worker_unpickles_it() -> None:
    argument = crossing([Slow(dump_s=0.02, load_s=0.005)], [None])
    assert argument.parent_s >= 0.02 > argument.worker_s >= 0.005


def test_the_worker_pickles_the_result_and_the_parent_unpickles_it() -> None:
    result = crossing([None], [Slow(dump_s=0.02, load_s=0.005)])
    assert result.worker_s >= 0.02 > result.parent_s >= 0.005


def test_sending_much_takes_both_their_time() -> None:
    large = crossing([b"x" * 200 * PIPE_BYTES], [None])
    assert large.bytes is not None
    assert large.bytes > 200 * PIPE_BYTES
    assert min(large.parent_s, large.worker_s) > crossing([b"x"], [None]).parent_s


def test_nothing_costs_nothing_beyond_itself() -> None:
    nothing = crossing([], [])
    assert nothing.bytes == 2 * len(pickle.dumps([]))
    assert max(nothing.parent_s, nothing.worker_s) < crossing([Slow(dump_s=0.01)], []).parent_s


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        ([1, 2.5, "a", None, True, {"b": [[]]}], True),
        (range(3), False),
        ((1, 2), False),
        ([(1, 2)], False),
        ({1: "a"}, False),
        ({"a": {2: 3}}, False),
        (b"bytes", False),
        (Colour.RED, False),
    ],
)
def test_plain_is_what_json_gives_back(value: object, plain: bool) -> None:
    assert is_plain(value) is plain
    assert not plain or json.loads(json.dumps(value)) == value


def test_what_cannot_be_pickled_is_said() -> None:
    with pytest.raises((AttributeError, pickle.PicklingError), match="lambda"):
        crossing([lambda: None], [])


def test_what_is_nested_too_deeply_is_an_error_whatever_limit_the_target_has_set() -> None:
    text = """
import pickle, sys
from gilscope.measure.pickling import bounded_recursion
sys.setrecursionlimit(1_000_000)
value = []
for _ in range(100_000):
    value = [value]
try:
    with bounded_recursion():
        pickle.dumps(value)
except RecursionError:
    print(sys.getrecursionlimit())
"""
    told = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=True)
    assert told.stdout == "1000000\n"


def test_large_values_are_told_by_their_size_whatever_they_are_made_of() -> None:
    large = (b"x" * PIPE_BYTES, list(range(PIPE_BYTES)), array.array("b", bytes(PIPE_BYTES)), {1: "x" * PIPE_BYTES})
    assert all(leaves_traces([value]) for value in large)
    assert not any(leaves_traces([value]) for value in (b"x" * 1000, list(range(1000)), lambda: None))


@pytest.mark.skipif(sys.platform != "linux", reason="copies are made on Linux")
def test_a_copy_tells_what_it_made_and_is_gone() -> None:
    pid, much, before = os.getpid(), 300_000, {*psutil.Process().children()}
    assert in_a_copy(lambda: b"%d" % (os.getpid() != pid) + b"x" * much) == b"1" + b"x" * much
    assert in_a_copy(lambda: b"%d" % (1 // 0)) is None
    assert not {*psutil.Process().children()} - before


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="of glibc's malloc")
@pytest.mark.parametrize("apart", [True, False])
def test_pickling_much_in_a_copy_leaves_calls_the_page_faults_that_they_have(apart: bool) -> None:
    text = f"""
import resource
from gilscope.measure.copies import in_a_copy
from gilscope.measure.pickling import crossing

def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(5):  # larger than anything that an import frees
        [bytearray(4_000_000) for _ in range(4)]
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

def pickled():
    return str(crossing([b"x" * 20_000_000], []).bytes).encode()

faults(), faults()
before = faults()
assert {"in_a_copy(pickled)" if apart else "pickled()"}
faults()
print(faults() / before)
"""
    told = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=True).stdout
    assert (float(told) > 0.5) == apart
