"""Bars that always fill the whole."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gilscope.records import STATES, Ledger, ShareInterval
from gilscope.report.pictures import LedgerChart
from gilscope.report.sections.ledgers import ledgers, slices
from gilscope.report.text import letters
from tests.unit.documents import the
from tests.unit.handmade import STATE_FIELDS, make_ledger, make_result, make_trial

_SECONDS = st.none() | st.floats(min_value=0, max_value=1e6)
_LEDGERS = st.builds(
    Ledger,
    wall_s=st.floats(min_value=1e-6, max_value=1e6),
    cpu_s=st.floats(min_value=0, max_value=1e6),
    blocked_s=st.floats(min_value=0, max_value=1e6),
    **dict.fromkeys(STATE_FIELDS, _SECONDS),
)


def _states(seconds: float) -> dict[str, Any]:
    return dict.fromkeys(STATE_FIELDS, seconds)


@settings(deadline=None)
@given(_LEDGERS)
def test_shares_sum_to_the_whole(ledger: Ledger) -> None:
    parts = slices(ledger)
    assert sum(part.share for part in parts) == pytest.approx(1.0)
    assert all(part.share > 0 for part in parts)


@settings(deadline=None)
@given(_LEDGERS, st.integers(min_value=1, max_value=200))
def test_cells_sum_to_the_width(ledger: Ledger, width: int) -> None:
    drawn = letters(slices(ledger), width)
    assert sum(cells for _, cells in drawn) == width
    assert all(abs(cells - part.share * width) < 1 + 1e-6 for part, cells in drawn)


def test_a_ledger_without_wall_clock_has_no_bar() -> None:
    assert slices(Ledger()) == ()
    assert ledgers(make_result(trials=(make_trial(ledger=Ledger()), make_trial(ledger=None)))) is None


def test_known_states_are_drawn_as_they_are() -> None:
    parts = slices(make_ledger(4.0, gil_wait_s=1.0, network_s=1.0))
    assert [(part.state, part.share) for part in parts] == [
        ("cpu_gil", 0.5),
        ("gil_wait", 0.25),
        ("network", 0.25),
    ]


def test_what_could_not_be_split_stands_undivided() -> None:
    parts = slices(Ledger(wall_s=2.0, cpu_s=0.5, blocked_s=1.5))
    assert [(part.state, part.seconds) for part in parts] == [("cpu", 0.5), ("blocked", 1.5)]


def test_a_partly_split_time_is_not_counted_twice() -> None:
    parts = slices(Ledger(wall_s=2.0, cpu_s=1.0, blocked_s=1.0, network_s=0.75, runqueue_s=0.0))
    assert [(part.state, part.seconds) for part in parts] == [
        ("network", 0.75),
        ("cpu", 1.0),
        ("blocked", 0.25),
    ]


def test_time_nobody_accounted_for_is_unknown() -> None:
    parts = slices(Ledger(wall_s=2.0, cpu_s=0.5, **_states(0.0)))
    assert [part.state for part in parts] == ["unknown"]


def test_the_table_beside_the_bars_tells_unknown_from_zero() -> None:
    split, whole = make_ledger(2.0, gil_wait_s=1.0), Ledger(wall_s=2.0, cpu_s=2.0)
    section = ledgers(make_result(trials=(make_trial(ledger=split), make_trial("thread", 2, ledger=whole))))
    chart = the(LedgerChart, section)
    assert chart.states == ("cpu_gil", "gil_wait", "cpu")
    assert chart.table is not None
    first, second = chart.table.rows
    assert first.cells[2:5] == ("50%", "50%", "0%")
    assert second.cells[2:5] == ("unknown", "unknown", "100%")


def test_how_exactly_the_shares_are_known_stands_above_them() -> None:
    def about(*intervals: ShareInterval) -> str | None:
        ledger = msgspec.structs.replace(make_ledger(2.0), intervals=intervals)
        table = the(LedgerChart, ledgers(make_result(trials=(make_trial(ledger=ledger),)))).table
        return table.about if table else None

    assert about() == "shares of the workers' wall clock"
    told = about(ShareInterval(state="cpu_gil", low=0.48, high=0.51), ShareInterval(state="sleep", low=0.10, high=0.19))
    assert told == "shares of the workers' wall clock, each known to ±4.5 pp or better (95%)"


def test_states_are_in_the_order_of_the_record() -> None:
    shown = [part.state for part in slices(Ledger(wall_s=11.0, **_states(1.0)))]
    assert shown == list(STATES)
