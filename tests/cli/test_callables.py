"""Callables of every shape: measured where possible, else refused by name and reason."""

from __future__ import annotations

from tests.cli.conftest import Cli, place


def test_what_has_no_name_of_its_own_runs_in_threads_and_processes_refuse_it(cli: Cli) -> None:
    outcome = cli.analyze(*place("shapes", "anonymous", "closure"), backends="thread,process")
    assert outcome.status == 0
    for analysis in outcome.analyses.values():
        assert analysis.statuses == {"serial": "ok", "thread": "ok", "process": "refused"}
        assert "the function cannot be pickled" in analysis.trial("process")["reason"]


def test_what_can_be_pickled_runs_everywhere(cli: Cli) -> None:
    names = ("partial", "bound", "instance", "Napper.nap")
    outcome = cli.analyze(*place("shapes", *names), backends="process")
    assert outcome.status == 0
    assert tuple(outcome.analyses) == names
    for analysis in outcome.analyses.values():
        assert analysis.statuses == {"serial": "ok", "process": "ok"}
        assert analysis.trial("process")["calls"] > 0


def test_a_builtin_runs_everywhere(cli: Cli) -> None:
    outcome = cli.analyze(*place("shapes", "builtin"), "--inputs", "NUMBERS", backends="thread,process", calls=10**6)
    assert outcome.status == 0
    assert outcome.analysis.statuses == {"serial": "ok", "thread": "ok", "process": "ok"}
    assert outcome.analysis.result["target"]["file"] is None


def test_generators_are_drained_and_that_is_said(cli: Cli) -> None:
    names = {"generator": "generator", "async_generator": "async-generator"}
    outcome = cli.analyze(*place("shapes", *names), backends="thread,asyncio")
    assert outcome.status == 0
    for name, kind in names.items():
        analysis = outcome.analyses[name]
        assert analysis.result["target"]["kind"] == kind
        assert analysis.finding("generator-drained")["severity"] == "info"
        assert analysis.result["demands"]["sleep_s"] > 0.002, "three naps of a millisecond a call"


def test_a_coroutine_function_runs_on_its_loop_and_in_workers(cli: Cli) -> None:
    outcome = cli.analyze(*place("well", "doze"), backends="asyncio,thread,process")
    assert outcome.status == 0
    assert outcome.analysis.statuses == {"serial": "ok", "thread": "ok", "process": "ok", "asyncio": "ok"}
    assert outcome.analysis.advised in ("asyncio", "thread", "process"), "which of them, two at a time, is a tie"
