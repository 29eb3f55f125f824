"""What `import gilscope` gives to a program: names, and results that are read, drawn and taken apart."""

from __future__ import annotations

import inspect
import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import gilscope
from gilscope import errors
from gilscope.drawn import Saved
from tests.unit.handmade import make_full, make_hostile, make_recommendation, make_result
from tests.unit.programs.handmade import make_hostile_program, make_program
from tests.unit.pythons_builders import make_pythons

RESULTS = [make_full(), make_program(), make_pythons()]
BY_SORT = pytest.mark.parametrize("one", RESULTS, ids=lambda one: type(one).__name__)


def test_every_error_is_at_the_top() -> None:
    classes = {name for name, kind in inspect.getmembers(errors, inspect.isclass) if kind.__module__ == errors.__name__}
    assert classes == set(errors.__all__)
    assert classes <= set(gilscope.__all__)
    assert all(issubclass(getattr(gilscope, name), gilscope.GilscopeError) for name in classes)


def test_what_a_result_is_made_of_is_at_the_top() -> None:
    result = make_full()
    assert isinstance(result, gilscope.Result)
    assert isinstance(result.recommendation, gilscope.Recommendation)
    assert isinstance(result.classification, gilscope.Classification)
    assert isinstance(result.trials[0], gilscope.Trial)
    assert isinstance(result.findings[0], gilscope.Finding)


def test_what_is_stable_is_said_where_people_look() -> None:
    assert "stable" in (gilscope.__doc__ or "")
    page = (Path(__file__).parents[2] / "docs/library.md").read_text()
    told = set(re.findall(r"`gilscope\.(\w+)", page))
    assert set(gilscope.__all__) - {"__version__", *errors.__all__} <= told


@BY_SORT
def test_a_result_is_read_from_what_it_was_saved_as(one: Saved, tmp_path: Path) -> None:
    path, kind = tmp_path / "saved.json", type(one)
    text = one.to_json(path)
    for source in (text, text.encode(), path):
        read = kind.from_json(source)
        assert (type(read), read.to_dict()) == (kind, one.to_dict())


@BY_SORT
def test_a_result_is_made_of_plain_data_and_back(one: Saved) -> None:
    record = one.to_dict()
    assert json.loads(json.dumps(record)) == record
    assert type(one).from_dict(record).to_dict() == record


@pytest.mark.parametrize("one", [*RESULTS, make_hostile("a\nb\r\x85\u2028c"), make_hostile_program()])
def test_a_result_prints_itself_in_one_line(one: Saved) -> None:
    assert len(repr(one).splitlines()) == 1
    assert repr(one).startswith(f"<{type(one).__name__}: ")


@BY_SORT
def test_another_sort_of_result_is_called_what_it_is(one: Saved) -> None:
    for other in RESULTS:
        if type(other) is not type(one):
            with pytest.raises(errors.LoadError, match=r"its schema is 'gilscope\.\w+/\d', which is .*gilscope\.load"):
                type(one).from_json(other.to_json())


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ("report.json", r"cannot load 'report\.json': that is no JSON; of a file of that name, give a pathlib\.Path"),
        ("", "it is empty"),
        ('{"schema": "gilscope.result/2"', "truncated"),
        ('{"schema": "gilscope.result/9"}', "upgrade gilscope"),
        ("[]", "an empty list"),
        ("{}", 'no "schema" field'),
        (Path("/nowhere/report.json"), "No such file"),
    ],
)
def test_what_is_no_result_is_told_as_such(given: str | Path, why: str) -> None:
    with pytest.raises(errors.LoadError, match=why):
        gilscope.Result.from_json(given)


@pytest.mark.parametrize(
    ("call", "why"),
    [
        (gilscope.Result.from_json, "source 3 is no text of a result, nor the pathlib.Path of a file"),
        (gilscope.Result.from_dict, "record 3 is no dict that to_dict gave"),
        (gilscope.load, "path 3 is no path of a file"),
        (gilscope.frame, "results 3 is no list of results"),
        (
            lambda old: gilscope.compare(old, old),
            "old: give a result, a list of results, or the path of what was saved, not 3",
        ),
        (gilscope.check, "new: give a result, a list of results, or the path of what was saved, not 3"),
        (lambda pid: gilscope.watch(str(pid)), "pid '3' is no number of a process"),  # type: ignore[arg-type]
        (lambda pid: gilscope.watch(pid, -1), "duration_s -1 makes no sense: it must be more than 0"),
        (lambda pid: gilscope.watch(pid, overhead=0), "overhead 0 makes no sense: it must be more than 0"),
        (lambda pid: gilscope.watch(pid, threads="a"), "threads 'a' is no list: give ['a']"),
        (lambda pid: gilscope.watch(pid, processes="no"), "processes 'no' is none of all, main"),  # type: ignore[arg-type]
    ],
)
def test_what_makes_no_sense_is_refused_in_words(call: Callable[[Any], Any], why: str) -> None:
    with pytest.raises(gilscope.UsageError) as caught:
        call(3)
    assert str(caught.value) == why


def test_this_process_is_watched_by_another_alone() -> None:
    with pytest.raises(
        gilscope.UsageError, match=f"process {os.getpid()} is this one.*`gilscope.watching` has another"
    ):
        gilscope.watch(os.getpid())


def test_what_holds_several_results_is_not_one() -> None:
    text = make_result().to_json()
    with pytest.raises(errors.LoadError, match="it holds 2 results"):
        gilscope.Result.from_json(f"[{text}, {text}]")


def test_a_dict_with_a_field_missing_is_no_result() -> None:
    record = make_result().to_dict()
    del record["recommendation"]
    with pytest.raises(errors.LoadError, match="recommendation"):
        gilscope.Result.from_dict(record)


def test_the_best_trial_is_the_one_that_is_recommended() -> None:
    result = make_full()
    assert result.best is not None
    assert (result.best.backend, result.best.workers) == (result.recommendation.backend, result.recommendation.workers)
    assert make_result(recommendation=make_recommendation(backend=None, trial=None)).best is None
