"""What is told while an analysis runs."""

from __future__ import annotations

import io
import sys

import pytest
from rich.cells import cell_len

from gilscope.analysis import Progress
from gilscope.cli.progress import left, progress


class Screen(io.StringIO):
    """A terminal, as far as one can ask."""

    def isatty(self) -> bool:
        return True


def test_what_is_left_is_told_in_whole_seconds_and_at_most() -> None:
    shown = [left(seconds) for seconds in (0.0, 0.9, 1.2, 9.7, 200.0)]
    assert shown == ["nearly done", "nearly done", "at most 1 s left", "at most 10 s left", "at most 3.3 min left"]


def shown_on(screen: io.StringIO, monkeypatch: pytest.MonkeyPatch, *, bar: bool, lines: bool, term: str) -> str:
    monkeypatch.setattr(sys, "stderr", screen)
    for name, value in {"TERM": term, "COLUMNS": "80"}.items():
        monkeypatch.setenv(name, value)
    with progress("some/where/" + "long_" * 30 + ".py:f", bar=bar, lines=lines) as tell:
        tell(Progress("timing process × 2 and thread × 2 in turn", 4.0, 10.0))
    return screen.getvalue()


def test_a_terminal_is_told_what_is_measured_and_for_how_long_still_in_one_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told = shown_on(Screen(), monkeypatch, bar=True, lines=False, term="xterm")
    assert "at most 6 s left" in told
    assert "long_" in told
    assert "timing process" in told
    assert told.count("\n") <= 1, "it is rewritten where it stands"
    assert max(cell_len(part) for part in told.replace("\x1b", "\n").split("\n")) <= 90


@pytest.mark.parametrize(("screen", "term"), [(io.StringIO(), "xterm"), (Screen(), "dumb")])
def test_where_nothing_can_be_rewritten_nothing_is_told(
    monkeypatch: pytest.MonkeyPatch, screen: io.StringIO, term: str
) -> None:
    assert shown_on(screen, monkeypatch, bar=True, lines=False, term=term) == ""


def test_lines_are_told_on_request_wherever_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    told = shown_on(io.StringIO(), monkeypatch, bar=True, lines=True, term="dumb")
    assert told.endswith(".py:f, 4.00 s: timing process × 2 and thread × 2 in turn\n")
    assert told.count("\n") == 1


def test_whoever_wants_nothing_is_told_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    assert shown_on(Screen(), monkeypatch, bar=False, lines=False, term="xterm") == ""
