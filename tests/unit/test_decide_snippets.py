"""Every kind of snippet is run, against a module like a user's."""

from __future__ import annotations

import runpy
import subprocess
import sys
from itertools import product
from typing import TYPE_CHECKING

import pytest

from gilscope.decide.snippets import CodeFacts, Setup, code, facts_from

if TYPE_CHECKING:
    from pathlib import Path

    from gilscope.records import Kind

MODULE = """
INPUTS = [1, 2, 3]
PAIRS = [(1, 2), (3, 4)]


def make_inputs():
    return iter([1, 2, 3])


def double(x, extra=0):
    return 2 * x + extra


def add(x, y):
    return x + y


def answer():
    return 42


def items(x):
    yield from range(x)


async def fetch(x):
    return 2 * x


async def stream(x):
    for item in range(x):
        yield item


class Tools:
    @staticmethod
    def triple(x):
        return 3 * x
"""
FUNCTIONS: dict[Kind, str] = {
    "sync": "double",
    "generator": "items",
    "coroutine": "fetch",
    "async-generator": "stream",
}
DOUBLED, LISTED = [2, 4, 6], [[0], [0, 1], [0, 1, 2]]
EXPECTED: dict[Kind, list[object]] = {
    "sync": [*DOUBLED],
    "generator": [*LISTED],
    "coroutine": [*DOUBLED],
    "async-generator": [*LISTED],
}
IN_PROCESS = [Setup("serial"), Setup("thread", 2), Setup("asyncio", 2)]
IN_WORKERS = [Setup("process", 2, 2, "spawn"), Setup("asyncio", 2, executor="process")]


@pytest.fixture
def user_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "user_code.py").write_text(MODULE)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "user_code", raising=False)
    return tmp_path


def run_here(text: str, folder: Path) -> object:
    program = folder / "program.py"
    program.write_text(text)
    return runpy.run_path(str(program), run_name="__main__")["results"]


def run_apart(text: str, folder: Path) -> object:
    """In a process of its own: a pool's workers import the program again, as they would the user's."""
    program = folder / "program.py"
    program.write_text(text + '\nif __name__ == "__main__":\n    print(results)\n')
    done = subprocess.run([sys.executable, program], capture_output=True, text=True, check=True, timeout=60)
    return eval(done.stdout)


def facts(kind: Kind) -> CodeFacts:
    return facts_from(f"user_code:{FUNCTIONS[kind]}", kind=kind, inputs="user_code:INPUTS")


@pytest.mark.parametrize(("kind", "setup"), list(product(FUNCTIONS, IN_PROCESS)), ids=str)
def test_snippets_without_worker_processes(kind: Kind, setup: Setup, user_code: Path) -> None:
    assert run_here(code(facts(kind), setup), user_code) == EXPECTED[kind]


@pytest.mark.parametrize("kind", FUNCTIONS)
def test_snippets_with_worker_processes(kind: Kind, user_code: Path) -> None:
    assert run_apart(code(facts(kind), IN_WORKERS[0]), user_code) == EXPECTED[kind]


def test_a_loop_offloads_to_worker_processes(user_code: Path) -> None:
    assert run_apart(code(facts("sync"), IN_WORKERS[1]), user_code) == DOUBLED


@pytest.mark.parametrize("setup", IN_PROCESS, ids=str)
def test_the_ways_to_pass_arguments(setup: Setup, user_code: Path) -> None:
    star = facts_from("user_code:add", star=True, inputs="user_code:PAIRS")
    kwargs = facts_from(
        "user_code:double", kwargs={"extra": "5 * 2"}, inputs="user_code:make_inputs", inputs_callable=True
    )
    bare = facts_from("user_code:answer", bare=True)
    method = facts_from("path/to/user_code.py:Tools.triple", inputs="user_code:INPUTS")
    assert run_here(code(star, setup), user_code) == [3, 7]
    assert run_here(code(kwargs, setup), user_code) == [12, 14, 16]
    assert run_here(code(bare, setup), user_code) == [42] * 100
    assert run_here(code(method, setup), user_code) == [3, 6, 9]


def test_what_is_recommended_is_what_the_program_says() -> None:
    text = code(facts("sync"), Setup("process", 3, 16, "forkserver"))
    assert 'max_workers=3, mp_context=multiprocessing.get_context("forkserver")' in text
    assert "chunksize=16" in text
    assert 'if __name__ == "__main__":' in text
    assert "Semaphore(64)" in code(facts("coroutine"), Setup("asyncio", 64))


def test_without_inputs_there_is_a_place_for_them() -> None:
    assert "inputs = []  # fill in" in code(facts_from("user_code:double"), Setup("thread", 4))


def test_a_function_that_cannot_be_imported_is_left_to_the_user() -> None:
    text = code(facts_from("user_code:outer.<locals>.<lambda>"), Setup("thread", 4))
    compile(text, "snippet", "exec")
    assert "# func: the function that was analyzed" in text


def test_a_backend_unknown_here_has_no_code() -> None:
    assert code(facts("sync"), Setup("celery", 4)) == ""
