"""The live view: what keys change, and what a terminal of any size shows."""

from __future__ import annotations

import io
from functools import reduce

import msgspec
import pytest
from rich.cells import cell_len
from rich.console import Console

from gilscope.cli.live.keyboard import keys_in
from gilscope.records.programs import ProgramRecord
from gilscope.report.palette import STATE_STYLES
from gilscope.report.programs.screen import screen
from gilscope.report.programs.shown import KEYS, SORTS, VIEWS, Shown, pressed
from tests.unit.programs.live_records import TOKENIZE, make_live

NASTY = "[bold]<b>\x1b[31mred\x07\n漢字"


FIRST = Shown()


def lines(
    record: ProgramRecord | None, shown: Shown = FIRST, width: int = 80, height: int | None = 24, **more: bool
) -> list[str]:
    console = Console(file=io.StringIO(), width=width, height=height, color_system=None, legacy_windows=False)
    with console.capture() as drawn:
        console.print(screen(record, shown, width, height, **more), end="")
    return drawn.get().removesuffix("\n").split("\n")


def after(*keys: str) -> Shown:
    return reduce(lambda shown, key: pressed(shown, key)[0], keys, Shown())


# ---- keys ----


def test_letters_choose_the_view_and_digits_the_order() -> None:
    assert [after(key).view for key in VIEWS] == list(VIEWS.values())
    assert [after(key).sort for key in SORTS] == list(SORTS.values())


def test_tab_goes_round_all_views_and_back() -> None:
    assert after(*["tab"] * len(VIEWS)) == Shown()
    assert after("tab").view == after("right").view == "functions"
    assert after("backtab").view == after("left").view == "processes"


def test_the_column_that_is_sorted_by_moves() -> None:
    assert after("<").sort == "cpu"
    assert after(">").sort == "held"


def test_what_is_paused_stays_so_until_it_goes_on() -> None:
    assert after(" ", "f", "2").paused
    assert not after(" ", " ").paused


def test_help_is_left_by_the_key_that_asked_for_it_and_by_a_view() -> None:
    assert after("?").helps
    assert not after("?", "h").helps
    assert after("h", "b") == Shown(view="blame")


@pytest.mark.parametrize("width", [40, 80, 200])
def test_help_is_whole_in_a_terminal_of_any_width(width: int) -> None:
    drawn = lines(make_live(), after("?"), width, 60)
    told = " ".join(" ".join(drawn).split())
    assert all(what in told for _, what in KEYS)
    assert max(map(cell_len, drawn)) <= width


def test_the_legend_has_whole_names() -> None:
    named = {STATE_STYLES[state].title for state in STATE_STYLES}
    for width in range(40, 120, 7):
        (legend,) = [line for line in lines(make_live(), width=width) if line.startswith(". idle")]
        assert {part[2:] for part in legend.strip().split("  ")} <= named


def test_quitting_and_saving_are_for_others_to_do() -> None:
    assert [pressed(Shown(), key)[1] for key in ("q", "end", "s", "x", "f")] == ["quit", "lost", "save", None, None]


@pytest.mark.parametrize(
    ("typed", "keys"),
    [
        (b"fq", ["f", "q"]),
        (b"\x1b[C\x1b[D\x1bOC\t\x1b[Z", ["right", "left", "right", "tab", "backtab"]),
        (b"\x1b", ["escape"]),
        (b"\x1b[15~f\x1b[1;5Cq\x1bOP2", ["f", "q", "2"]),
        ("é✓q".encode(), ["q"]),
        (b"\x1b[", []),
    ],
)
def test_keys_are_told_from_what_terminals_send(typed: bytes, keys: list[str]) -> None:
    assert keys_in(typed) == keys


# ---- screen ----


@pytest.mark.parametrize("width", [20, 40, 80, 100, 200])
@pytest.mark.parametrize("height", [1, 5, 24, 60])
@pytest.mark.parametrize("key", ["t", "f", "b", "g", "l", "p", "?"])
def test_it_is_as_large_as_the_terminal(width: int, height: int, key: str) -> None:
    drawn = lines(make_live(), after(key), width, height)
    assert len(drawn) == height
    assert max(map(cell_len, drawn)) <= width


def test_what_is_looked_at_comes_first_and_the_rest_has_what_room_there_is() -> None:
    titles = [
        line.split(" (")[0] for line in lines(make_live(), after("b"), height=40) if " (" in line and line[0].isupper()
    ]
    assert titles[:3] == ["Who waits for whom", "Threads", "Functions"]
    assert not any("Threads" in line for line in lines(make_live(), after("b"), height=11))


def test_the_order_is_the_one_that_was_chosen_and_has_a_star() -> None:
    drawn = lines(make_live(), after("2"))
    assert any("waited*" in line for line in drawn)
    names = [line.split()[0] for line in drawn if line.startswith("  ") and "of 7" in line]
    assert names[:3] == ["worker_1", "worker_0", "loop"]


def test_what_does_not_fit_is_counted_and_what_is_unknown_is_called_so() -> None:
    drawn = lines(make_live(), height=13)
    assert any(line.startswith("Threads (4 of 25") for line in drawn)
    (native,) = [line for line in lines(make_live(), height=40) if "native" in line]
    assert native.split()[4:8] == ["unknown", "unknown", "0%", "unknown"]


def test_paused_figures_say_that_they_are() -> None:
    assert any(line.startswith("PAUSED: last 5.00 s") for line in lines(make_live(), after(" ")))


def test_before_anything_was_seen_it_says_what_it_does() -> None:
    assert lines(None)[0] == "Looking at the program..."
    assert "q quit" in lines(None)[-1]


def test_letters_tell_states_where_there_are_no_colours_and_only_ascii() -> None:
    drawn = lines(make_live(), ascii_only=True)
    assert all(line.isascii() for line in drawn)
    assert any("GGGGGGGGGG" in line for line in drawn)


def test_names_of_a_stranger_are_harmless_and_keep_the_columns() -> None:
    live = make_live()
    place = msgspec.structs.replace(TOKENIZE, function=NASTY)
    hostile = msgspec.structs.replace(
        live,
        command=NASTY,
        threads=tuple(msgspec.structs.replace(each, name=NASTY) for each in live.threads),
        blame=tuple(msgspec.structs.replace(each, waiting=place, holding=place) for each in live.blame),
    )
    for key in ("t", "b"):
        drawn = lines(hostile, after(key), 120, 40)
        assert len(drawn) == 40
        assert not any("\x1b" in line or "\x07" in line for line in drawn)
        assert any("[bold]<b>red" in line for line in drawn)
        assert max(map(cell_len, drawn)) <= 120


def test_without_a_terminal_every_table_has_its_first_rows() -> None:
    drawn = lines(make_live(), height=None)
    assert [line for line in drawn if line.startswith(("Threads", "Functions", "Who", "Holds", "Event", "Processes"))]
    assert not any("q quit" in line for line in drawn)
