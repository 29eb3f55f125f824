"""Targets are named by text, and found in the process that runs them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gilscope.errors import TargetError, TargetFailedError, UsageError
from gilscope.targets import TargetSpec, parse, user_traceback
from tests.unit.targets.helpers import WORK, call, loaded, through_child

# ---- the text ----


@pytest.mark.parametrize(
    ("text", "sides"),
    [
        ("module:func", ("module", "func")),
        ("package.module:Class.method", ("package.module", "Class.method")),
        ("path/to/file.py:func", ("path/to/file.py", "func")),
        ("C:/path/file.py:func", ("C:/path/file.py", "func")),
        ("my-script.py:func", ("my-script.py", "func")),
    ],
)
def test_parse(text: str, sides: tuple[str, str]) -> None:
    assert parse(text) == sides


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("pkg.mod.func", "did you mean pkg.mod:func?"),
        ("path/to/file.py", "did you mean path/to/file.py:FUNCTION?"),
        ("func", "'func' names no function: give module:function"),
        ("", "give module:function"),
        (":func", "names no module"),
        ("mod:", "give module:function"),
        ("mod::func", "did you mean mod:func?"),
        ("mod:func()", "without parentheses"),
        ("mod:func(1, 2)", "without parentheses"),
        ("mod:a b", "'a b' is no name"),
        (".mod:func", "'.mod' is no name of a module"),
        ("a b:func", "'a b' is no name of a module"),
    ],
)
def test_parse_tells_what_was_meant(text: str, says: str) -> None:
    with pytest.raises(TargetError) as caught:
        parse(text)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


@given(st.text())
def test_parse_gives_two_sides_or_a_target_error(text: str) -> None:
    try:
        place, attribute = parse(text)
    except TargetError:
        return
    assert f"{place}:{attribute}" == text


@pytest.mark.parametrize(
    "options",
    [{"args": ("1",), "inputs": "NUMBERS"}, {"args": ("(1, 2)",), "star": True}, {"max_inputs": 0}],
)
def test_options_that_contradict_each_other(options: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        TargetSpec(spec="work:square", **options)


def test_a_spec_survives_json() -> None:
    spec = TargetSpec(spec="a:b", args=("1", "2"), kwargs={"x": "3"}, sys_path=("/a",), payload=b"\x00\xff")
    assert msgspec.json.decode(msgspec.json.encode(spec), type=TargetSpec) == spec


# ---- finding the function ----


@pytest.mark.parametrize(
    ("name", "kind", "results"),
    [
        ("square", "sync", [1, 4, 9]),
        ("double", "sync", [2, 4, 6]),
        ("add_three", "sync", [4, 5, 6]),
        ("cube", "sync", [1, 8, 27]),
        ("decorated", "sync", [1, 2, 3]),
        ("cached", "sync", [1, 2, 3]),
        ("shop", "sync", [1, 2, 3]),
        ("shop_price", "sync", [7, 14, 21]),
        ("shop.price", "sync", [7, 14, 21]),
        ("Shop.price", "sync", [2, 4, 6]),
        ("Shop.Shelf.books", "sync", [1, 2, 3]),
        ("Shop.static", "sync", [1, 2, 3]),
        ("Shop.made", "sync", [2, 4, 6]),
        ("later", "coroutine", None),
        ("Shop.order", "coroutine", None),
        ("later_shop", "coroutine", None),
        ("stream", "async-generator", None),
        ("count", "generator", None),
        ("Locked", "sync", None),
    ],
)
def test_every_sort_of_callable(project: Path, name: str, kind: str, results: list[int] | None) -> None:
    target = loaded(f"work:{name}", inputs="NUMBERS")
    assert (target.about.kind, target.about.module, target.about.name, target.about.bare) == (kind, "work", name, False)
    assert target.items == [1, 2, 3]
    if results is not None:
        assert call(target) == results


def test_a_partial_of_a_coroutine_function_without_inputs(project: Path) -> None:
    target = loaded("work:later_five")
    assert (target.about.kind, target.about.bare, target.about.target.inputs) == ("coroutine", True, None)


def test_c_functions_have_no_place(project: Path) -> None:
    root, upper = loaded("math:sqrt", inputs="work:NUMBERS"), loaded("builtins:str.upper", args=("'a'",))
    assert (root.about.target.file, upper.about.target.line) == (None, None)
    assert call(loaded("builtins:str.upper", args=("'a'",))) == ["A"]


@pytest.mark.parametrize(
    ("name", "starts"),
    [("square", "def square"), ("decorated", "@logged"), ("cube", "def power"), ("Shop", "class Shop")],
)
def test_file_and_line_are_those_of_the_users_function(project: Path, name: str, starts: str) -> None:
    target = loaded(f"work:{name}", inputs="NUMBERS")
    assert target.about.target.file == str(project / "work.py")
    assert target.about.target.line is not None
    assert WORK.splitlines()[target.about.target.line - 1].startswith(starts)


def test_a_package_in_the_working_folder(project: Path) -> None:
    target = loaded("shelf.books:read", inputs="BOOKS", sys_path=())
    assert (target.about.module, call(target)) == ("shelf.books", ["a", "b"])
    assert target.about.import_s > 0


@pytest.mark.parametrize("folder", [".", "shelf"])
def test_an_interpreter_that_leaves_the_working_folder_out_finds_it_too(project: Path, folder: str) -> None:
    spec = TargetSpec(spec="work:square", inputs="NUMBERS", cwd=str(project))
    assert through_child(msgspec.json.encode(spec), project / folder) == "work:square work [1, 4, 9]"


def test_the_working_folder_of_the_spec_counts(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir("/")
    assert call(loaded("shelf/books.py:read", inputs="BOOKS", cwd=str(project))) == ["a", "b"]
    assert call(loaded("work:square", inputs="NUMBERS", cwd=str(project))) == [1, 4, 9]


@pytest.mark.parametrize("name", ["tool", "my-script"])
def test_a_file_is_imported_by_its_stem_and_is_not_main(project: Path, name: str) -> None:
    (project / f"{name}.py").write_text("def f(n): return n\nif __name__ == '__main__': raise SystemExit\n")
    target = loaded(f"./{name}.py:f", args=("1",))
    assert (target.about.module, sys.path[0]) == (name, str(project))
    assert sys.modules[name] is sys.modules[target.func.__module__]


def test_inputs_of_another_file_and_module(project: Path) -> None:
    assert loaded("work:square", inputs="shelf/books.py:BOOKS").items == ["a", "b"]
    assert loaded("work:square", inputs="shelf.books:BOOKS").items == ["a", "b"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("wrk:square", "no module 'wrk' (looked in {cwd} and "),
        ("wrok:square", "did you mean 'work'?"),
        ("jsn:loads", "did you mean 'json'?"),
        ("shelf.boks:read", "no module 'shelf.boks' (looked in {cwd}/shelf); did you mean 'shelf.books'?"),
        ("work.Shop:price", "did you mean work:Shop.NAME?"),
        ("work.Shop.Shelf:books", "did you mean work:Shop.Shelf.NAME?"),
        ("work.none:price", "work is a module, not a package"),
        ("work:sqare", "no 'sqare' in module work ({cwd}/work.py); did you mean 'square'?"),
        ("work:Shop.prise", "no 'prise' in class Shop; did you mean 'price'?"),
        ("work:shop.prise", "no 'prise' in object Shop; did you mean 'price'?"),
        ("math:sqr", "module math"),
        ("work:NUMBER", "is of type int, which cannot be called"),
        ("work:Shop.name", "is of type property, which cannot be called"),
        ("work:functools", "is a module: name a function in it"),
        ("work:Locked.price", "Locked(key) cannot make one without arguments"),
        ("wrk.py:square", "no file 'wrk.py' (looked in {cwd}); did you mean 'work.py'?"),
        ("nowhere/work.py:square", "there is no folder {cwd}/nowhere"),
        ("./shelf:read", "{cwd}/shelf is a folder"),
        ("shelf/notes.txt:read", "is not a .py file"),
        ("a.b.py:f", "has a dot in 'a.b'"),
        ("json.py:f", "hides the standard library's 'json'"),
        ("msgspec.py:f", "the name 'msgspec' belongs to"),
        ("both.py:f", "the name 'both' belongs to {cwd}/both/__init__.py"),
        ("__main__.py:f", "'__main__'"),
    ],
)
def test_what_cannot_be_found_is_told_in_one_line(project: Path, text: str, says: str) -> None:
    for name in ("a.b.py", "json.py", "msgspec.py", "both.py", "__main__.py"):
        (project / name).write_text("def f(): pass\n")
    (project / "both").mkdir()
    (project / "both" / "__init__.py").write_text("")
    with pytest.raises(TargetError) as caught:
        loaded(text, inputs="work:NUMBERS")
    assert says.format(cwd=project) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_what_a_script_defines_only_as_the_program_is_told(project: Path) -> None:
    (project / "script.py").write_text("if __name__ == '__main__':\n    def inner(x):\n        return x\n")
    with pytest.raises(TargetError, match=r"no 'inner' in module script .*no other process runs; define it above that"):
        loaded("script:inner")


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("import math\n1 / 0", "importing 'bad' raised ZeroDivisionError: division by zero"),
        ("import sys; sys.exit(3)", "importing 'bad' called sys.exit(3)"),
        ("def f(:", "importing 'bad' raised SyntaxError: invalid syntax (bad.py, line 1)"),
        ("import no_such_module", "raised ModuleNotFoundError: No module named 'no_such_module'"),
        ("raise ValueError('first\\nsecond')", "importing 'bad' raised ValueError: first"),
        ("e = ValueError('first'); e.add_note('a note'); raise e", "importing 'bad' raised ValueError: first"),
        ("raise BaseException('odd')", "importing 'bad' raised BaseException: odd"),
    ],
)
def test_an_import_that_fails_is_the_targets_fault(project: Path, source: str, says: str) -> None:
    (project / "bad.py").write_text(source)
    with pytest.raises(TargetFailedError) as caught:
        loaded("bad:f")
    assert str(caught.value).endswith(says)
    assert f'File "{project}/bad.py", line ' in caught.value.traceback
    assert "importlib" not in caught.value.traceback
    assert "gilscope/targets" not in caught.value.traceback


def test_ctrl_c_is_nobodys_fault(project: Path) -> None:
    (project / "bad.py").write_text("raise KeyboardInterrupt")
    with pytest.raises(KeyboardInterrupt):
        loaded("bad:f")


def test_the_traceback_keeps_causes_without_the_machinery(project: Path) -> None:
    (project / "inner.py").write_text("1 / 0")
    (project / "bad.py").write_text(
        "try:\n    import inner\nexcept ZeroDivisionError as e:\n    raise OSError('x') from e"
    )
    with pytest.raises(TargetFailedError) as caught:
        loaded("bad:f")
    assert f'{project}/inner.py", line 1' in caught.value.traceback
    assert "The above exception was the direct cause" in caught.value.traceback
    assert "frozen importlib" not in caught.value.traceback


def test_a_chain_of_causes_longer_than_recursion_goes_has_a_traceback() -> None:
    error = ValueError("the last")
    for number in range(10_000):
        later = ValueError(str(number))
        later.__cause__, error = error, later
    assert user_traceback(error).endswith("ValueError: 9999\n")


def test_a_file_of_a_package_is_told_apart(project: Path) -> None:
    (project / "shelf" / "part.py").write_text("from . import books\n")
    with pytest.raises(TargetFailedError, match=r"part of a package: give package\.module:function"):
        loaded("shelf/part.py:f")


def test_an_instance_that_cannot_be_made(project: Path) -> None:
    with pytest.raises(TargetFailedError, match=r"making an instance with Broken\(\) raised OSError: no shop"):
        loaded("work:Broken.price", inputs="NUMBERS")


def test_a_lookup_that_raises_is_the_targets_fault(project: Path) -> None:
    (project / "lazy.py").write_text("def __getattr__(name): raise RuntimeError(name)\n")
    with pytest.raises(TargetFailedError, match="looking up 'f' for 'lazy:f' raised RuntimeError: f"):
        loaded("lazy:f")
