"""What is offered to be analyzed, and how, by what the source says of a function."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest

from gilscope.programs.definitions import Definition, advised, by_path, definition_of, definitions_in
from gilscope.records.programs import Advice, Place

SOURCE = b"""
import functools

def bare():
    def inside(): ...
    return lambda: 1

async def bare_too(): ...

def one(x): ...
def rest(*args): ...
def named(**given): ...
def keyword(*, x=1): ...

@functools.cache
def decorated(): ...

if True:
    def under(): ...

class Shop:
    def price(self): ...
    @staticmethod
    def fixed(): ...
    @classmethod
    def made(cls): ...
    @classmethod
    def made_of(cls, parts): ...
    @functools.cached_property
    def total(self): ...
    @property
    def name(self): ...
    @name.setter
    def name(self, value): ...
    def __secret(self): ...
    def __len__(self): ...
    class Shelf:
        def count(self): ...
"""

BARE, GIVEN = Definition(takes_arguments=False), Definition(takes_arguments=True)
NAMELESS = Definition(takes_arguments=True, has_name=False)


@pytest.mark.parametrize(
    ("name", "definition"),
    [
        *((name, BARE) for name in ("bare", "bare_too", "decorated", "under", "Shop.fixed", "Shop.made")),
        *((name, GIVEN) for name in ("one", "rest", "named", "keyword", "Shop.price", "Shop.made_of", "Shop.__len__")),
        ("Shop.Shelf.count", GIVEN),
        *((name, NAMELESS) for name in ("Shop.total", "Shop.name", "Shop.__secret")),
    ],
)
def test_what_a_function_takes_and_whether_its_name_leads_to_it(name: str, definition: Definition) -> None:
    found = {each: what for (each, _), what in definitions_in(SOURCE).items()}
    assert found[name] == definition
    assert not any("inside" in each or "lambda" in each for each in found)


def test_a_function_is_found_where_its_code_says_that_it_begins(tmp_path: Path) -> None:
    file = tmp_path / "shop.py"
    file.write_bytes(SOURCE)
    space: dict[str, object] = {}
    exec(compile(SOURCE, str(file), "exec"), space)
    for name in ("bare", "one", "decorated"):
        code = inspect.unwrap(space[name]).__code__  # type: ignore[arg-type]
        place = Place(function=code.co_qualname, file=code.co_filename, line=code.co_firstlineno)
        assert definition_of(place) == (GIVEN if name == "one" else BARE)
        assert definition_of(Place(function=name, file=str(file), line=code.co_firstlineno + 1)) is None


@pytest.mark.parametrize("source", [b"def broken(:", b"\xff\xfe\x00", b"x = " + b"(" * 5000, b"\0"])
def test_of_what_is_no_source_nothing_is_known(tmp_path: Path, source: bytes) -> None:
    file = tmp_path / "odd.py"
    file.write_bytes(source)
    assert definition_of(Place(function="f", file=str(file), line=1)) is None


@pytest.mark.parametrize("file", ["/nowhere/a.py", "", "<string>", "a\0b"])
def test_nor_where_there_is_none(file: str) -> None:
    assert definition_of(Place(function="f", file=file, line=1)) is None


def test_a_source_that_was_changed_is_read_again(tmp_path: Path) -> None:
    file, place = tmp_path / "shop.py", Place(function="f", file=str(tmp_path / "shop.py"), line=1)
    file.write_text("def f(): ...\n")
    assert definition_of(place) == BARE
    file.write_text("def f(x): ...\n")
    assert definition_of(place) == GIVEN


@pytest.mark.parametrize(
    ("file", "folder", "scripts", "spec"),
    [
        ("/srv/jobs/work.py", "/srv", "/srv/jobs", "jobs/work.py:f"),
        ("/opt/jobs/work.py", "/srv", "/opt/jobs", "/opt/jobs/work.py:f"),
        ("/srv/work.py", "/srv", "/srv", "shop:f"),
        ("/srv/shop/price.py", "/srv", "/srv/jobs", "shop:f"),
        ("/srv/jobs/work.py", None, "/srv/jobs", "shop:f"),
        ("/srv/jobs/work.py", "/srv", None, "shop:f"),
    ],
)
def test_what_only_a_script_imports_is_named_by_its_path(
    file: str, folder: str | None, scripts: str | None, spec: str
) -> None:
    place = Place(function="f", file=file, line=1)
    advice = Advice(name="gil-hold", sentence="", to_win_s=1.0, place=place, command="gilscope analyze shop:f")
    assert by_path(advice, folder, scripts).command == f"gilscope analyze {spec}"


def test_advice_offers_what_can_be_taken() -> None:
    advice = Advice(name="gil-hold", sentence="", to_win_s=1.0, command="gilscope analyze shop:f")
    assert advised(advice, None) == advice
    assert advised(advice, GIVEN) == advice
    assert not advised(advice, BARE).takes_arguments
    assert advised(advice, BARE).command == advice.command
    assert advised(advice, NAMELESS).command is None
