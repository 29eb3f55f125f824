"""The first call is not the work: imports, connections and caches are told apart from it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cases.conftest import Cli

STARTING = ("--start-limit", "60s")  # on a busy machine too


def analyzed(cli: Cli, module: str, function: str, **limits: Any) -> Any:
    options = (f"{module}:{function}", "--inputs", f"{module}:INPUTS", *STARTING)
    outcome = cli.analyze(*options, **{"budget": 3, "calls": 5_000, **limits})
    assert outcome.status == 0, outcome.stderr
    return outcome.analysis


def cold(trial: dict[str, Any]) -> dict[str, Any]:
    told: dict[str, Any] = trial["cold"]
    return told


@pytest.mark.timing
def test_what_a_first_call_imports_is_no_demand_of_later_ones(cli: Cli) -> None:
    found = analyzed(cli, "lazy_import", "spread", backends="thread")
    serial, threads = found.trial("serial"), found.trial("thread")
    assert (found.result["classification"]["label"], threads["status"]) == ("compute-bound", "ok")
    assert "pandas" in {cost["module"] for cost in cold(serial)["imports"]}
    assert "pandas" in {cost["module"] for cost in cold(threads)["imports"]}
    assert found.result["demands"]["wall_s"] < cold(serial)["first_s"] / 5
    assert len(threads["rounds"]) >= 2
    assert threads["throughput_per_s"] > 3 / cold(threads)["first_s"]
    assert cold(threads)["workers"] == 2


def test_connecting_in_first_calls_is_no_demand_of_later_ones(cli: Cli) -> None:
    found = analyzed(cli, "first_connection", "ask", backends="thread", workers="8")
    serial, threads = found.trial("serial"), found.trial("thread")
    kind = found.result["classification"]
    assert (kind["label"], kind["subtype"]) == ("io-bound", "network")
    assert found.advised == "thread"
    assert cold(serial)["first_s"] > 0.4 > 10 * found.result["demands"]["wall_s"]
    assert cold(serial)["connections"] == 3, "one that listens, and both ends of one"
    assert (cold(threads)["workers"], cold(threads)["connections"]) == (8, 24)
    assert threads["speedup"] > 2


@pytest.mark.timing
def test_a_cache_is_seen_and_first_calls_are_judged(cli: Cli) -> None:
    found = analyzed(cli, "memoized_quote", "quote", backends="thread,process", budget=4)
    kind, repeats = found.result["classification"], found.result["repeats"]
    assert (kind["label"], kind["subtype"]) == ("compute-bound", "python")
    assert repeats["first_s"] > 100 * repeats["again_s"]
    assert not repeats["elsewhere"]
    assert found.finding("cached")["figures"]["used"] == 48
    assert all(trial["throughput_per_s"] < 5 / repeats["first_s"] for trial in found.trials)
    assert found.advised == "process"
