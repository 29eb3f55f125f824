"""A module with a callable of every sort, and ways to load and call them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

from gilscope.targets import LoadedTarget, TargetSpec, load

WORK = """
import functools, itertools, threading

NUMBERS = [1, 2, 3]
PAIRS = [(1, 2), (3, 4)]
EMPTY = ()
TEXT = "abc"
NUMBER = 5
TABLE = {"a": 1, "b": 2}
LOG = []

def square(n): return n * n
def power(base, exponent=2): return base ** exponent
def nothing(): return "nothing"
def numbers(): return [10, 20]
def endless(): yield from itertools.count()
def millions(): return range(10_000_000)
def breaks():
    yield 1
    raise ValueError("no more")
def raises(): raise LookupError("not today")
def exits(): raise SystemExit("enough")
def needs(n): return [n]
def text(): return "abc"
async def later(n): return n
async def stream(n): yield n
def count(n): yield n

double = lambda n: n * 2
def add(by):
    def adder(n): return n + by
    return adder
add_three = add(3)
cube = functools.partial(power, exponent=3)
later_five = functools.partial(later, 5)

def logged(func):
    @functools.wraps(func)
    def wrapper(*args, **kwargs): return func(*args, **kwargs)
    return wrapper
@logged
def decorated(n): return n
@functools.cache
def cached(n): return n

class Shop:
    factor = 2
    class Shelf:
        def books(self, n): return n
    def __init__(self, factor=2): self.factor = factor
    def price(self, n): return self.factor * n
    async def order(self, n): return n
    @staticmethod
    def static(n): return n
    @classmethod
    def made(cls, n): return cls.factor * n
    @property
    def name(self): return "shop"
    def __call__(self, n): return n
class Locked(Shop):
    def __init__(self, key): self.key = key
class Broken:
    def __init__(self): raise OSError("no shop")
    def price(self, n): return n
class Later:
    async def __call__(self, n): return n
shop = Shop(7)
shop_price = shop.price
later_shop = Later()
"""


def loaded(text: str, **options: Any) -> LoadedTarget:
    return load(TargetSpec(spec=text, **options))


def call(target: LoadedTarget) -> list[Any]:
    """What the plain calls give."""
    if target.about.bare:
        return [target.func(**target.kwargs)]
    arguments = [item if target.about.star else (item,) for item in target.items]
    return [target.func(*given, **target.kwargs) for given in arguments]


CHILD = """
import sys, msgspec, pickle
from gilscope.targets import TargetSpec, load
target = load(msgspec.json.decode(sys.stdin.buffer.read(), type=TargetSpec))
print(target.about.target.spec, target.about.module, [target.func(item) for item in target.items])
pickle.dumps(target.items)
"""


def through_child(spec: bytes, cwd: Path) -> str:
    done = subprocess.run([sys.executable, "-P", "-c", CHILD], input=spec, capture_output=True, cwd=cwd, timeout=60)
    assert (done.stderr, done.returncode) == (b"", 0)
    return done.stdout.decode().strip()
