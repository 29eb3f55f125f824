"""The settings of an analysis, and the clock that bounds it."""

from __future__ import annotations

import inspect
import math
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
import typer.main
from hypothesis import given
from hypothesis import strategies as st

import gilscope
from gilscope import analyze
from gilscope.analysis import budget as budgets
from gilscope.analysis.budget import Budget
from gilscope.cli.app import app
from gilscope.cli.beginning import asks_for_an_analysis
from gilscope.errors import UsageError
from gilscope.measure.possible import inside_a_trial
from gilscope.measure.tree import MARK
from gilscope.options import Option, Options, all_options
from gilscope.targets import TargetSpec
from gilscope.targets.spec import DEFAULT_MAX_INPUTS


class Clock:
    """A monotonic clock that stands still until told."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        monkeypatch.setattr(budgets, "time", SimpleNamespace(monotonic=lambda: self.now))


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def budget(clock: Clock, total_s: float = 10.0, max_calls: int | None = None) -> Budget:
    return Budget(total_s, max_calls, _began=clock.now)


def test_the_defaults_make_sense() -> None:
    made = Options()
    assert (made.backends, made.workers, made.max_calls) == ((), (), None)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"budget_s": 0.0}, "budget_s 0.0 makes no sense"),
        ({"budget_s": -1.0}, "budget_s -1.0 makes no sense"),
        ({"budget_s": math.nan}, "budget_s nan makes no sense"),
        ({"timeout_s": 0.0}, "timeout_s 0.0 makes no sense"),
        ({"rate_hz": 0.0}, "rate_hz 0.0 makes no sense"),
        ({"chunksize": 0}, "chunksize 0 makes no sense"),
        ({"cpus": 0}, "cpus 0 makes no sense"),
        ({"max_calls": 0}, "max_calls 0 makes no sense"),
        ({"workers": (1, 0)}, "workers 0 makes no sense"),
        ({"workers": (-2,)}, "workers -2 makes no sense"),
        ({"predict_cpus": (4, 0)}, "predict_cpus 0 makes no sense"),
        ({"items": math.inf, "within_s": 1.0}, r"items makes no sense: it is beyond 9,007"),
        ({"rate_hz": math.inf}, "rate_hz makes no sense: it is beyond"),
        ({"budget_s": 1e10}, r"budget_s makes no sense: it is beyond 1,000,000,000"),
        ({"seed": -(10**400)}, "seed makes no sense"),
        ({"workers": (10**400,)}, "workers makes no sense"),
        ({"context": "thread"}, "none of sync, async"),
        ({"start_method": "clone"}, "none of spawn, forkserver, fork"),
    ],
)
def test_nonsense_is_refused_by_name(changes: dict[str, Any], told: str) -> None:
    with pytest.raises(UsageError, match=told):
        Options(**changes)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"budget_s": "5s"}, "budget_s '5s' is no number"),
        ({"budget_s": None}, "budget_s None is no number"),
        ({"max_calls": 1e3}, r"max_calls 1000\.0 is no whole number"),
        ({"seed": True}, "seed True is no whole number"),
        ({"exhaustive": "no"}, "exhaustive 'no' is no True or False"),
        ({"broker": 6379}, "broker 6379 is no text"),
        ({"context": None}, "context None is no text"),
        ({"backends": "thread"}, r"backends 'thread' is no list: give \['thread'\]"),
        ({"backends": [None]}, "backends None is no text"),
        ({"workers": 2}, r"workers 2 is no list: give \[2\]"),
        ({"workers": ["two"]}, "workers 'two' is no whole number"),
        ({"pythons": "python3.14"}, r"pythons 'python3\.14' is no list"),
    ],
)
def test_what_is_of_another_kind_is_refused_by_name(changes: dict[str, Any], told: str) -> None:
    with pytest.raises(UsageError, match=told):
        Options(**changes)
    with pytest.raises(UsageError, match=told):
        gilscope.analyze(len, ["a"], **changes)


def test_numbers_of_other_libraries_are_numbers() -> None:
    numpy = pytest.importorskip("numpy")
    made = Options(budget_s=numpy.float32(3), max_calls=numpy.int64(7), workers=tuple(numpy.arange(1, 3)))
    assert (made.budget_s, made.max_calls, made.workers) == (3, 7, (1, 2))


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"budgets_s": 3}, "there is no option 'budgets_s'; did you mean 'budget_s'?"),
        ({"wanted_per_s": 3}, "wanted_per_s has another name since gilscope 0.2: target_rate_per_s"),
        ({"options": {"budget_s": 3}}, "options {'budget_s': 3} is no gilscope.Options"),
        ({"progress": 3}, "progress 3 is no function of one Progress"),
        ({"setup": 3}, "setup is of type int, which cannot be called: give a function"),
        ({"kwargs": [1]}, "kwargs [1] is no mapping of names to arguments"),
    ],
)
def test_what_an_analysis_is_told_is_looked_at_before_anything_is_done(given: dict[str, Any], told: str) -> None:
    with pytest.raises(UsageError) as caught:
        gilscope.analyze(len, ["a"], **given)
    assert str(caught.value) == told


def test_a_budget_runs_out(clock: Clock) -> None:
    made = budget(clock)
    clock.now += 4.0
    assert (made.elapsed_s, made.remaining_s) == (4.0, 6.0)
    clock.now += 8.0
    assert made.remaining_s < 0


def test_a_deadline_is_not_past_the_budget_and_its_grace(clock: Clock) -> None:
    made = budget(clock)
    assert made.deadline(3.0) == clock.now + 3.0
    assert clock.now + 10.0 < made.deadline(60.0) <= clock.now + 12.0


@given(total_s=st.floats(0.1, 1e4), asked_s=st.floats(0, 1e5), more_s=st.floats(0, 1e3), elapsed_s=st.floats(0, 2e4))
def test_asking_for_more_time_never_gives_less(total_s: float, asked_s: float, more_s: float, elapsed_s: float) -> None:
    with pytest.MonkeyPatch.context() as patch:
        clock = Clock(patch)
        made = budget(clock, total_s)
        first = made.deadline(asked_s)
        assert made.deadline(asked_s + more_s) >= first
        clock.now += elapsed_s
        assert first <= made.deadline(asked_s) <= clock.now - elapsed_s + 1.2 * total_s


def test_the_budget_stands_while_the_target_starts_beyond_what_any_process_takes(clock: Clock) -> None:
    made = Budget(10.0, start_limit_s=30.0, _began=clock.now)
    with made.starting(2):
        assert made.start_deadline() == clock.now + 30.0
        clock.now += 5.0
    assert (made.wall_s, made.started_s, made.elapsed_s) == pytest.approx((5.0, 4.4, 0.6))
    assert made.remaining_s == pytest.approx(9.4)
    assert made.deadline(60.0) == pytest.approx(clock.now + 11.0 - 0.6)
    with made.starting(1):
        clock.now += 0.2
    assert made.started_s == pytest.approx(4.4), "an ordinary start is part of the budget"


def test_starting_has_a_limit_and_takes_of_the_budget_beyond_it(clock: Clock) -> None:
    made = Budget(10.0, start_limit_s=3.0, _began=clock.now)
    made.excuse(2.0)
    assert made.start_left_s == 1.0
    with made.starting(1):
        clock.now += 5.3
    assert (made.started_s, made.start_left_s) == (3.0, 0.0)
    assert made.elapsed_s == pytest.approx(2.3)
    assert made.start_deadline() == pytest.approx(clock.now + 7.7)
    made.excuse(-1.0)
    assert made.started_s == 3.0


def test_a_start_that_fails_is_a_start(clock: Clock) -> None:
    made = Budget(10.0, start_limit_s=30.0, _began=clock.now)

    def start() -> None:
        with made.starting(1):
            clock.now += 2.3
            raise ValueError("in the set-up")

    with pytest.raises(ValueError, match="in the set-up"):
        start()
    assert made.started_s == pytest.approx(2.0)


@pytest.mark.parametrize(
    ("given", "seconds"),
    [({}, 30.0), ({"budget_s": 2.0}, 6.0), ({"start_limit_s": 0.0}, 0.0), ({"start_limit_s": 90.0}, 90.0)],
)
def test_starting_may_take_three_budgets_unless_a_limit_is_given(given: dict[str, Any], seconds: float) -> None:
    assert Options(**given).may_start_s == seconds


def test_calls_are_spent(clock: Clock) -> None:
    made = budget(clock, max_calls=10)
    made.spend(3)
    made.spend(4)
    assert made.calls_left == 3


def test_without_a_limit_there_are_always_calls_left(clock: Clock) -> None:
    made = budget(clock)
    made.spend(10**6)
    assert made.calls_left > 10**6


TYPED = {
    "backends": "thread,process",
    "workers": "1,2",
    "chunksize": "5",
    "budget_s": "2m",
    "predict_cpus": ["4,16", "64"],
    "free_threaded": True,
    "within_s": "10m",
    "items": "1e6",
    "star": True,
    "max_calls": None,
    "seed": 7,
}
READ = Options(
    backends=("thread", "process"),
    workers=(1, 2),
    chunksize=5,
    budget_s=120.0,
    predict_cpus=(4, 16, 64),
    free_threaded=True,
    within_s=600.0,
    items=1e6,
    seed=7,
)


def test_options_are_read_from_what_is_typed() -> None:
    assert Options.read(TYPED) == READ


@pytest.mark.parametrize(
    ("typed", "budget_s"),
    [({}, 10.0), ({"exhaustive": True}, 60.0), ({"exhaustive": True, "budget_s": "5s"}, 5.0)],
)
def test_a_search_through_all_counts_has_more_time_unless_that_is_typed(typed: dict[str, Any], budget_s: float) -> None:
    assert Options.read(typed).budget_s == budget_s


@pytest.mark.parametrize("option", [option for option in all_options() if option.typed is not None])
def test_the_default_that_is_shown_is_the_default(option: Option) -> None:
    assert option.value(option.typed) == (option.default or None if option.name == "chunksize" else option.default)


def test_the_command_line_has_every_option_as_it_is_declared() -> None:
    command = typer.main.get_group(app).commands["analyze"]
    told: dict[str | None, Any] = {parameter.name: parameter for parameter in command.params}
    for option in all_options():
        shown = told[option.name]
        assert "/".join([*shown.opts, *shown.secondary_opts]) == "/".join(option.flags)
        assert (shown.help, shown.rich_help_panel) == (option.help, option.panel)


def test_python_has_every_option_by_its_name_and_default() -> None:
    parameters = inspect.signature(analyze).parameters
    assert {name: parameters[name].default for name in parameters} | {
        option.name: option.default for option in all_options()
    } == {name: parameters[name].default for name in parameters}
    assert [option.name for option in all_options() if f":param {option.name}: " not in (analyze.__doc__ or "")] == []
    assert [option.help for option in all_options() if not option.help.endswith(".")] == []


def test_options_may_be_given_in_one_and_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Options] = []

    def investigate(target: object, options: Options, tell: object) -> Any:
        seen.append(options)
        return SimpleNamespace(interrupted=False)

    monkeypatch.setattr("gilscope.analysis.investigate", investigate)
    analyze(len, options=READ, seed=8, workers=[3])
    assert seen == [replace(READ, seed=8, workers=(3,))]
    with pytest.raises(UsageError, match="bugdet_s"):
        analyze(len, bugdet_s=3)


def test_no_more_inputs_are_taken_than_are_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[TargetSpec] = []

    def investigate(target: TargetSpec, options: Options, tell: object) -> Any:
        taken.append(target)
        return SimpleNamespace(interrupted=False)

    monkeypatch.setattr("gilscope.analysis.investigate", investigate)
    asked = iter(range(100))
    analyze(len, asked, max_inputs=3)
    analyze(len)
    assert next(asked) == 4, "one more than is taken is asked for, to know whether there are more"
    assert [target.max_inputs for target in taken] == [3, DEFAULT_MAX_INPUTS]


@pytest.mark.parametrize(("former", "now"), [("predict_gil", "free_threaded"), ("wanted_per_s", "target_rate_per_s")])
def test_a_former_name_of_a_setting_is_answered_with_that_of_today(former: str, now: str) -> None:
    given: dict[str, Any] = {former: 1}
    with pytest.raises(UsageError, match=f"{former} .* {now}"):
        analyze(len, **given)


def test_what_is_saved_has_no_secret() -> None:
    made = Options(broker="redis://me:word@h/0", secret_file="s", remote_workers=2, workers=(1, 2))
    saved = made.saved()
    assert (saved["broker"], saved["workers"], saved["remote_workers"]) == ("redis://***@h/0", [1, 2], 2)
    assert "secret_file" not in saved
    assert "max_calls" not in saved


@pytest.mark.parametrize("value", [None, "", "7f3a"])
def test_a_trial_is_known_by_its_mark(value: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(MARK, raising=False)
    if value is not None:
        monkeypatch.setenv(MARK, value)
    assert inside_a_trial() == (value is not None)


@pytest.mark.parametrize(
    ("arguments", "asks"),
    [
        (["analyze", "shop:price", "--inputs", "ORDERS"], True),
        (["analyze", "shop:price", "--help"], False),
        (["analyze", "shop:price", "--dry-run"], False),
        (["analyze", "x:y", "--python=.venv/bin/python"], False),
        (["analyze"], False),
        (["report", "analyze"], False),
        ([], False),
    ],
)
def test_a_process_is_started_for_those_alone_who_want_something_run(arguments: list[str], asks: bool) -> None:
    assert asks_for_an_analysis(arguments) == asks
