"""No call is lost, whatever ends a process: signals and their default actions, os._exit, an exec, pools, servers."""

from __future__ import annotations

import asyncio
import http.client
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from gilscope.production.files import Loaded, load_profiles
from gilscope.production.folders import MOST_ENDED
from tests.production.test_processes import ROOT, program

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="what is mapped and locked here is Linux's")

WORK = """
import asyncio, ctypes, os, signal, sys, threading
for _ in range(40): f.nap(0.001)
for _ in range(40): f.square(2)
for _ in range(1000): f.add(1)
f.fib(10)
for _ in range(40):
    try: f.fails()
    except ValueError: pass
async def dozes():
    for _ in range(40): await f.doze(0)
asyncio.run(dozes())
for _ in range(40): list(f.numbers(3))
threads = [threading.Thread(target=f.spin, args=(0,)) for _ in range(40)]
for thread in threads:
    thread.start()
    thread.join()
"""
#: Calls, nested ones and errors.
MADE = {
    "nap": (40, 0, 0),
    "square": (40, 0, 0),
    "add": (1000, 0, 0),
    "fib": (1, 176, 0),
    "fails": (40, 0, 40),
    "doze": (40, 0, 0),
    "numbers": (40, 0, 0),
    "spin": (40, 0, 0),
}
#: What ends the process, and how it is found.
ENDS = {
    "": "ended",
    "sys.exit(3)": "ended",
    "os._exit(0)": "gone",
    "signal.raise_signal(signal.SIGTERM)": "gone",
    "signal.signal(signal.SIGHUP, signal.SIG_DFL); os.kill(os.getpid(), signal.SIGHUP)": "gone",  # nohup ignores it
    "os.kill(os.getpid(), signal.SIGKILL)": "gone",
    "os.execv('/bin/true', ['true'])": "gone",
    "os.abort()": "gone",
    "ctypes.string_at(0)": "gone",
}


def last_name(spec: str) -> str:
    return spec.rpartition(":")[2]


def counted(loaded: Loaded) -> dict[str, tuple[int, int, int]]:
    assert loaded.skipped == ()
    return {last_name(each.name): (each.calls, each.nested, each.errors) for each in loaded.profiles}


def test_every_call_is_counted_whatever_ends_the_process(tmp_path: Path) -> None:
    places = {end: tmp_path / str(number) for number, end in enumerate(ENDS)}
    running = [program(f"{WORK}\n{end}", places[end]) for end in ENDS]
    for process in running:
        process.communicate(timeout=100)
    found = {end: load_profiles(place) for end, place in places.items()}
    assert {end: counted(loaded) for end, loaded in found.items()} == dict.fromkeys(ENDS, MADE)
    assert {end: [each.state for each in loaded.recorded] for end, loaded in found.items()} == {
        end: [state] for end, state in ENDS.items()
    }
    naps = [next(each for each in loaded.profiles if last_name(each.name) == "nap") for loaded in found.values()]
    assert [(nap.timed_weight, nap.timed_calls) for nap in naps] == [(40, 40)] * len(ENDS), "every one is timed"


def test_a_call_is_counted_when_it_has_ended_wherever_the_process_is_killed(tmp_path: Path) -> None:
    """Threads tell of each call that has ended in memory of the test's; the kill comes at a moment nobody chose."""
    told = tmp_path / "told"
    told.write_bytes(bytes(8 * 4))
    text = f"""
    import mmap, threading
    f.square(2)
    with open({str(told)!r}, "r+b") as file: words = memoryview(mmap.mmap(file.fileno(), 32)).cast("Q")
    def hammer(number):
        while True:
            f.square(2)
            words[number] += 1
    for number in range(4): threading.Thread(target=hammer, args=(number,)).start()
    """
    with program(text, tmp_path / "out") as process:
        while sum(memoryview(told.read_bytes()).cast("Q")) < 30_000:
            assert process.poll() is None
        process.kill()
        process.communicate(timeout=100)
    made = sum(memoryview(told.read_bytes()).cast("Q"))
    ((calls, _, _),) = counted(load_profiles(tmp_path / "out")).values()
    assert made + 1 <= calls <= made + 1 + 4


def test_threads_that_call_while_recording_begins_are_counted(tmp_path: Path) -> None:
    text = """
    import os, threading
    ready = threading.Barrier(8)
    def work():
        ready.wait()
        for _ in range(5): f.square(2)
    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
    os._exit(0)
    """
    with program(text, tmp_path) as process:
        process.communicate(timeout=100)
    assert counted(load_profiles(tmp_path)) == {"square": (40, 0, 0)}


def test_a_relative_folder_is_where_it_was_when_the_program_began(tmp_path: Path) -> None:
    """Whatever the program, and what it starts, change to before the first call."""
    (tmp_path / "elsewhere").mkdir()
    text = f"""
    import os, subprocess, sys
    os.chdir({str(tmp_path / "elsewhere")!r})
    f.square(2)
    command = "from tests.production import functions as f; f.square(2)"
    subprocess.run([sys.executable, "-c", command], env={{**os.environ, "PYTHONPATH": {str(ROOT)!r}}}, check=True)
    """
    with program(text, Path(os.path.relpath(tmp_path / "out", ROOT))) as process:
        assert process.communicate(timeout=100)[1] == ""
    assert counted(load_profiles(tmp_path / "out")) == {"square": (2, 0, 0)}
    assert os.listdir(tmp_path / "elsewhere") == []


def test_workers_that_a_pool_ends_have_counted(tmp_path: Path) -> None:
    """By SIGTERM, as ``Pool.terminate`` does, or by os._exit."""
    text = """
    import multiprocessing, os
    context = multiprocessing.get_context("fork")
    pool = context.Pool(2)
    assert len(pool.map(f.square, range(40))) == 40
    pool.terminate()
    pool.join()
    for _ in range(40): f.square(1)
    for _ in range(3):
        if os.fork() == 0:
            for _ in range(40): f.square(3)
            os._exit(0)
        os.wait()
    """
    with program(text, tmp_path) as process:
        assert process.communicate(timeout=100)[1] == ""
    loaded = load_profiles(tmp_path)
    assert counted(loaded) == {"square": (200, 0, 0)}
    assert sorted(each.state for each in loaded.recorded)[:1] == ["ended"]


def test_a_child_that_forks_within_a_call_leaves_its_parents_counts_alone(tmp_path: Path) -> None:
    text = """
    import os
    from gilscope import classify
    @classify
    def forks(): return os.fork()
    for _ in range(10): f.square(1)
    child = forks()
    if child == 0:
        for _ in range(7): f.square(1)
        os._exit(0)
    os.waitpid(child, 0)
    for _ in range(10): f.square(1)
    os._exit(0)
    """
    with program(text, tmp_path) as process:
        assert process.communicate(timeout=100)[1] == ""
    assert counted(load_profiles(tmp_path)) == {"square": (27, 0, 0), "forks": (1, 0, 0)}


def test_a_hundred_workers_that_come_and_go_leave_few_files(tmp_path: Path) -> None:
    """Some end by themselves, some are ended, four at a time; each may tidy up while others write."""
    text = """
    import os, signal, sys
    f.square(1)
    for number in range(30):
        children = []
        for place in range(4):
            child = os.fork()
            if child == 0:
                f.square(2)
                if place: os._exit(0) if number % 2 else os.kill(os.getpid(), signal.SIGTERM)
                sys.exit()
            children.append(child)
        for child in children: os.waitpid(child, 0)
    """
    with program(text, tmp_path) as process:
        assert process.communicate(timeout=100)[1] == ""
    assert counted(load_profiles(tmp_path)) == {"square": (121, 0, 0)}
    assert load_profiles(tmp_path).processes == 121
    assert len(os.listdir(tmp_path)) <= MOST_ENDED + 10


@pytest.mark.parametrize("workers", [1, 2])
def test_a_server_that_is_told_to_stop_has_counted_every_page(tmp_path: Path, workers: int) -> None:
    """uvicorn shuts down gracefully, and then raises the signal again, whose default action ends the process."""
    pytest.importorskip("uvicorn")
    with socket.create_server(("127.0.0.1", 0)) as listening:
        command = [sys.executable, "-m", "uvicorn", "tests.production.served:app", "--fd", str(listening.fileno())]
        process = subprocess.Popen(
            [*command, "--workers", str(workers), "--log-level", "error"],
            env={**os.environ, "GILSCOPE_OUT": str(tmp_path)},
            cwd=ROOT,
            pass_fds=[listening.fileno()],
        )
        port = listening.getsockname()[1]
    with process:
        try:
            pages = asyncio.run(_pages(port, 40))
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(60)
    assert pages == ["served"] * 40
    loaded = load_profiles(tmp_path)
    assert counted(loaded) == {"page": (40, 0, 0)}
    assert {each.state for each in loaded.recorded} == {"gone"}


async def _pages(port: int, times: int) -> list[str]:
    return await asyncio.gather(*(asyncio.to_thread(_page, port) for _ in range(times)))


def _page(port: int) -> str:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", "/", headers={"Connection": "close"})
    return connection.getresponse().read().decode()


def test_what_is_flushed_is_there_while_the_process_runs(tmp_path: Path) -> None:
    text = """
    import gilscope, os
    from gilscope.production.files import load_profiles
    gilscope.flush()
    assert os.listdir(os.environ["GILSCOPE_OUT"]) == []
    for _ in range(40): f.square(2)
    gilscope.flush()
    for _ in range(2): f.square(2)
    loaded = load_profiles(os.environ["GILSCOPE_OUT"])
    print([(each.calls, process.state) for each in loaded.profiles for process in loaded.recorded])
    del os.environ["GILSCOPE_OUT"]
    """
    with program(text, tmp_path) as process:
        told, complaint = process.communicate(timeout=100)
    assert (complaint, told) == ("", "[(42, 'running')]\n")
    assert [each.state for each in load_profiles(tmp_path).recorded] == ["ended"]


def test_a_process_that_runs_for_hours_tells_each_and_loses_none(tmp_path: Path) -> None:
    text = """
    import os
    from gilscope.production import recording
    hours = iter(range(100))
    recording.hour_of = lambda _: next(hours)
    for calls in (40, 30, 20):
        for _ in range(calls): f.nap(0.0003)
        recording.flush()
    for _ in range(10): f.nap(0.0003)
    os._exit(0)
    """
    with program(text, tmp_path) as process:
        assert process.communicate(timeout=100)[1] == ""
    loaded = load_profiles(tmp_path)
    assert counted(loaded) == {"nap": (100, 0, 0)}
    assert (loaded.processes, loaded.profiles[0].processes, loaded.profiles[0].timed_weight) == (1, 1, 100)
    assert [sum(each.calls for each in part) for part in loaded.parts if part] == [40, 30, 20, 10]
    assert [each.state for each in loaded.recorded] == ["ended", "ended", "ended", "gone"]


def test_the_lock_of_a_daemon_that_closes_every_file_is_taken_again(tmp_path: Path) -> None:
    """And what the program opens in its place is not closed with it."""
    text = """
    import os
    from gilscope.production import recording
    from gilscope.production.files import load_profiles
    f.square(2)
    os.closerange(3, 100)
    own = [os.open("/dev/null", os.O_RDONLY) for _ in range(10)]
    recording._recorder.sign()
    f.nap(0)
    states = [process.state for process in load_profiles(os.environ["GILSCOPE_OUT"]).recorded]
    if os.fork() == 0:
        for descriptor in own: os.fstat(descriptor)
        os._exit(0)
    print(states, os.wait()[1])
    os._exit(0)
    """
    with program(text, tmp_path) as process:
        told, complaint = process.communicate(timeout=100)
    assert (complaint, told) == ("", "['running'] 0\n")
    assert counted(load_profiles(tmp_path)) == {"square": (1, 0, 0), "nap": (1, 0, 0)}
