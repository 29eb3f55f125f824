"""Callables of every shape: measured where possible, else refused by name and reason."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.cli.conftest import Analysis, Measured


@pytest.fixture
def shapes(measured: Callable[[str], Measured]) -> dict[str, Analysis]:
    found = measured("shapes")
    assert (found.outcome.status, found.outcome.stderr) == (0, "")
    return found.analyses


def test_what_has_no_name_of_its_own_runs_in_threads_and_processes_refuse_it(shapes: dict[str, Analysis]) -> None:
    closure = shapes["closure"]
    assert closure.statuses == {"serial": "ok", "thread": "ok", "process": "refused"}
    assert "the function cannot be pickled" in closure.trial("process")["reason"]


@pytest.mark.parametrize("name", ["partial", "Napper.nap", "builtin", "generator", "async_generator"])
def test_what_can_be_pickled_runs_everywhere(shapes: dict[str, Analysis], name: str) -> None:
    assert shapes[name].statuses == {"serial": "ok", "thread": "ok", "process": "ok"}
    assert shapes[name].trial("process")["calls"] > 0


def test_a_builtin_has_no_file(shapes: dict[str, Analysis]) -> None:
    assert shapes["builtin"].result["target"]["file"] is None


@pytest.mark.parametrize(("name", "kind"), [("generator", "generator"), ("async_generator", "async-generator")])
def test_generators_are_drained_and_that_is_said(shapes: dict[str, Analysis], name: str, kind: str) -> None:
    assert shapes[name].result["target"]["kind"] == kind
    assert shapes[name].finding("generator-drained")["severity"] == "info"
    assert shapes[name].result["demands"]["sleep_s"] > 0.002, "three naps of a millisecond a call"


def test_a_coroutine_function_runs_on_its_loop_and_in_workers(measured: Callable[[str], Measured]) -> None:
    doze = measured("well").analyses["doze"]
    assert doze.statuses == {"serial": "ok", "thread": "ok", "process": "ok", "asyncio": "ok"}
    ways = {trial["backend"]: (trial["runner"], trial["executor"]) for trial in doze.trials}
    assert ways["serial"] == ways["asyncio"] == ("event-loop", None)
    assert (ways["thread"], ways["process"]) == (("plain", "thread"), ("plain", "process"))
    assert doze.advised in ("asyncio", "thread", "process"), "which of them, two at a time, is a tie"
