from __future__ import annotations

import msgspec
import pytest
from msgspec.structs import replace

from gilscope.decide.findings import RULES, Evidence, findings
from gilscope.decide.findings.words import words
from gilscope.records import BreakEven, Failure, Finding, HotLine, NativePool, Recommendation

from .. import decide_builders as make
from ..handmade import make_result
from . import cases_scaling, cases_work
from .cases_work import STARTING, THREADED, TINY
from .quiet import LOOP, QUIET, WAITING, advised, environment, hot, pool, with_trials

CASES = cases_scaling.CASES | cases_work.CASES
FALSE_ALARMS = cases_scaling.FALSE_ALARMS | cases_work.FALSE_ALARMS


NOTHING = Recommendation(backend=None, confidence=0.0, reason="")


def codes(evidence: Evidence) -> set[str]:
    return {found.code for found in findings(evidence)}


def said(code: str, evidence: Evidence) -> str:
    """All that a finding says."""
    (found,) = (found for found in findings(evidence) if found.code == code)
    return f"{found.severity}: {found.title}. {found.evidence}. {found.advice}"


def test_every_rule_has_its_case_and_its_words() -> None:
    assert set(CASES) == set(RULES)
    assert list(words()) == list(RULES)
    assert {each.page_heading for each in words().values() if "{" in each.page_heading} == set()


#: What the names of figures with fractions end with.
UNITS = ("_s", "_per_s", "_share", "_ratio", "_utilization", "_slowdown", "cpus_usable")


@pytest.mark.parametrize("code", RULES)
def test_figures_have_units_in_their_names_and_are_saved_with_the_finding(code: str) -> None:
    (found,) = (found for found in findings(CASES[code].provoking) if found.code == code)
    assert found.figures
    for name, value in found.figures.items():
        assert not isinstance(value, float) or name.endswith(UNITS), name
    assert msgspec.json.decode(msgspec.json.encode(found), type=Finding) == found


def test_a_finding_of_an_older_result_has_no_figures() -> None:
    saved = b'{"code": "convoy", "severity": "warning", "title": "", "evidence": "", "advice": ""}'
    assert msgspec.json.decode(saved, type=Finding).figures == {}


def test_nobody_need_read_a_sentence_for_a_figure() -> None:
    (found,) = findings(with_trials(WAITING, pool("thread", 8, 11, gil=0.01, network=0.99, lock=7.0)))
    assert (found.code, found.figures["workers"], found.figures["useful_workers"]) == ("lock-bound", 8, 1)
    assert found.figures["lock_share"] == pytest.approx(7 / 8)


@pytest.mark.parametrize("evidence", [QUIET, WAITING, LOOP], ids=["computing", "waiting", "coroutine"])
def test_a_quiet_analysis_has_no_findings(evidence: Evidence) -> None:
    assert findings(evidence) == ()


@pytest.mark.parametrize("code", RULES)
def test_each_finding_is_found_with_its_figures_and_no_other(code: str) -> None:
    case = CASES[code]
    found = {finding.code: finding for finding in findings(case.provoking)}
    assert set(found) == {code, *case.also}
    assert found[code].title
    assert found[code].page == f"docs/findings/{code}.md"
    for told in case.evidence:
        assert told in found[code].evidence
    for told in case.advice:
        assert told in found[code].advice


@pytest.mark.parametrize("code", RULES)
def test_what_comes_near_is_not_found(code: str) -> None:
    assert code not in codes(CASES[code].near_miss)


@pytest.mark.parametrize("name", FALSE_ALARMS)
def test_what_looks_like_one_is_none(name: str) -> None:
    code, evidence = FALSE_ALARMS[name]
    assert code not in codes(evidence)


def test_what_is_unknown_is_not_a_finding() -> None:
    unknown = replace(QUIET, demands=make.undivided(cpu=0.1, blocked=0.1), output_bytes=None, trials=())
    assert findings(unknown) == ()
    assert findings(replace(unknown, demands=None, recommendation=NOTHING)) == ()


def test_the_order_of_the_report_is_that_of_the_rules() -> None:
    both = replace(CASES["cpus-limited"].provoking, failure=CASES["exceptions"].provoking.failure)
    assert [found.code for found in findings(both)] == ["exceptions", "cpus-limited"]


def test_the_facts_are_the_result_s_own() -> None:
    result = make_result()
    evidence = Evidence.of(result, dispatch_s={"thread": 1e-5}, output_bytes=7)
    assert (evidence.trials, evidence.hot, evidence.failure) == (result.trials, result.hot, result.failure)
    assert (evidence.dispatch_s, evidence.output_bytes) == ({"thread": 1e-5}, 7)


@pytest.mark.parametrize(("count", "severity"), [(1, "warning"), (4, "error")])
def test_every_call_raising_is_an_error_and_some_a_warning(count: int, severity: str) -> None:
    failure = Failure(type="E", message="", traceback="", count=count, calls=4)
    assert said("exceptions", replace(QUIET, failure=failure)).startswith(severity)


def test_raising_in_company_only_is_said() -> None:
    failure = Failure(type="OperationalError", message="database is locked", traceback="", count=3, calls=400)
    evidence = with_trials(WAITING, pool("thread", 8, 80, network=1.0, errors=3))
    text = said("exceptions", replace(evidence, failure=failure))
    assert "all of them under thread × 8" in text
    assert "It works alone" in text


@pytest.mark.parametrize(
    ("reason", "part", "advice"),
    [
        ("the function cannot be pickled: <lambda>", "the function", "at module level"),
        ("an argument cannot be pickled: cannot pickle '_thread.lock' object", "an argument", "connection parameters"),
        ("a result cannot be unpickled: TypeError", "a result", "plain data"),
        ("a call or its result cannot be pickled: generator", "a call or its result", "paths, keys, rows"),
    ],
)
def test_what_cannot_be_pickled_is_named(reason: str, part: str, advice: str) -> None:
    text = said("not-picklable", with_trials(QUIET, make.trial("process", status="refused", reason=reason)))
    assert f"{part} cannot be pickled" in text
    assert advice in text


def test_results_that_differ_alone_say_nothing_of_threads() -> None:
    alone = pool("serial", 1, 10, network=1.0, results_compared=300, results_differing=300)
    threads = pool("thread", 8, 80, network=1.0, results_compared=300, results_differing=300)
    assert said("results-differ", replace(WAITING, trials=(alone, threads))).startswith("info: The function does not")


def test_results_that_differ_in_processes_lack_a_shared_state() -> None:
    evidence = with_trials(QUIET, pool("process", 2, 20, held=1.0, gil=1.0, results_compared=9, results_differing=9))
    assert "state that calls leave behind" in said("results-differ", evidence)


def test_daemonic_workers_are_told_from_other_failures() -> None:
    message = "daemonic processes are not allowed to have children"
    failure = Failure(type="AssertionError", message=message, traceback="", count=4, calls=8)
    assert said("nested-pools", replace(QUIET, failure=failure)).startswith("error: The function starts processes")
    assert "nested-pools" not in codes(
        replace(QUIET, failure=Failure(type="E", message="", traceback="", count=4, calls=8))
    )


def test_one_worker_need_not_limit_a_library() -> None:
    assert said("own-threads", replace(THREADED, recommendation=advised("serial", 1))).startswith("info")
    assert "OMP_NUM_THREADS=2 in the environment" in said("own-threads", THREADED)


def test_each_library_is_limited_in_its_own_way() -> None:
    duckdb = said("own-threads", replace(THREADED, native_pools=(NativePool(library="duckdb"),)))
    assert 'duckdb.connect(config={"threads": 2})' in duckdb
    assert "in the environment" not in duckdb
    assert "threadpool_limits" not in duckdb
    polars = NativePool(library="polars", threads=4, variable="POLARS_MAX_THREADS")
    assert "POLARS_MAX_THREADS=2 in the environment" in said("own-threads", replace(THREADED, native_pools=(polars,)))


def test_more_memory_than_there_is_is_an_error_where_it_is_advised() -> None:
    evidence = replace(QUIET, environment=environment(memory_limit_bytes=10**9))
    advised_pool = pool("process", 2, 20, held=1.0, gil=1.0, memory_per_worker_bytes=6 * 10**8)
    assert said("memory-limit", with_trials(evidence, advised_pool)).startswith("error")
    assert said("memory-limit", with_trials(replace(evidence, recommendation=NOTHING), advised_pool)).startswith(
        "error"
    )
    other = replace(evidence, recommendation=advised("thread", 2))
    assert said("memory-limit", with_trials(other, advised_pool)).startswith("warning")


def test_a_long_start_is_said_even_where_it_is_repaid() -> None:
    evidence = with_trials(STARTING, pool("process", 2, 20, held=1.0, gil=1.0, speedup=2.0, startup_s=1.4))
    text = said("startup-dominates", evidence)
    assert text.startswith("info: Starting the workers takes long")
    assert "28 calls repay it" in text


def test_interpreters_import_anew_as_processes_do_and_no_fork_server_helps_them() -> None:
    evidence = with_trials(STARTING, pool("interpreter", 2, 20, held=1.0, gil=1.0, speedup=2.0, startup_s=1.4))
    text = said("startup-dominates", replace(evidence, recommendation=advised("interpreter", 2)))
    assert "interpreter × 2 takes 1.40 s to start" in text
    assert "Keep one pool for the whole program" in text
    assert "fork" not in text


def test_the_measured_break_even_goes_before_the_computed_one() -> None:
    evidence = with_trials(
        replace(STARTING, break_even=(BreakEven(backend="process", workers=2, calls=999),)),
        pool("process", 2, 20, held=1.0, gil=1.0, speedup=2.0, startup_s=0.2),
    )
    assert "999 calls repay it, there were 300" in said("startup-dominates", evidence)


def test_chunks_that_pay_show_what_one_call_at_a_time_costs() -> None:
    chunked = pool("process", 2, 187_654.0, held=1.0, gil=1.0, chunksize=400, chunksize_one_per_s=7000.0)
    text = said("task-too-small", with_trials(replace(QUIET, demands=make.demands(gil=1e-5)), chunked))
    assert "process × 2, chunksize 400 makes 188,000/s, with chunksize 1 7,000/s" in text
    assert "chunksize=400" in text
    assert "chunksize=" not in said("task-too-small", replace(TINY, dispatch_s={"thread": 2e-5}))


def test_offloaded_calls_that_hold_a_loop_up_are_no_coroutine_s_fault() -> None:
    evidence = with_trials(QUIET, pool("asyncio", 4, 10, held=1.0, gil=1.0, loop_lag_p99_s=0.12))
    text = said("loop-blocked", evidence)
    assert "Offloaded calls hold up the event loop" in text
    assert "unknown (max)" in text
    assert text.startswith("info"), "a plain caller has no loop"
    asked = replace(evidence, recommendation=advised("asyncio", 4, context="async"))
    assert said("loop-blocked", asked).startswith("warning")


@pytest.mark.parametrize(
    ("line", "advice"),
    [
        (hot("json.loads", wait=0.5), "asyncio.to_thread(...)"),
        (hot("requests.get", wait=0.5), "Await httpx.AsyncClient"),
        (hot(None, wait=0.1), "loop.run_in_executor"),
    ],
)
def test_a_blocked_loop_is_told_what_to_do_with_the_line(line: HotLine, advice: str) -> None:
    evidence = with_trials(LOOP, pool("asyncio", 1, 10, network=1.0, loop_lag_p99_s=0.12))
    assert advice in said("loop-blocked", replace(evidence, hot=(line,)))


def test_awaiting_matters_more_to_those_who_have_a_loop() -> None:
    evidence = replace(WAITING, hot=(hot("redis.client.Redis.get", wait=0.9),))
    assert said("native-async", evidence).startswith("info")
    asked = replace(evidence, recommendation=advised("asyncio", 8, context="async"))
    assert said("native-async", asked).startswith("warning")
    without_cpu = replace(evidence, demands=make.demands(sleep=0.1))
    assert "more than 1024 calls at once" in said("native-async", without_cpu)


def test_a_limit_met_by_one_worker_is_found_against_the_serial_run() -> None:
    flat = pool("thread", 8, 10.2, gil=0.01, network=0.99)
    assert "1 worker is enough" in said("resource-limit", with_trials(WAITING, flat))
