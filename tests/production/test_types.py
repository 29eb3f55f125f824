"""Type checkers see the same type as without the decorator."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

api = pytest.importorskip("mypy.api", reason="mypy is for development")

ROOT = Path(__file__).parents[2]
DEFINITIONS = """
from typing import AsyncIterator, Callable, Iterator, ParamSpec, TypeVar
from gilscope import classify, profiles
from gilscope.production.profile import Profile

def plain(a: int, /, b: str = "", *rest: float, c: bool, **more: bytes) -> list[int]:
    return []
async def coroutine(a: int) -> str:
    return ""
def generator(n: int = 1) -> Iterator[int]:
    yield n
async def items(n: int) -> AsyncIterator[int]:
    yield n

class Shop:
    def bare(self, n: int) -> int: return n
    @classify
    def method(self, n: int) -> int: return n
    @staticmethod
    def bare_static(n: int) -> str: return ""
    @classify
    @staticmethod
    def static(n: int) -> str: return ""
    @classmethod
    def bare_made(cls, n: int) -> "Shop": return cls()
    @classmethod
    @classify
    def made(cls, n: int) -> "Shop": return cls()

P = ParamSpec("P")
R = TypeVar("R")
def same(bare: Callable[P, R], decorated: Callable[P, R]) -> None: ...
same(plain, classify(plain))
same(coroutine, classify(name="c", inputs=[1, 2])(coroutine))
first: Profile = profiles()[0]
"""
#: What is to have the type of what.
PAIRS = {
    "classify(plain)": "plain",
    "classify(name='p', inputs=[1], kwargs={'c': True})(plain)": "plain",
    "classify(coroutine)": "coroutine",
    "classify(generator)": "generator",
    "classify(items)": "items",
    "Shop().method": "Shop().bare",
    "Shop.static": "Shop.bare_static",
    "Shop.made": "Shop.bare_made",
}
WRONG = ("classify(plain)(1, c=2)", "classify(coroutine)('1')", "classify(3)", "classify(inputs=3)(plain)")


@pytest.fixture(scope="module")
def messages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """What mypy says, by the line it says it of."""
    folder = tmp_path_factory.mktemp("types")
    asked = [f"reveal_type({expression})" for expression in {*PAIRS, *PAIRS.values()}]
    lines = [*DEFINITIONS.splitlines(), *asked, *WRONG]
    (folder / "program.py").write_text("\n".join(lines))
    options = ["--strict", "--no-error-summary", "--cache-dir", str(ROOT / ".mypy_cache")]
    output, complaint, _ = api.run(
        [*options, "--config-file", str(ROOT / "pyproject.toml"), str(folder / "program.py")]
    )
    assert complaint == ""
    said: dict[str, list[str]] = {}
    for number, kind, text in _parsed(output):
        said.setdefault(lines[number - 1], []).append(f"{kind}: {text}")
    return said


def _parsed(output: str) -> Iterator[tuple[int, str, str]]:
    for line in output.splitlines():
        if "program.py:" in line:
            number, kind, text = line.partition("program.py:")[2].split(": ", 2)
            yield int(number), kind.strip(), text


@pytest.mark.parametrize("decorated", PAIRS)
def test_the_type_is_kept(messages: dict[str, list[str]], decorated: str) -> None:
    told = messages[f"reveal_type({decorated})"]
    assert told == messages[f"reveal_type({PAIRS[decorated]})"]
    assert "Revealed type" in told[0]
    assert "Any" not in told[0].replace("Coroutine[Any, Any,", "")


def test_wrong_calls_are_errors_and_nothing_else_is(messages: dict[str, list[str]]) -> None:
    wrong = {line for line, said in messages.items() if any(text.startswith("error") for text in said)}
    assert wrong == set(WRONG), messages
