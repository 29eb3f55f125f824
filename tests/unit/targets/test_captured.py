"""Inputs that are calls which a program made."""

from __future__ import annotations

import importlib
import os
import pickle
from pathlib import Path
from typing import Any

import pytest

from gilscope.capture.folder import run_key
from gilscope.capture.records import Call, Heading, Signer, Totals
from gilscope.errors import InputsError, UsageError
from tests.unit.targets.helpers import call, loaded

SHOP = """
class Item:
    def __init__(self, price): self.price = price
    def total(self, count, *, tax=0): return self.price * count + tax
    @classmethod
    def named(cls, name): return cls.__name__ + name
def add(one, two): return one + two
async def later(n, *, more=0): return n + more
"""


@pytest.fixture
def shop(project: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(project / "state"))
    (project / "shop.py").write_text(SHOP)
    (project / "captured").mkdir(mode=0o700)
    monkeypatch.syspath_prepend(str(project))
    return project / "captured"


def keep(folder: Path, spec: str, calls: list[tuple[int, bytes]], **told: Any) -> Path:
    """A file of calls, each with the number of its stratum."""
    strata = told.pop("strata", {})
    heading = Heading("ab12", 7, told.pop("python", "3.12"), told.pop("main", None), [spec])
    signer = Signer(run_key("ab12"))
    data = signer.heading(heading)
    for slot, (stratum, pickled) in enumerate(calls):
        signer.written()
        data += signer.call(Call(0, slot, stratum, slot + 1, pickled))
    signer.written()
    data += signer.totals(Totals(0, calls=len(calls), strata=strata, **told))
    path = folder / f"gilscope-ab12-7-{len(list(folder.iterdir())):08x}.calls"
    path.touch(mode=0o600)
    path.write_bytes(data)
    return path


def one(*args: Any, **kwargs: Any) -> tuple[int, bytes]:
    return 0, pickle.dumps((args, kwargs))


def test_calls_are_made_with_the_arguments_they_had(shop: Path) -> None:
    keep(shop, "shop:add", [one(1, 2), one("a", "b")])
    target = loaded("shop:add", inputs="captured")
    assert sorted(map(str, call(target))) == ["3", "ab"]
    assert (target.about.star, target.about.inputs_named, target.about.input_count) == (True, False, 2)
    assert target.about.target.inputs == "captured (2 captured calls)"


def test_methods_are_called_on_the_objects_that_they_were_called_on(shop: Path) -> None:
    module = importlib.import_module("shop")
    keep(shop, "shop:Item.total", [one(module.Item(5), 3, tax=1)])
    keep(shop, "shop:Item.named", [one(module.Item, "!")])
    total, named = (loaded(f"shop:Item.{name}", inputs="captured/") for name in ("total", "named"))
    assert (call(total), call(named)) == ([16], ["Item!"])
    assert (total.about.instance, total.about.keywords, named.about.keywords) == (False, True, False)
    assert pickle.loads(pickle.dumps(total.func))(*total.items[0]) == 16


def test_what_is_awaited_keeps_its_kind(shop: Path) -> None:
    keep(shop, "shop:later", [one(1, more=2)])
    assert loaded("shop:later", inputs="captured").about.kind == "coroutine"


def test_each_kind_of_call_is_among_the_inputs_as_often_as_among_the_calls(shop: Path) -> None:
    often, seldom = ([(stratum, pickle.dumps(((stratum, 0), {})))] * 50 for stratum in (0, 1))
    keep(shop, "shop:add", [*often, *seldom], strata={"0": 900, "1": 100})
    items = [first for first, _ in loaded("shop:add", inputs="captured").items]
    assert (items.count(0), items.count(1)) == (50, 6)


def test_what_was_the_program_is_the_same_function_by_its_module(shop: Path) -> None:
    """A class of ``__main__`` is that of the module of the same file."""
    data = pickle.dumps((([1], [2]), {}))
    path = str(shop.parent / "shop.py")
    keep(shop, path + ":add", [(0, data)], main=path, file=path)
    by_class = b"\x80\x05(c__main__\nItem\nX\x01\x00\x00\x00?t}\x86."
    keep(shop, path + ":Item.named", [(0, by_class)], main=path, file=path)
    assert call(loaded("shop:add", inputs="captured")) == [[1, 2]]
    assert call(loaded(path + ":add", inputs="captured")) == [[1, 2]]
    assert call(loaded("shop:Item.named", inputs="captured")) == ["Item?"]


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ("shop:add", r"there are no calls of shop:add in .*captured: those there are of shop:Item.total"),
        ("shop:Item.total", r"of 1 call in .* none can be unpickled here: .*no_such_module.*captured by Python 3.9"),
    ],
)
def test_other_functions_calls_and_missing_modules_are_named(shop: Path, spec: str, says: str) -> None:
    keep(shop, "shop:Item.total", [(0, b"cno_such_module\nThing\n.")], python="3.9")
    with pytest.raises(InputsError, match=says):
        loaded(spec, inputs="captured")


class Making:
    """Whoever unpickles it makes a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> Any:
        return os.mkdir, (str(self.folder),)


def test_nothing_of_a_folder_with_a_strange_file_is_unpickled(shop: Path, tmp_path: Path) -> None:
    """What it would do is make a folder."""
    ran = tmp_path / "ran"
    path = keep(shop, "shop:add", [(0, pickle.dumps(Making(ran)))])
    path.write_bytes(path.read_bytes().replace(b"shop:add", b"shop:ADD"))
    with pytest.raises(InputsError, match="for to unpickle it runs code: it is not signed"):
        loaded("shop:add", inputs="captured")
    assert not ran.exists()


def test_other_arguments_beside_whole_calls_make_no_sense(shop: Path) -> None:
    keep(shop, "shop:add", [one(1, 2)])
    for options in ({"star": True}, {"kwargs": {"two": "1"}}):
        with pytest.raises(UsageError, match="holds whole calls"):
            loaded("shop:add", inputs="captured", **options)


def test_a_name_is_looked_up_in_the_module_where_there_is_no_such_folder(shop: Path) -> None:
    with pytest.raises(InputsError, match="no 'missing' in module work"):
        loaded("work:square", inputs="missing")
