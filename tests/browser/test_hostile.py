"""Whatever things are called and whatever they say, every kind of page shows it, keeps its shape, and runs nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import msgspec
import pytest

from gilscope.decide.comparable import Matched
from gilscope.production.files import Loaded
from gilscope.production.opportunities import opportunities
from gilscope.records.programs import ProgramRecord
from gilscope.report.comparisons import comparison_sheet
from gilscope.report.profiles import opportunities_sheet, profiles_sheet
from gilscope.report.sheet import Sheet
from gilscope.result import Result
from tests.browser.conftest import Open
from tests.unit.handmade import make_hostile, make_result
from tests.unit.production.profiles import make_profile
from tests.unit.programs.handmade import make_program
from tests.unit.pythons_builders import FAST, make_python, make_pythons
from tests.unit.regress_builders import compared, measured

_TEXTS: Final = {
    "markup": "\"'><img src=x onerror='window.ran=1'></table></section><script>window.ran=1</script>",
    "another direction": "\u202eevil\u202c \u05d0\u05d1\u05d2 \u2067\u0627\u0644\u2069 end",
    "very long": "n" * 10_000,
    "emoji, NUL, escapes": "\N{PILE OF POO}\u200d\N{FIRE}\x00\x07\x1b[31mred\x1b[0m\x1b]8;;javascript:1\x07\udcff\r",
}


def _results(text: str) -> tuple[Result, ...]:
    return make_hostile(text), make_result()


def _named(text: str) -> Result:
    whole = measured()
    return msgspec.structs.replace(whole, target=msgspec.structs.replace(whole.target, spec=f"app:{text}"))


def _comparison(text: str) -> tuple[Sheet]:
    pairs = [(_named(f"{text}{at}"), _named(f"{text}{at}")) for at in range(2)]
    found = Matched(tuple(pairs), (text,), (text,))
    return (comparison_sheet([compared(*pair) for pair in pairs], found, [(text, text)]),)


def _profiles(text: str) -> tuple[Sheet]:
    profile = make_profile(spec=f"shop:{text}", name=text, longest_block_s=0.25, wall_s=9.0)
    return (profiles_sheet(Loaded(profiles=(profile,), processes=1)),)


def _ranking(text: str) -> tuple[Sheet]:
    profile = make_profile(spec=f"shop:{text}", name=text, wall_s=9.0, clocked_cpu_s=0.1)
    return (opportunities_sheet(opportunities([profile], 4.0), 4.0),)


def _program(text: str) -> tuple[ProgramRecord]:
    told = msgspec.to_builtins(make_program())
    names = ("crunch", "serve", "/srv/app/work.py", "worker", "python -m app.service")

    def renamed(value: Any) -> Any:
        if isinstance(value, str):
            return next((value.replace(name, text) for name in names if name in value), value)
        if isinstance(value, list | tuple):
            return [renamed(each) for each in value]
        return {name: renamed(each) for name, each in value.items()} if isinstance(value, dict) else value

    return (msgspec.convert(renamed(told), ProgramRecord),)


def _pythons(text: str) -> tuple[Any]:
    return (make_pythons(make_python(text), make_python(f"{text}!", FAST, (230.0, 231.0, 229.0))),)


_KINDS: Final[dict[str, Callable[[str], tuple[Any, ...]]]] = {
    "results": _results,
    "comparison": _comparison,
    "recorded functions": _profiles,
    "ranking": _ranking,
    "program": _program,
    "several Pythons": _pythons,
}


@pytest.mark.parametrize("kind", _KINDS)
def test_no_name_breaks_a_page(opened: Open, kind: str) -> None:
    for what, text in _TEXTS.items():
        page = opened(*_KINDS[kind](text))
        page.evaluate("document.querySelectorAll('details').forEach(fold => { fold.open = true; })")
        for width in (375, 1600):
            page.set_viewport_size({"width": width, "height": 900})
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), (what, width)
        assert page.evaluate("window.ran") is None, what
        assert not set("\u202e\u2067\x00\x07\x1b\udcff") & set(page.inner_text("body")), what
        assert page.locator("main > article, main > section").count() >= 1
        assert page.locator("footer").is_visible(), what
        assert page.locator("main footer, article footer").count() == 0, "no tag is closed by a name"
