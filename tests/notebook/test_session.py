"""What only a session defines, on its way to other processes and into the code to paste."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from gilscope.decide.code import CodeTarget, Execution, program_for
from gilscope.observers.origins import is_users
from gilscope.records import Context

SENT = """
import functools, pickle, sys
from gilscope.targets import describe, load

class Order:
    def __init__(self, amount): self.amount = amount

def noted(func):
    @functools.wraps(func)
    def wrapper(*args): return func(*args)
    return wrapper

@functools.lru_cache(maxsize=7)
def scale(): return 3

@noted
def bill(order): return Order(order.amount * scale())

sys.stdout.buffer.write(pickle.dumps(describe(bill, [Order(2)])))
"""

RECEIVED = """
import pickle, sys
from gilscope.targets import load

target = load(pickle.load(sys.stdin.buffer))
assert not hasattr(sys.modules["__main__"], "bill")
target.session.define()
told = [target.func is bill, target.items[0].__class__ is Order, bill(target.items[0]).amount]
told += [scale.cache_parameters()["maxsize"], pickle.loads(pickle.dumps(bill)) is bill]
print(told)
"""

ANEW = """
import pickle, sys
from gilscope.targets import load

target = load(pickle.load(sys.stdin.buffer))
sent = pickle.dumps(target.session)
pickle.loads(sent)
print(bill(Order(5)).amount, type(bill(Order(5))) is Order, scale())
"""


def program(folder: Path, text: str, data: bytes = b"") -> bytes:
    told = subprocess.run([sys.executable, "-c", text], input=data, capture_output=True, cwd=folder, timeout=60)
    assert told.returncode == 0, told.stderr.decode()
    return told.stdout


def test_names_find_what_was_sent_by_value(tmp_path: Path) -> None:
    spec = program(tmp_path, SENT)
    assert program(tmp_path, RECEIVED, spec) == b"[True, True, 6, 7, True]\n"


def test_a_worker_defines_it_anew(tmp_path: Path) -> None:
    spec = program(tmp_path, SENT)
    assert program(tmp_path, ANEW, spec) == b"15 True 3\n"


def test_a_function_of_a_module_brings_no_session(tmp_path: Path) -> None:
    typed = "import math; from gilscope.targets import describe, load; print(load(describe(math.sqrt, [4])).session)"
    assert program(tmp_path, typed) == b"None\n"


@pytest.mark.parametrize("context", ["sync", "async"])
def test_code_for_processes_tells_to_use_a_module(context: Context) -> None:
    target = CodeTarget("__main__:bill", named=False)
    for_processes = program_for(target, Execution("process", 2), context)
    assert "# Move bill, with what it uses, into a module, and import it here:" in for_processes
    for_threads = program_for(target, Execution("thread", 2), context)
    assert "# bill: what was analyzed, as the session defines it" in for_threads
    assert "into a module" not in for_threads


@pytest.mark.parametrize("spec", ["__main__:<lambda>", "__main__:run.<locals>.inner", "__main__:call", "shop:<lambda>"])
def test_a_name_that_is_none_or_is_taken_is_not_pasted(spec: str) -> None:
    assert "# func: " in program_for(CodeTarget(spec, named=False), Execution("thread", 2))


def test_cells_are_the_users_code_wherever_they_are() -> None:
    assert is_users("<ipython-input-3-0a1b2c>")
    assert is_users("/tmp/ipykernel_42/1234.py")
    assert not is_users("<string>")
