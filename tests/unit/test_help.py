"""The help: in parts, within a terminal's width, with the choices there are; and what a shell completes."""

from __future__ import annotations

import functools
import re
from pathlib import Path
from typing import Any

import pytest
import typer.main

from gilscope import backends, report
from gilscope.choosing import require_choice
from gilscope.cli.app import app
from gilscope.errors import UsageError
from gilscope.options import BUDGET, PLAN, QUEUES, TRY, WATCH, all_options

COMMANDS = sorted(typer.main.get_group(app).commands)
WIDTH = 80


@functools.cache
def command(name: str) -> Any:
    return typer.main.get_group(app).commands[name]


@functools.cache
def help_of(name: str) -> str:
    text: str = command(name).get_help(_context(name))
    return text


def _context(name: str) -> Any:
    return command(name).make_context(f"gilscope {name}", [], resilient_parsing=True, terminal_width=WIDTH)


def parts(name: str) -> list[str]:
    return re.findall(r"^(\S.*):$", help_of(name), re.MULTILINE)


def test_the_options_of_an_analysis_stand_in_parts() -> None:
    assert parts("analyze") == ["Target", TRY, BUDGET, WATCH, PLAN, QUEUES, "Output"]


@pytest.mark.parametrize(("name", "most"), [("attach", 3), ("top", 3), ("run", 4)])
def test_the_options_of_what_watches_programs_stand_in_parts(name: str, most: int) -> None:
    found = parts(name)
    assert ({*found} >= {"Target", WATCH, "Output"}, found[-1], len(found)) == (True, "Output", most)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_is_in_the_help_which_fits_a_terminal(name: str) -> None:
    told = help_of(name)
    assert [line for line in told.splitlines() if len(line) > WIDTH] == []
    assert [
        flag for one in command(name).params for flag in (one.opts if one.opts[0][0] == "-" else ()) if flag not in told
    ] == []
    assert not re.search(r"<(str|int|float|list)", told), "what stands for a value says what that is"


@pytest.mark.parametrize("name", COMMANDS)
def test_the_options_of_gilscope_itself_are_among_those_of_each_command(name: str) -> None:
    flags = [flag for one in command(name).get_params(_context(name)) for flag in one.opts]
    assert all(flag in help_of(name) for flag in ("--color [auto|always|never]", "--no-config", "-V, --version"))
    assert len(flags) == len({*flags}), "each name is one option's"


@pytest.mark.parametrize("option", [option for option in all_options() if option.choices], ids=lambda one: one.name)
def test_choices_are_shown_completed_and_held_to(option: Any) -> None:
    assert f"{option.flag} [{'|'.join(option.choices)}]" in help_of("analyze")
    assert completed("analyze", option.name, option.choices[0][:2]) == [option.choices[0]]


def completed(name: str, option: str, incomplete: str) -> list[str]:
    (parameter,) = [one for one in command(name).params if one.name == option]
    return [item.value for item in parameter.shell_complete(_context(name), incomplete)]


@pytest.mark.parametrize("name", ["analyze", "report"])
def test_the_formats_are_those_that_there_are(name: str) -> None:
    assert f"--format [{'|'.join(report.FORMATS)}]" in help_of(name)
    assert completed(name, "format_name", "") == [*report.FORMATS]


@pytest.mark.parametrize("name", ["compare", "check", "dump", "rank"])
def test_the_formats_of_a_sheet_are_those_that_hold_one(name: str) -> None:
    assert completed(name, "format_name", "") == [key for key, form in report.FORMATS.items() if form.sheets]


def test_the_backends_in_the_help_are_those_that_there_are() -> None:
    told = " ".join(help_of("analyze").replace("-\n", "-").split()).replace("- ", "-")
    assert [name for name in backends.known() if name not in told] == []


def test_of_a_list_the_last_name_is_completed_by_those_that_are_not_in_it() -> None:
    assert completed("analyze", "backends", "thr") == ["thread"]
    assert "thread,process" in completed("analyze", "backends", "thread,p")
    assert [one for one in completed("analyze", "backends", "thread,") if one.endswith(",thread")] == []


def test_a_wrong_choice_is_answered_with_the_nearest() -> None:
    with pytest.raises(UsageError, match="'HTLM' is none of text, html; did you mean 'html'"):
        require_choice("--format", "HTLM", ("text", "html"))
    with pytest.raises(UsageError, match=r"none of text, html$"):
        require_choice("--format", "4711", ("text", "html"))


SHOP = """
import os
ORDERS: list[int] = [1, 2]
_PRIVATE = 3
def price(order): ...
async def pay(order): ...
class Cart:
    def __init__(self): ...
    def total(self): ...
"""


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "__init__.py").write_text("raise SystemExit('nobody imports this')")
    (tmp_path / "shop" / "orders.py").write_text(SHOP)
    (tmp_path / "broken.py").write_text("def (")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("incomplete", "offered"),
    [
        ("shop.orders:p", ["shop.orders:price", "shop.orders:pay"]),
        ("shop/orders.py:Ca", ["shop/orders.py:Cart.total"]),
        ("shop.orders:O", ["shop.orders:ORDERS"]),
        ("shop.orders:_", []),
        ("broken:f", []),
        ("nowhere:f", []),
        ("shop", []),
    ],
)
def test_functions_and_inputs_are_completed_from_a_file_that_is_not_imported(
    shop: Path, incomplete: str, offered: list[str]
) -> None:
    assert completed("analyze", "targets", incomplete) == offered
    assert completed("analyze", "inputs", incomplete) == offered


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("gilscope analyze shop.orders : pr", "price"),  # as bash parts shop.orders:pr
        ("gilscope analyze x:y --start-method f", "forkserver\nfork"),
        ("gilscope report --form", "--format"),
        ("gilscope ran", "rank"),
        ("gilscope report --color n", "never"),
    ],
)
def test_bash_is_offered_what_may_follow(
    shop: Path, words: str, offered: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("_GILSCOPE_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", words)
    monkeypatch.setenv("COMP_CWORD", str(len(words.split()) - 1))
    with pytest.raises(SystemExit):
        app(prog_name="gilscope")
    assert capsys.readouterr().out.strip() == offered
