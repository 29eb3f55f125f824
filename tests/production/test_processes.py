"""Processes: forks that count anew, workers of every start method, and files that outlive whatever ends a process."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import cloudpickle  # type: ignore[import-untyped]
import pytest

from gilscope import classify
from gilscope.backends.interpreter import is_available
from gilscope.production.files import load_profiles

ROOT = Path(__file__).parents[2]
#: Python warns of forks in a process with threads, such as the one that writes the file.
WARNINGS = ("-W", "error", "-W", "ignore:This process:DeprecationWarning")
linux = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")


def program(text: str, folder: Path | None = None, **environment: str) -> subprocess.Popen[str]:
    """A fresh interpreter that runs ``text`` as a script which knows the functions of these tests as ``f``."""
    script = f"from tests.production import functions as f\n{textwrap.dedent(text)}"
    place = {} if folder is None else {"GILSCOPE_OUT": str(folder)}
    clean = {name: value for name, value in os.environ.items() if name != "GILSCOPE_OUT"}
    return subprocess.Popen(
        [sys.executable, *WARNINGS, "-c", script],
        env=clean | place | environment,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(text: str, folder: Path | None = None) -> str:
    """What it prints; whatever it says on standard error is a failure."""
    with program(text, folder) as process:
        told, complaint = process.communicate(timeout=100)
    assert (complaint, process.returncode) == ("", 0)
    return told


def script(tmp_path: Path, text: str, folder: Path) -> str:
    """What a script prints, run from its file: spawned workers import it again."""
    place = tmp_path / "script.py"
    place.write_text(textwrap.dedent(text))
    environment = {**os.environ, "GILSCOPE_OUT": str(folder), "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, place], env=environment, capture_output=True, text=True, timeout=100)
    assert (done.stderr, done.returncode) == ("", 0)
    return done.stdout


def calls(folder: Path) -> dict[str, tuple[int, int]]:
    """Calls and processes by the function's last name."""
    loaded = load_profiles(folder)
    assert loaded.skipped == ()
    return {profile.name.rpartition(":")[2]: (profile.calls, profile.processes) for profile in loaded.profiles}


# ---- what is loaded, and that nothing is written unasked ----


def test_decorating_loads_little() -> None:
    heavy = "'pandas', 'numpy', 'msgspec', 'typing', 'inspect', 'asyncio', 'multiprocessing', 'random', 'logging'"
    text = f"""
    import sys
    from gilscope import classify
    @classify
    def g(): return 1
    assert [g() for _ in range(100)] == [1] * 100
    assert g.__gilscope__.sums().calls == 100
    print(sorted({{{heavy}}} & set(sys.modules)))
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(text)], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_nothing_is_written_and_no_thread_started_unless_asked(tmp_path: Path) -> None:
    told = run(f"import os, threading; os.chdir({str(tmp_path)!r}); f.square(2); print(threading.active_count())")
    assert (told, os.listdir(tmp_path)) == ("1\n", [])


# ---- files ----


def test_a_function_that_arrives_pickled_by_value_is_recorded(tmp_path: Path) -> None:
    """As those of a notebook do, in a process that has not imported gilscope."""

    @classify(name="sent")
    def sent(n: int) -> int:
        return -n

    (tmp_path / "sent").write_bytes(cloudpickle.dumps(sent))
    text = f"import pickle, sys; print(pickle.load(open({str(tmp_path / 'sent')!r}, 'rb'))(3))"
    environment = {**os.environ, "GILSCOPE_OUT": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", text], env=environment, capture_output=True, text=True, timeout=100)
    assert (done.stdout, done.stderr) == ("-3\n", "")
    assert calls(tmp_path) == {"sent": (1, 1)}


def test_a_process_writes_at_its_end(tmp_path: Path) -> None:
    run("[f.square(2) for _ in range(1000)]", tmp_path)
    assert calls(tmp_path) == {"square": (1000, 1)}


def test_a_process_that_makes_no_call_writes_nothing(tmp_path: Path) -> None:
    run("", tmp_path)
    assert os.listdir(tmp_path) == []


def test_a_process_that_fails_has_written(tmp_path: Path) -> None:
    with program("f.fails()", tmp_path) as process:
        _, complaint = process.communicate(timeout=100)
    assert "ValueError: as asked" in complaint
    assert calls(tmp_path) == {"fails": (1, 1)}


@linux
@pytest.mark.parametrize("end", ["os._exit(0)", "sys.exit()"])
def test_a_fork_counts_anew_and_has_a_file_of_its_own(tmp_path: Path, end: str) -> None:
    text = f"""
    import os, sys
    [f.square(2) for _ in range(100)]
    if os.fork() == 0:
        [f.square(3) for _ in range(7)]
        assert f.square.__gilscope__.profile().calls == 7
        import gilscope.production.recording as recording
        recording.flush()
        {end}
    _, status = os.wait()
    assert status == 0, status
    """
    run(text, tmp_path)
    assert calls(tmp_path) == {"square": (107, 2)}


@linux
def test_the_call_that_forks_is_the_parents() -> None:
    text = """
    import os
    from gilscope import classify
    @classify
    def forks():
        return os.fork()
    @classify
    def idle(): pass
    child = forks()
    idle()
    counts = [g.__gilscope__.profile().calls for g in (forks, idle)]
    if child == 0:
        os._exit(0 if counts == [0, 1] else 3)
    print(counts, os.waitpid(child, 0)[1])
    """
    assert run(text) == "[1, 1] 0\n"


@linux
def test_a_generator_that_forks_is_the_parents() -> None:
    text = """
    import os
    from gilscope import classify
    @classify
    def forks():
        yield
        yield os.fork()
    generator = forks()
    next(generator)
    child = next(generator)
    generator.close()
    count = forks.__gilscope__.profile().calls
    if child == 0:
        os._exit(count)
    print(count, os.waitpid(child, 0)[1])
    """
    assert run(text) == "1 0\n"


@linux
def test_threads_may_be_counting_while_their_process_forks() -> None:
    text = """
    import os, threading
    f.square.__gilscope__.profile()  # which imports what every child would have to import anew
    done = threading.Event()
    def work():
        while not done.is_set():
            f.square(1)
    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads: thread.start()
    for _ in range(20):
        child = os.fork()
        if child == 0:
            [f.square(2) for _ in range(500)]
            os._exit(0 if f.square.__gilscope__.profile().calls == 500 else 3)
        assert os.waitpid(child, 0)[1] == 0
    done.set()
    for thread in threads: thread.join()
    print("all")
    """
    assert run(text) == "all\n"


@pytest.mark.parametrize("method", ["spawn", "forkserver", "fork"])
def test_workers_of_a_pool_write_when_they_end(tmp_path: Path, method: str) -> None:
    if method != "spawn" and not hasattr(os, "fork"):
        pytest.skip("this system does not fork")
    text = f"""
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context
    from tests.production import functions as f
    if __name__ == "__main__":
        f.square(1)
        with ProcessPoolExecutor(2, get_context({method!r})) as pool:
            assert sum(pool.map(f.square, range(300), chunksize=30)) == sum(n * n for n in range(300))
    """
    out = tmp_path / "out"
    script(tmp_path, text, out)
    ((count, processes),) = calls(out).values()
    assert count == 301
    assert 2 <= processes <= 3  # one worker may have been quick enough to do it all


def test_a_function_of_the_main_script_is_one_in_all_processes(tmp_path: Path) -> None:
    text = """
    from multiprocessing import get_context
    from gilscope import classify
    @classify
    def own(n):
        return -n
    if __name__ == "__main__":
        own(1)
        context = get_context("spawn")
        workers = [context.Process(target=own, args=(n,)) for n in range(2)]
        for worker in workers: worker.start()
        for worker in workers: worker.join()
        assert [worker.exitcode for worker in workers] == [0, 0]
    """
    out = tmp_path / "out"
    script(tmp_path, text, out)
    assert calls(out) == {"own": (3, 3)}
    assert load_profiles(out).profiles[0].spec == "__main__:own"


@pytest.mark.interpreter
@pytest.mark.skipif(not is_available(), reason="this Python has no pools of interpreters")
def test_calls_in_interpreters_are_all_counted_and_observed_though_the_main_one_makes_none(tmp_path: Path) -> None:
    text = """
    import time
    from concurrent.futures import InterpreterPoolExecutor
    import gilscope
    from tests.production import functions as f
    from gilscope.production.beside import beside
    until = time.monotonic() + 60
    while time.monotonic() < until and not any(each.name.endswith("nap") for each in beside.profiles()):
        with InterpreterPoolExecutor(2) as pool:
            list(pool.map(f.square, [3] * 500))
            list(pool.map(f.nap, [0.1] * 20))
        print(1)
    """
    observed = {"GILSCOPE_OBSERVE": "1"}
    with program(text, tmp_path, **observed) as process:
        told, complaint = process.communicate(timeout=100)
    assert (complaint, process.returncode) == ("", 0)
    pools = len(told.split())
    assert calls(tmp_path) == {"square": (500 * pools, 2), "nap": (20 * pools, 2)}
    loaded = load_profiles(tmp_path)
    assert loaded.processes == 1
    (nap,) = (profile for profile in loaded.profiles if profile.name.endswith("nap"))
    assert nap.observed is not None
    assert (nap.observed.sleep_s or 0) > 0.9 * nap.observed.wall_s
    assert len(list(tmp_path.glob("*-interpreter.*"))) <= 2
