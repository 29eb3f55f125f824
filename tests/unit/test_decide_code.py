"""Every kind of program is run, for both kinds of caller, against a module like a user's."""

from __future__ import annotations

import ast
import multiprocessing
import subprocess
import sys
from itertools import product
from pathlib import Path

import pytest

from gilscope.backends.interpreter import is_available
from gilscope.decide.code import CodeTarget, Execution, both_programs, program_for
from gilscope.decide.code.names import bound_names
from gilscope.decide.code.programs import CORE, Templates
from gilscope.queues.code import TEMPLATES
from gilscope.records import Context, Kind, NativePool
from tests.unit import code_programs as programs
from tests.unit.code_programs import CONTEXTS, run

RUFF = Path(sys.executable).with_name("ruff")
THREADS, PROCESSES = Execution("thread", 2), Execution("process", 2, 2, "spawn")


@pytest.fixture
def user_code(tmp_path: Path) -> Path:
    (tmp_path / "user_code.py").write_text(programs.MODULE)
    return tmp_path


@pytest.mark.parametrize(("kind", "name", "context"), programs.CASES)
def test_every_kind_of_program_runs_as_it_stands(kind: Kind, name: str, context: Context, user_code: Path) -> None:
    method = programs.EXECUTIONS[name].start_method
    if method is not None and method not in multiprocessing.get_all_start_methods():
        pytest.skip(f"this platform has no {method}")
    assert run(programs.written(kind, name, context), user_code) == programs.EXPECTED[kind]


@pytest.mark.parametrize("context", CONTEXTS)
@pytest.mark.parametrize("name", programs.INTERPRETERS)
@pytest.mark.parametrize("kind", programs.FUNCTIONS)
def test_a_pool_of_interpreters_has_its_program(kind: Kind, name: str, context: Context) -> None:
    text = programs.written(kind, name, context)
    compile(text, "program", "exec")
    assert "InterpreterPoolExecutor(max_workers=workers)" in text
    assert "chunksize=chunksize" not in text, "its map sends each item alone"
    if context == "async":
        assert "loop.run_in_executor(pool, " in text


@pytest.mark.interpreter
@pytest.mark.skipif(not is_available(), reason="this Python has no pools of interpreters")
@pytest.mark.parametrize(("name", "context"), [("interpreter", "sync"), ("offload to interpreter", "async")])
def test_which_runs_as_it_stands(name: str, context: Context, user_code: Path) -> None:
    assert run(programs.written("sync", name, context), user_code) == programs.EXPECTED["sync"]


@pytest.mark.interpreter
@pytest.mark.skipif(not is_available(), reason="this Python has no pools of interpreters")
def test_which_finds_a_module_by_its_folder_and_sets_each_interpreter_up(user_code: Path) -> None:
    (user_code / "elsewhere").mkdir()
    (user_code / "user_code.py").rename(user_code / "elsewhere" / "user_code.py")
    target = CodeTarget("elsewhere/user_code.py:needs_connection", inputs="INPUTS", setup="connect", teardown="close")
    assert run(program_for(target, Execution("interpreter", 2, 2)), user_code) == [1, 2, 3]


@pytest.mark.parametrize(
    ("execution", "context"),
    [(Execution("serial"), "sync"), (THREADS, "async"), (PROCESSES, "sync"), (PROCESSES, "async")],
    ids=["serial", "thread beside a loop", "process", "process beside a loop"],
)
class TestWaysToCall:
    def test_tuples_of_arguments(self, execution: Execution, context: Context, user_code: Path) -> None:
        target = CodeTarget("user_code:add", star=True, inputs="PAIRS")
        assert run(program_for(target, execution, context), user_code) == [3, 7]

    def test_whole_calls(self, execution: Execution, context: Context, user_code: Path) -> None:
        target = CodeTarget("user_code:add", star=True, keywords=True, inputs="CALLS")
        assert run(program_for(target, execution, context), user_code) == [3, 7]

    def test_keyword_arguments_with_names_of_the_module(
        self, execution: Execution, context: Context, user_code: Path
    ) -> None:
        kwargs = {"extra": "sum(n*STEP for n in (1,1))"}
        target = CodeTarget("user_code:double", kwargs=kwargs, inputs="make_inputs", inputs_callable=True)
        assert run(program_for(target, execution, context), user_code) == [12, 14, 16]

    def test_keyword_arguments_with_names_of_their_own(
        self, execution: Execution, context: Context, user_code: Path
    ) -> None:
        target = CodeTarget("user_code:double", kwargs={"extra": "(lambda n: n * STEP)(2)"}, inputs="INPUTS")
        assert run(program_for(target, execution, context), user_code) == [12, 14, 16]

    def test_the_arguments_of_one_call(self, execution: Execution, context: Context, user_code: Path) -> None:
        target = CodeTarget("user_code:add", args=("STEP", "2"), kwargs={"text": "'it' + \"'s\""})
        assert run(program_for(target, execution, context), user_code) == ["it's"] * 100

    def test_no_arguments(self, execution: Execution, context: Context, user_code: Path) -> None:
        assert run(program_for(CodeTarget("user_code:answer", bare=True), execution, context), user_code) == [42] * 100

    def test_a_method_and_a_path_and_endless_inputs(
        self, execution: Execution, context: Context, user_code: Path
    ) -> None:
        (user_code / "app").mkdir()
        (user_code / "user_code.py").rename(user_code / "app" / "user_code.py")
        place = "app/user_code.py"
        target = CodeTarget(
            f"{place}:Tools.times", instance=True, inputs="endless", inputs_callable=True, inputs_used=3
        )
        assert run(program_for(target, execution, context), user_code) == [21, 21, 21]
        target = CodeTarget(f"{place}:Tools.triple", inputs=f"{place}:INPUTS")
        assert run(program_for(target, execution, context), user_code) == [3, 6, 9]

    def test_set_up_and_tear_down(self, execution: Execution, context: Context, user_code: Path) -> None:
        target = CodeTarget("user_code:needs_connection", inputs="INPUTS", setup="connect", teardown="user_code:close")
        assert run(program_for(target, execution, context), user_code) == [1, 2, 3]

    def test_a_set_up_that_comes_before_the_import(
        self, execution: Execution, context: Context, user_code: Path
    ) -> None:
        (user_code / "settings.py").write_text("TABLE = {}\n\n\ndef configure():\n    TABLE.update(factor=2)\n")
        (user_code / "orders.py").write_text(
            "import settings\n\nFACTOR = settings.TABLE['factor']\nINPUTS = [1, 2]\n\n\n"
            "def total(x):\n    return FACTOR * x\n"
        )
        target = CodeTarget("orders:total", inputs="INPUTS", setup="settings:configure", set_up_first=True)
        assert run(program_for(target, execution, context), user_code) == [2, 4]

    def test_a_name_that_the_program_uses_itself(self, execution: Execution, context: Context, user_code: Path) -> None:
        target = CodeTarget("user_code:run_all", inputs="INPUTS")
        assert run(program_for(target, execution, context), user_code) == [-1, -2, -3]


EVERY_KIND = [
    *((execution, CORE) for execution in programs.EXECUTIONS.values()),
    *((execution, TEMPLATES) for execution in programs.QUEUES.values()),
]


@pytest.mark.parametrize("context", CONTEXTS)
@pytest.mark.parametrize(("execution", "templates"), EVERY_KIND)
def test_no_name_of_the_users_means_something_else_in_the_program(
    execution: Execution, templates: Templates, context: Context
) -> None:
    def written(name: str) -> str:
        target = CodeTarget(f"user_code:{name}", setup="user_code:connect", inputs="user_code:INPUTS")
        return program_for(target, execution, context, templates=templates)

    own = bound_names(ast.parse(written("function"))) - {"function", "connect", "INPUTS"}
    assert len(own) > 3
    for name in {*own, "list"}:
        assert f"import {name} as {name}_\n" in written(name), name


@pytest.mark.parametrize("context", CONTEXTS)
@pytest.mark.parametrize(
    ("execution", "templates"), [(PROCESSES, CORE), (programs.QUEUES["celery"], TEMPLATES)], ids=["process", "celery"]
)
def test_coroutines_of_a_batch_share_a_loop(execution: Execution, templates: Templates, context: Context) -> None:
    target = CodeTarget("user_code:fetch", kind="coroutine", inputs="INPUTS")
    text = program_for(target, execution, context, templates=templates)
    assert "return [await fetch(item) for item in batch]" in text
    assert "return asyncio.run(call_each(batch))" in text


def test_celery_pickles_only_what_json_does_not_carry() -> None:
    def written(plain: bool) -> str:
        target = CodeTarget("user_code:double", inputs="INPUTS", plain=plain)
        return program_for(target, programs.QUEUES["celery"], templates=TEMPLATES)

    assert 'accept_content=["json"]' in written(plain=True)
    assert "C_FORCE_ROOT" not in written(plain=True)
    assert 'accept_content=["pickle"]' in written(plain=False)
    assert "Celery lets no root read pickles, unless C_FORCE_ROOT=1" in written(plain=False)


@pytest.mark.parametrize("context", CONTEXTS)
def test_a_coroutine_sets_up_on_its_loop(context: Context, user_code: Path) -> None:
    target = CodeTarget("user_code:fetch", kind="coroutine", inputs="INPUTS", setup="connect", teardown="close")
    assert run(program_for(target, Execution("asyncio", 2), context), user_code) == [2, 4, 6]


OPENBLAS = NativePool(library="openblas", threads=8, variable="OPENBLAS_NUM_THREADS")
POLARS = NativePool(library="polars", threads=8, variable="POLARS_MAX_THREADS")
DUCKDB = NativePool(library="duckdb", threads=8)


@pytest.mark.parametrize("context", CONTEXTS)
@pytest.mark.parametrize("execution", [THREADS, PROCESSES], ids=["thread", "process"])
def test_workers_limit_the_threads_of_libraries(execution: Execution, context: Context, user_code: Path) -> None:
    pytest.importorskip("threadpoolctl")
    (user_code / "user_code.py").write_text(f"import numpy\n{programs.MODULE}")
    pools = (OPENBLAS, POLARS, DUCKDB)
    target = CodeTarget("user_code:limits", inputs="INPUTS", native_pools=pools, cpus=2)
    found = run(program_for(target, execution, context), user_code)
    assert isinstance(found, list)
    assert all(set(threads) == {1} for threads, _ in found)
    assert {limit for _, limit in found} == {"1" if execution.backend == "process" else None}


def test_who_limits_threads() -> None:
    def text(
        execution: Execution, subtype: str | None = "own-threads", *pools: NativePool, cpus: float | None = None
    ) -> str:
        target = CodeTarget("user_code:double", inputs="INPUTS", native_pools=pools, cpus=cpus)
        return program_for(target, execution, "sync", programs.classified(subtype=subtype))

    assert 'os.environ["OMP_NUM_THREADS"] = "1"' in text(THREADS)
    assert "threadpool_limits(limits=4)" in text(THREADS, None, OPENBLAS, cpus=8.5)
    assert 'os.environ["OPENBLAS_NUM_THREADS"] = "4"' in text(THREADS, None, OPENBLAS, cpus=8.5)
    assert "threadpool" not in text(THREADS, "python")
    assert "threadpool" not in text(THREADS, None, NativePool(library="openblas", threads=1))
    assert "threadpool" not in text(Execution("process", 1), "own-threads", OPENBLAS)
    assert "threadpool" not in text(Execution("serial"), "own-threads", OPENBLAS)
    assert 'os.environ["POLARS_MAX_THREADS"] = "1"  # before polars' in text(PROCESSES, "own-threads", POLARS)
    assert "threadpool" not in text(PROCESSES, "own-threads", POLARS)
    assert "# duckdb: allow it 1 of its threads" in text(PROCESSES, "own-threads", DUCKDB)


def test_what_is_recommended_is_what_the_program_says() -> None:
    target = CodeTarget("user_code:double", inputs="INPUTS")
    text = program_for(target, Execution("process", 3, 16, "forkserver"))
    assert "workers = max(1, min(3, len(items)))" in text
    assert 'get_context("forkserver")' in text
    assert "chunksize = max(1, min(16, len(items) // workers))" in text
    assert 'if __name__ == "__main__":' in text
    assert "at + chunksize" in program_for(target, Execution("asyncio", 3, 16, "spawn", "process"), "async")
    assert "Semaphore(min(64, len(items)))" in program_for(
        CodeTarget("m:f", kind="coroutine"), Execution("asyncio", 64)
    )


def test_both_callers_have_their_code() -> None:
    target = CodeTarget("user_code:double", inputs="INPUTS")
    plain, on_loop = both_programs(target, THREADS, "sync")
    assert "pool.map" in plain
    assert "run_in_executor" in on_loop
    assert both_programs(target, Execution("asyncio", 2, executor="thread"), "async") == (on_loop, plain)


def test_a_loop_is_left_free_unless_that_takes_longer_than_the_call() -> None:
    target = CodeTarget("user_code:double", inputs="INPUTS")
    assert "await asyncio.to_thread(double, item)" in program_for(target, Execution("serial"), "async")
    brief = program_for(target, Execution("serial"), "async", programs.classified("overhead-bound"))
    assert "to_thread" not in brief


def test_without_inputs_there_is_a_place_for_them() -> None:
    assert "inputs = []  # fill in" in program_for(CodeTarget("user_code:double"), THREADS)


@pytest.mark.parametrize("named", [True, False])
def test_a_function_that_cannot_be_imported_is_left_to_the_user(named: bool) -> None:
    name = "outer.<locals>.<lambda>" if named else "double"
    text = program_for(CodeTarget(f"user_code:{name}", named=named), THREADS)
    compile(text, "program", "exec")
    assert "# func: the function that was analyzed" in text
    assert "import double" not in text


@pytest.mark.parametrize("context", CONTEXTS)
def test_a_backend_unknown_here_is_told_in_a_comment(context: Context) -> None:
    text = program_for(CodeTarget("user_code:double"), Execution("ray", 4), context)
    assert "no code to paste for ray with 4 workers" in text
    assert compile(text, "program", "exec").co_names == ()


PACKAGE = "organisation/department/services"


def long_programs(length: int, context: Context) -> dict[str, str]:
    """Programs whose names leave less and less room on a line."""
    place = f"{PACKAGE.replace('/', '.')}.{'m' * length}"
    kwargs = {"extra": "'x' * 3", "more": "STEP"}
    targets = [
        CodeTarget(f"{place}:{'f' * length}"),
        CodeTarget(f"{place}:{'f' * length}", kwargs=kwargs, inputs="I" * length, native_pools=(OPENBLAS, POLARS)),
        CodeTarget(f"{place}:T.{'f' * length}", instance=True, args=("1", "(2,)"), setup="s", teardown="t"),
        CodeTarget(f"{place}:{'f' * length}", kind="async-generator", kwargs=kwargs),
        CodeTarget(f"path/to/{'p' * length}.py:main", kind="coroutine", star=True, inputs="i", inputs_used=9),
    ]
    names = [*programs.EXECUTIONS, *programs.QUEUES]
    return {
        f"{length}_{at}_{name.replace(', ', '_').replace(' ', '_')}_{context}.py": program_for(
            target, execution, context, templates=templates
        )
        for at, target in enumerate(targets)
        for name, (execution, templates) in zip(names, EVERY_KIND, strict=True)
    }


@pytest.mark.skipif(not RUFF.exists(), reason="ruff is not installed beside this interpreter")
def test_programs_are_formatted_and_pass_the_linter(tmp_path: Path) -> None:
    texts = {f"{at}.py": programs.written(*case) for at, case in enumerate(programs.CASES)} | {"user_code.py": ""}
    for length, context in product(range(3, 42, 2), CONTEXTS):
        texts |= long_programs(length, context)
        texts[f"{PACKAGE}/{'m' * length}.py"] = ""  # the linter looks which modules are the project's own
    (tmp_path / PACKAGE).mkdir(parents=True)
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
    for command in (["check", "--isolated"], ["format", "--isolated", "--diff"]):
        done = subprocess.run([RUFF, *command, "."], cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout[:3000] + done.stderr[-500:]


def test_jinja_is_loaded_only_when_a_program_is_written() -> None:
    code = "import sys; import gilscope.decide.recommend; assert 'jinja2' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
