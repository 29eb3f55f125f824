"""The standard library, computing with the GIL held."""

from __future__ import annotations

import csv
import decimal
import difflib
import io
import json
import pickle
import random
import re

from benchmarks.regret.workload import workload

_random = random.Random(1)
_WORDS = ["".join(_random.choices("abcdefgh", k=_random.randint(3, 9))) for _ in range(400)]


def records() -> list[str]:
    """JSON texts of some 150 kB."""
    return [json.dumps([{"id": i, "name": word, "tags": _WORDS[:6]} for i, word in enumerate(_WORDS * 3)])] * 8


@workload(
    inputs="records",
    expect="compute-bound/python",
    kind="boundary",
    why="pickling the parsed objects costs about what parsing them does",
)
def json_loads(text: str) -> object:
    return json.loads(text)


def tables() -> list[str]:
    """CSV texts of 2,000 rows."""
    return ["\n".join(f"{i},{word},{i / 7:.3f}" for i, word in enumerate(_WORDS * 5))] * 8


@workload(
    inputs="tables",
    expect="compute-bound/python",
    kind="Python CPU",
    why="a C reader that holds the GIL, a Python loop, a small result",
)
def csv_totals(text: str) -> float:
    return sum(float(row[2]) for row in csv.reader(io.StringIO(text)))


TEXTS = [" ".join(_random.choices(_WORDS, k=4000)) for _ in range(8)]
_PATTERN = re.compile(r"(\w+)\s+(?:\w+\s+)?\1\b")


@workload(
    inputs="TEXTS", expect="compute-bound/python", kind="Python CPU", why="the regex engine never lets the GIL go"
)
def regex_repeats(text: str) -> int:
    return len(_PATTERN.findall(text))


PAIRS = [("".join(_WORDS[i : i + 40]), "".join(_WORDS[i + 30 : i + 70])) for i in range(0, 320, 40)]


@workload(inputs="PAIRS", expect="compute-bound/python", kind="Python CPU", why="pure Python, small arguments")
def difflib_ratio(pair: tuple[str, str]) -> float:
    return difflib.SequenceMatcher(None, *pair, autojunk=False).ratio()


DIGITS = [600] * 8


@workload(inputs="DIGITS", expect="compute-bound/python", kind="Python CPU", why="long C calls with the GIL held")
def decimal_e(digits: int) -> str:
    with decimal.localcontext(prec=digits):
        return str(sum((1 / decimal.Decimal(n) ** 3 for n in range(1, 400)), decimal.Decimal(1)))[-5:]


OBJECTS = [[{"id": i, "name": word, "tags": _WORDS[:4]} for i, word in enumerate(_WORDS * 4)]] * 8


@workload(
    inputs="OBJECTS",
    expect="compute-bound/python",
    kind="boundary",
    why="the work is pickling: to hand it to a process costs as much again",
)
def pickle_size(value: object) -> int:
    return len(pickle.dumps(value))
