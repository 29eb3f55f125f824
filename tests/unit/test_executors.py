"""Executors as recommended: each does what the program to paste does, and what is none says so."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import msgspec
import pytest

import gilscope
from gilscope.backends.interpreter import is_available
from gilscope.decide.code import CodeTarget, Execution, program_for
from gilscope.decide.recommend import recommend
from gilscope.decide.throughput import with_throughput
from gilscope.decide.traits import way_of
from gilscope.executors import Plan, open_executor
from gilscope.records import Context, NativePool, Recommendation
from tests.unit import decide_builders as make
from tests.unit.code_programs import run
from tests.unit.handmade import make_recommendation, make_result, make_trial

MODULE = """
import os
import threading

import numpy  # whose BLAS starts threads of its own

INPUTS = list(range(8))
MAIN = os.getpid()
opened = []


def connect():
    opened.append(1)


def close():
    with open(f"closed-{os.getpid()}", "a") as file:
        file.write("x")


def work(x):
    worker = (os.getpid(), threading.get_ident())
    limits = sorted({pool["num_threads"] for pool in __import__("threadpoolctl").threadpool_info()})
    return 2 * x, len(opened), limits, worker, threading.current_thread() is threading.main_thread()


def plain(x):
    return 2 * x, len(opened)
"""
MAKING = """
import pathlib
import gilscope
from user_code import INPUTS, work

if __name__ == "__main__":
    advice = gilscope.Result.from_json(pathlib.Path("saved.json")).recommendation
    with advice.make_executor() as pool:
        results = list(pool.map(work, INPUTS))
"""
BLAS = (NativePool(library="openblas", threads=4, variable="OPENBLAS_NUM_THREADS"),)


def advised(
    backend: str, workers: int = 2, chunksize: int = 1, context: Context = "sync", func: str = "work", **more: Any
) -> Recommendation:
    """As recommended after a race that this backend has won."""
    target = CodeTarget(
        f"user_code:{func}", inputs="INPUTS", setup="connect", teardown="close", native_pools=BLAS, cpus=4.0
    )
    winner = make.trial(
        *(backend, (400, 401, 402)),
        workers=workers,
        chunksize=chunksize,
        executor=way_of(backend, "sync").executor,
        runner="plain",
        **more,
    )
    alone = [make.trial("serial", (100, 101, 99), runner="plain")] if backend != "serial" else []
    advice = recommend(
        with_throughput([*alone, winner]),
        make.label("compute-bound", "native"),
        kind="sync",
        simplicity=make.SIMPLICITY,
        context=context,
        target=target,
    )
    return msgspec.structs.replace(advice, setup="user_code:connect", teardown="user_code:close")


def in_chunks(results: Any, size: int) -> bool:
    workers = [worker for _, _, _, worker, _ in results]
    return all(len({*workers[at : at + size]}) == 1 for at in range(0, len(workers), size))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "user_code.py").write_text(MODULE)
    return tmp_path


@pytest.mark.parametrize(
    ("advice", "elsewhere"),
    [
        (advised("serial", 1), False),
        (advised("thread"), False),
        (advised("process", 2, 4, start_method="spawn"), True),
        (advised("process", 2, 4, "async", start_method="fork"), True),
    ],
    ids=["serial", "thread", "spawn", "offload to process"],
)
def test_it_does_what_the_program_to_paste_does(advice: Recommendation, elsewhere: bool, folder: Path) -> None:
    """Results, set-up, tear-down, native threads, chunks, and whether calls leave the caller's process and thread."""
    make_result(recommendation=advice, trials=()).to_json(folder / "saved.json")
    told: list[Any] = []
    for text in (advice.code, MAKING):
        told.append(run(text, folder))
        closed = {int(file.name.partition("-")[2]) for file in folder.glob("closed-*")}
        assert closed >= {worker[0] for *_, worker, _ in told[-1]}, "each that made calls was torn down"
        for pid in closed:
            (folder / f"closed-{pid}").unlink()
    pasted, made = told
    assert [each[:3] for each in made] == [each[:3] for each in pasted]
    assert {each[1] for each in made} == {1}
    if advice.workers == 2:
        assert made[0][2] == [2], "half of four CPUs"
    for results in told:
        assert len({worker for *_, worker, _ in results}) <= (advice.workers or 1)
        assert in_chunks(results, advice.chunksize if elsewhere and advice.chunksize else 1)
        assert {in_main for *_, in_main in results} == {elsewhere or advice.executor is None}


@pytest.mark.interpreter
@pytest.mark.skipif(not is_available(), reason="this Python has no pools of interpreters")
def test_interpreters_do_what_the_program_to_paste_does(folder: Path) -> None:
    (folder / "user_code.py").write_text(MODULE.replace("import numpy  #", "#"))
    advice = msgspec.structs.replace(advised("interpreter", 2, 4, func="plain"), native_variables=())
    target = CodeTarget("user_code:plain", inputs="INPUTS", setup="connect", teardown="close")
    make_result(recommendation=advice, trials=()).to_json(folder / "saved.json")
    pasted = run(program_for(target, Execution("interpreter", 2, 4)), folder)
    assert pasted == run(MAKING.replace("work", "plain"), folder) == [(2 * x, 1) for x in range(8)]


@pytest.mark.interpreter
@pytest.mark.skipif(not is_available(), reason="this Python has no pools of interpreters")
def test_a_batched_map_takes_of_an_endless_iterable_what_is_asked_for() -> None:
    with open_executor(Plan("interpreter", 2, 3)) as pool:
        endless: Any = pool.map(abs, itertools.count(), buffersize=2)  # type: ignore[call-arg]  # since 3.14
        assert list(itertools.islice(endless, 7)) == list(range(7))
        with pytest.raises(ValueError, match="chunksize must be >= 1"):
            pool.map(abs, [1], chunksize=0)


@pytest.mark.skipif(is_available(), reason="this Python has pools of interpreters")
def test_a_python_without_interpreters_says_so() -> None:
    advice = make_recommendation(backend="interpreter", executor="interpreter", runner="plain")
    with pytest.raises(gilscope.UsageError, match=r"needs Python 3\.14 or later, and this is 3\.1"):
        advice.make_executor()


@pytest.mark.parametrize(
    ("changes", "error", "why"),
    [
        ({"backend": None, "reason": "too noisy"}, gilscope.MeasurementError, "nothing is recommended: too noisy"),
        ({"backend": "asyncio", "executor": None}, gilscope.UsageError, "no executor runs it: `code`.*2 at a"),
        ({"backend": "serial", "runner": "event-loop"}, gilscope.UsageError, "a coroutine function is awaited"),
        ({"backend": "rq", "executor": "queue", "runner": "plain"}, gilscope.UsageError, "rq is a task queue"),
        ({"backend": "mpi", "executor": "mpi", "runner": "plain"}, gilscope.UsageError, "mpi is from another package"),
        (
            {"executor": "process", "setup": "no_such_module:connect"},
            gilscope.UsageError,
            r"setup of the analysis was no_such_module:connect, .*give it, as in make_executor\(setup=\.\.\.\)",
        ),
        ({"executor": "thread", "teardown": "partial"}, gilscope.UsageError, r"make_executor\(teardown=\.\.\.\)"),
    ],
)
def test_what_is_no_executor_says_what_to_do(changes: dict[str, Any], error: type[Exception], why: str) -> None:
    with pytest.raises(error, match=why):
        make_recommendation(**changes).make_executor()


@pytest.mark.parametrize(
    ("backend", "kind"), [("process", ProcessPoolExecutor), ("thread", ThreadPoolExecutor), ("serial", Executor)]
)
def test_a_result_of_an_older_version_makes_one_too(backend: str, kind: type[Executor]) -> None:
    trials = (make_trial(), make_trial(backend, 2))
    record = make_result(recommendation=make_recommendation(backend=backend), trials=trials).to_dict()
    for part in (record["recommendation"], *record["trials"]):
        del part["runner"], part["executor"]
    with gilscope.Result.from_dict(record).recommendation.make_executor() as pool:
        assert isinstance(pool, kind)


# -- within one process ------------------------------------------------------------------------------------------------


@pytest.fixture(params=["serial", "thread"])
def within(request: pytest.FixtureRequest) -> Callable[..., Executor]:
    return lambda **hooks: open_executor(Plan(None if request.param == "serial" else "thread", **hooks))


def test_set_up_before_the_first_call_and_torn_down_after_the_last(within: Callable[..., Executor]) -> None:
    told: list[Any] = []
    with within(setup=lambda: told.append("set up"), teardown=lambda: told.append("torn down")) as pool:
        pool.submit(told.append, "called")
    pool.shutdown()
    assert told == ["set up", "called", "torn down"]


def test_what_a_call_raises_is_in_its_future(within: Callable[..., Executor]) -> None:
    with within() as pool:
        assert isinstance(pool.submit(int, "x").exception(), ValueError)
        with pytest.raises(ZeroDivisionError):
            list(pool.map(lambda x: 1 / x, [1, 0]))
    with pytest.raises(RuntimeError, match="cannot schedule new futures after shutdown"):
        pool.submit(int)


def test_who_does_not_wait_tears_down_nothing_under_a_call() -> None:
    told: list[str] = []
    go = threading.Event()
    pool = open_executor(Plan("thread", teardown=lambda: told.append("torn down")))
    future = pool.submit(go.wait)
    pool.shutdown(wait=False)
    assert told == []
    go.set()
    pool.shutdown()
    assert (future.result(), told) == (True, ["torn down"])


def test_serial_calls_are_made_where_they_are_submitted_and_ctrl_c_is_the_callers() -> None:
    def stop() -> None:
        raise KeyboardInterrupt

    with open_executor(Plan(None)) as pool:
        assert pool.submit(threading.get_ident).result() == threading.get_ident()
        assert list(pool.map(pow, [2, 3], [3, 2])) == [8, 9]
        with pytest.raises(KeyboardInterrupt):
            pool.submit(stop)


def test_native_threads_are_limited_while_it_is_open() -> None:
    numpy = pytest.importorskip("numpy")
    assert numpy.__name__
    threadpoolctl = pytest.importorskip("threadpoolctl")

    def threads() -> list[int]:
        return [pool["num_threads"] for pool in threadpoolctl.threadpool_info()]

    before = threads()
    assert before
    with open_executor(Plan("thread", 2, native_threads=1, native_variables=("OMP_NUM_THREADS",))) as pool:
        assert set(pool.submit(threads).result()) == {1}
    assert threads() == before


def test_its_map_takes_the_recommended_chunksize_unless_told(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []
    monkeypatch.setattr(ProcessPoolExecutor, "map", lambda self, fn, *_, timeout, chunksize: sizes.append(chunksize))
    with open_executor(Plan("process", 2, 10)) as pool:
        for items in (range(100), range(8), range(0)):
            pool.map(abs, items)
        pool.map(abs, iter(range(8)))
        pool.map(pow, range(100), range(6))
        pool.map(abs, range(100), chunksize=7)
    assert sizes == [10, 4, 1, 10, 3, 7]
