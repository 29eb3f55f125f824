"""A dry run: the decisions of a real analysis, on a stage."""

from __future__ import annotations

import itertools
import json
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

from gilscope.analysis.dry_run import dry_run
from gilscope.analysis.probing import Probed
from gilscope.cli.app import app
from gilscope.decide.measured import Experiment
from gilscope.decide.rehearsal import LATE, SORTS, Rehearsed, Sort, rehearsed
from gilscope.errors import PythonError
from gilscope.measure.pythons import asked
from gilscope.options import Options
from gilscope.report.document import Table
from gilscope.report.dry_runs import _about, dry_run_sheet
from tests.unit.decide_builders import BACKENDS

PYTHON, NATIVE, WAITING = SORTS
LENGTHS_S = (0.0001, 0.001, 0.01, 0.1, 1.0, 20.0)


def on_stage(sort: Sort, call_s: float, **options: Any) -> Rehearsed:
    backends = {name: BACKENDS[name] for name in ("serial", "thread", "process")}
    return rehearsed(Experiment(Options(**options), 4.0, backends), sort, call_s)


def counts(found: Rehearsed, backend: str) -> list[int]:
    return [to.workers for to in found.configurations if to.backend == backend]


@pytest.mark.parametrize(("sort", "call_s"), [*itertools.product(SORTS, LENGTHS_S)])
def test_it_ends_within_the_budget_and_its_calls_fit_into_it(sort: Sort, call_s: float) -> None:
    found = on_stage(sort, call_s)
    most = max((to.workers for to in found.configurations), default=1)
    assert found.elapsed_s <= LATE * 10.0 + 1e-3
    assert 0 <= found.calls * call_s <= LATE * 10.0 * most


def test_pools_are_as_large_as_what_calls_do_lets_them() -> None:
    threads = {sort.name: max(counts(on_stage(sort, 0.01), "thread")) for sort in SORTS}
    assert threads[PYTHON.name] <= 4 <= threads[NATIVE.name] < threads[WAITING.name]
    assert 4 in counts(on_stage(PYTHON, 0.01), "process")


@pytest.mark.parametrize("sort", SORTS, ids=lambda sort: sort.name)
def test_longer_calls_are_fewer(sort: Sort) -> None:
    made = [on_stage(sort, call_s).calls for call_s in (0.001, 0.01, 0.1)]
    assert made == sorted(made, reverse=True)


@pytest.mark.parametrize("most", [1, 2, 30, 300])
@pytest.mark.parametrize("sort", SORTS, ids=lambda sort: sort.name)
def test_no_more_calls_are_made_than_are_allowed(sort: Sort, most: int) -> None:
    assert on_stage(sort, 0.001, max_calls=most).calls <= most


def test_what_is_asked_for_is_what_is_tried() -> None:
    found = on_stage(WAITING, 0.01, workers=(3, 5), chunksize=7, start_method="fork")
    assert {(to.backend, to.workers, to.chunksize, to.start_method) for to in found.configurations} == {
        *(("thread", 3, 1, None), ("thread", 5, 1, None), ("process", 3, 7, "fork"), ("process", 5, 7, "fork"))
    }


def test_short_calls_go_to_processes_in_chunks() -> None:
    chunks = {call_s: max(to.chunksize for to in on_stage(PYTHON, call_s).configurations) for call_s in (0.001, 0.1)}
    assert chunks[0.001] > chunks[0.1] == 1


def test_without_a_gil_threads_make_more_calls() -> None:
    experiment = Experiment(Options(), 4.0, {name: BACKENDS[name] for name in ("serial", "thread")})
    free, held = (rehearsed(experiment, PYTHON, 0.01, gil_enabled=enabled) for enabled in (False, True))
    assert free.calls > held.calls


def test_the_same_is_told_twice() -> None:
    assert on_stage(NATIVE, 0.01) == on_stage(NATIVE, 0.01)


def test_of_other_pythons_each_that_can_be_measured_is_planned_for_and_the_others_are_named() -> None:
    planned = dry_run(Options(pythons=(sys.executable, "/nowhere"), budget_s=20.0))
    (only,) = planned.plans
    assert only.python == f"{sys.version_info.major}.{sys.version_info.minor}{sys.abiflags}"
    assert only.experiment.options.budget_s == pytest.approx(14.0)
    assert [name for name, why in planned.refused if "no program" in why] == ["/nowhere"]
    with pytest.raises(PythonError, match="no Python can be measured: /nowhere: there is no program"):
        dry_run(Options(pythons=("/nowhere",)))


def test_each_python_has_its_part_its_backends_and_its_gil(monkeypatch: pytest.MonkeyPatch) -> None:
    own = asked(sys.executable)
    found = [
        Probed(name, name, msgspec.structs.replace(own, free_threaded=free, backends=backends))
        for name, free, backends in (
            ("3.13", False, ("thread",)),
            ("3.14", False, ("thread",)),
            ("3.14t", True, ("thread", "process")),
        )
    ]
    monkeypatch.setattr("gilscope.analysis.dry_run.named", lambda options: found)
    planned = dry_run(Options(pythons=("a", "b", "c"), budget_s=30.0, max_calls=3000))
    held, same, free = planned.plans
    assert [list(plan.experiment.backends) for plan in planned.plans] == [
        *(["serial", "thread"], ["serial", "thread"], ["serial", "thread", "process"])
    ]
    assert held.cases == same.cases != free.cases
    assert all(case.calls <= 1000 for plan in planned.plans for case in plan.cases), "a third of those allowed"
    told = dry_run_sheet(["x:y"], planned).document
    (table,) = [block for section in told.sections for block in section.blocks if isinstance(block, Table)]
    assert {row.cells[0] for row in table.rows} == {"3.13, 3.14", "3.14t"}, "where the same is done it is told once"


def test_estimates_are_told_with_two_figures() -> None:
    assert [_about(calls) for calls in (7, 99, 123, 12_345)] == ["7", "99", "120", "12,000"]


def test_a_dry_run_neither_imports_nor_starts_anything(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "shop.py").write_text("raise SystemExit('imported')")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("subprocess.Popen.__init__", lambda *given, **named: pytest.fail("a process is started"))
    with pytest.raises(SystemExit) as ended:
        app(["analyze", "shop:price", "--dry-run", "--json", "--max-calls", "50", "-b", "thread", "-w", "3"])
    told = json.loads(capsys.readouterr().out)
    assert (ended.value.code or 0, told["schema"], told["max_calls"]) == (0, "gilscope.dry-run/1", 50)
    assert {to["workers"] for case in told["cases"] for to in case["configurations"]} == {3}
    assert max(case["calls"] for case in told["cases"]) <= 50
    with pytest.raises(SystemExit):
        app(["analyze", "shop:price", "--dry-run"])
    text = capsys.readouterr().out
    assert "nothing was run" in text
    assert max(map(len, text.splitlines())) <= 80
