"""The figures that are exported, whatever exports them."""

from __future__ import annotations

import os

import pytest

from gilscope.metrics.catalog import ALONE, BOUNDS_S, histogram
from gilscope.metrics.figures import OTHERS, PROCESS, Figures, InMemory, Now, Reader, figures
from gilscope.production.on_loops import OnLoops
from gilscope.production.profile import Profile
from gilscope.production.sketch import bucket, middle_s
from tests.unit.production.metered import CALLS, COROUTINE, CPU, NEVER_CALLED, STATES, WALL, WATCHED
from tests.unit.production.profiles import make_profile


def by_name(profile: Profile) -> str:
    return profile.name


def alone(found: Figures) -> dict[str, float]:
    """What has no label of its own."""
    return {name: values[ALONE] for name, values in found.items() if ALONE in values}


def reading(found: list[Profile], kept: InMemory | None = None, max_functions: int = 80) -> Reader:
    """A reader of a list to change."""
    return Reader(lambda: Now(found, None), by_name, kept or InMemory(), max_functions)


def test_unknown_figures_stay_unknown() -> None:
    [(name, told)] = figures([NEVER_CALLED], by_name).items()
    assert (name, {metric: values for metric, values in told.items() if values}) == (
        "idle",
        {CALLS: {ALONE: 0}, "gilscope_function_errors_total": {ALONE: 0}},
    )


def test_functions_with_one_name_are_one_series() -> None:
    parts = [make_profile(spec="a:f", name="f"), make_profile(spec="b:f", name="f", kind="generator", line=7)]
    both = figures(parts, by_name)
    assert (list(both), both["f"][CALLS], both["f"][WALL]) == (["f"], {ALONE: 200}, {ALONE: 2.0})
    assert list(figures(parts, lambda profile: profile.spec)) == ["a:f", "b:f"]


def test_names_without_end_are_few_series() -> None:
    many = [make_profile(name=f"user-{number}") for number in range(5)]
    told = figures(many, by_name, max_functions=2)
    assert {name: alone(each)[CALLS] for name, each in told.items()} == {"user-0": 100, "user-1": 100, OTHERS: 300}


def test_a_function_keeps_its_series_when_others_come_before_it() -> None:
    earlier, later = make_profile(name="b"), make_profile(name="a")
    reader = reading([later, earlier], kept := InMemory(), max_functions=1)
    kept.update(lambda _: figures([earlier], by_name))
    for _ in range(2):
        told = reader.read()
        assert {name: alone(told[name])[CALLS] for name in (OTHERS, "b")} == {OTHERS: 100, "b": 100}
    assert set(told) == {OTHERS, "b", PROCESS}


def test_the_states_of_a_call_fill_its_wall_clock() -> None:
    told = figures([WATCHED], by_name)["find"]
    assert sum(told[STATES].values()) == pytest.approx(told[WALL][ALONE])
    assert {state: told[STATES][state] for state in ("cpu_gil", "gil_wait", "network", "runqueue")} == pytest.approx(
        {"cpu_gil": 0.5, "gil_wait": 0.25, "network": 0.25, "runqueue": 0.0}
    )
    assert alone(told)["gilscope_function_gil_held_seconds_total"] == pytest.approx(0.5 + 0.125)


def test_where_nobody_looked_only_what_clocks_tell_has_a_state() -> None:
    known = {"runqueue": 0.125, "awaited_outside": 0.4, "awaited_threads": 0.1}
    told = figures([COROUTINE], by_name)["get"][STATES]
    assert {state: seconds for state, seconds in told.items() if seconds} == pytest.approx(known)
    unknown = make_profile(kind="coroutine", timed_awaited_s=0.5)
    assert figures([unknown], by_name)["total"][STATES] == pytest.approx({"runqueue": 0.0, "awaited": 0.5})
    assert figures([make_profile(clocked_runqueue_s=None)], by_name)["total"][STATES] == {}


def test_a_histogram_has_every_call_in_all_buckets_that_it_fits_in() -> None:
    counts = {bucket(ns): count for ns, count in ((50_000, 5), (30_000_000, 3), (200 * 10**9, 2))}
    told = histogram(counts, 400.0)
    assert [told[le] for le in ("0.0001", "0.025", "0.05", "100.0", "+Inf", ALONE)] == [5, 5, 8, 8, 10, 400.0]
    assert list(told) == [*map(str, BOUNDS_S), "+Inf", ALONE]
    assert set(histogram({}, 0.0).values()) == {0}


def test_blocks_of_a_loop_are_counted_by_length() -> None:
    told = figures([COROUTINE, WATCHED], by_name)
    blocks = told["get"]["gilscope_function_loop_block_seconds"]
    assert [blocks[le] for le in ("0.01", "0.025", "+Inf")] == [0, 10, 10]
    assert blocks[ALONE] == pytest.approx(0.2, rel=0.06)
    assert alone(told["get"])["gilscope_function_on_loop_seconds_total"] == pytest.approx(0.5)
    assert told["find"]["gilscope_function_loop_block_seconds"] == {}
    free = make_profile(kind="coroutine", on_loops=OnLoops(wall_s=2.0))
    assert set(figures([free], by_name)["total"]["gilscope_function_loop_block_seconds"].values()) == {0}


def test_a_bound_is_met_within_the_sketchs_error() -> None:
    for bound_s in BOUNDS_S:
        for ns, within in ((bound_s * 1e9 / 1.0625, 1), (bound_s * 1e9 * 1.0625, 0)):
            assert histogram({bucket(int(ns)): 1}, 0.0)[str(bound_s)] == within, (bound_s, middle_s(bucket(int(ns))))


def test_a_counter_never_falls() -> None:
    found = [make_profile()]
    reader = reading(found)
    walls = []
    for wall_s, calls in ((1.0, 100), (0.5, 101), (1.5, 102)):
        found[:] = [make_profile(wall_s=wall_s, calls=calls)]
        walls.append(reader.read()["total"][WALL][ALONE])
    assert walls == pytest.approx([1.0, 1.0, 1.5])


def test_an_error_may_fall() -> None:
    found = [make_profile(timed_calls=50, durations={bucket(10**6): 50, bucket(10**7): 50})]
    reader = reading(found)
    errors = []
    for _ in range(2):
        errors.append(alone(reader.read()["total"])["gilscope_function_wall_error_seconds"])
        found[:] = [make_profile()]
    assert errors[0] > errors[1] == 0.0


def test_what_was_known_stays_known() -> None:
    found = [make_profile()]
    reader = reading(found)
    before = reader.read()["total"][CPU]
    found[:] = [make_profile(clocked_wall_s=0.0)]
    assert reader.read()["total"][CPU] == pytest.approx(before)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_forked_child_begins_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [make_profile()]
    reader = reading(found)
    reader.read()
    found[:] = [make_profile(calls=200, wall_s=0.25)]
    monkeypatch.setattr(os, "getpid", lambda: 1)
    total = reader.read()["total"]
    assert (total[CALLS], total[WALL]) == ({ALONE: 200}, {ALONE: 0.25})


def test_a_process_that_counts_anew_exports_anew() -> None:
    found = [make_profile()]
    reader = reading(found)
    reader.read()
    found[:] = [make_profile(calls=2, wall_s=0.25)]
    assert reader.read()["total"][WALL] == {ALONE: 0.25}


@pytest.mark.parametrize(
    ("module", "library", "extra"),
    [("prometheus", "prometheus_client.core", "prometheus"), ("opentelemetry", "opentelemetry.metrics", "otel")],
)
def test_a_missing_library_is_named_with_its_extra(
    module: str, library: str, extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import importlib
    import sys

    monkeypatch.delitem(sys.modules, f"gilscope.metrics.{module}", raising=False)
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(ImportError, match=rf"pip install 'gilscope\[{extra}\]'"):
        importlib.import_module(f"gilscope.metrics.{module}")
