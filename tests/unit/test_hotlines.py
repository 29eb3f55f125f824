"""Hot lines: py-spy's output parsed, its shares reckoned, and what lines call."""

from __future__ import annotations

import ast
import sysconfig
from pathlib import Path

import pytest

import gilscope
from gilscope.observers.callees import called_at, parsed
from gilscope.observers.hotlines import hot_lines
from gilscope.observers.origins import dotted_name, is_users, package_of
from gilscope.observers.stacks import Frame, Samples, parse_raw
from gilscope.records import HotLine

PACKAGE = Path(gilscope.__file__).parent
STANDARD = sysconfig.get_path("stdlib")
INSTALLED = sysconfig.get_path("purelib")
#: What is on the stack of a call when gilscope makes it, alone or on an event loop.
CALL = f"thread (1): MainThread;run_chunk_here ({PACKAGE}/backends/worker.py:207);"
LOOP = f"{CALL}Runner.run ({STANDARD}/asyncio/runners.py:118);_run_once ({STANDARD}/asyncio/base_events.py:19);"
TASK = f"{LOOP}Handle._run ({STANDARD}/asyncio/events.py:80);call_async ({PACKAGE}/backends/worker.py:254);"

RAW = """\
thread (4370): MainThread;<module> (/app/spin.py:15);loop (/app/spin.py:10);native (/app/spin.py:7) 244
thread (4370): MainThread;<module> (/app/spin.py:15);loop (/app/spin.py:10);spin (/app/spin.py:3) 6
thread (4372): Thread-1 (sleeper);Thread._bootstrap (/usr/lib/threading.py:1002);sleeper (/app/spin.py:12) 4
"""


def test_stacks_have_a_thread_frames_and_a_count() -> None:
    native, spin, sleeper = parse_raw(RAW)
    assert native.thread == spin.thread == "thread (4370): MainThread"
    assert native.frames[-1] == Frame("native", "/app/spin.py", 7)
    assert native.frames[0] == Frame("<module>", "/app/spin.py", 15)
    assert [stack.seen for stack in (native, spin, sleeper)] == [244, 6, 4]
    assert sleeper.frames == (
        Frame("Thread._bootstrap", "/usr/lib/threading.py", 1002),
        Frame("sleeper", "/app/spin.py", 12),
    )


@pytest.mark.parametrize(
    ("line", "leaf"),
    [
        ("<lambda> (a.py:1) 3", Frame("<lambda>", "a.py", 1)),
        (
            "f (a.py:1);<listcomp> (/my (new) folder/a b.py:20) 3",
            Frame("<listcomp>", "/my (new) folder/a b.py", 20),
        ),
        ("f (/semi;colon/a.py:7) 3", Frame("f", "/semi;colon/a.py", 7)),
        ("_load (<frozen importlib._bootstrap>:241) 3", Frame("_load", "<frozen importlib._bootstrap>", 241)),
        ("thread (1): pool;1;<module> (a.py:1);f (a.py:2) 3", Frame("f", "a.py", 2)),
        ("f (C:\\app\\a.py:9) 3", Frame("f", "C:\\app\\a.py", 9)),
        ("f (a.py:1);unknown line (b.py) 3", Frame("f", "a.py", 1)),
    ],
)
def test_odd_names(line: str, leaf: Frame) -> None:
    (stack,) = parse_raw(line)
    assert stack.frames[-1] == leaf
    assert stack.seen == 3


@pytest.mark.parametrize("text", ["", "\n", "f (a.py:1)", "f (a.py:1) many"])
def test_what_is_no_stack_is_left_out(text: str) -> None:
    assert parse_raw(text) == ()


def samples(text: str, moments: float = 100) -> Samples:
    return Samples(parse_raw(text), moments)


def test_shares_are_of_all_moments_and_of_the_innermost_line() -> None:
    gil = samples("main (a.py:1);python (a.py:5) 30\nother (a.py:2);python (a.py:5) 10", moments=80)
    active = samples("main (a.py:1);python (a.py:5) 50\nmain (a.py:1);native (a.py:9) 25")
    python, native = hot_lines(gil, active)
    assert (python.function, python.file, python.line) == ("python", "a.py", 5)
    assert (python.gil_share, python.cpu_share) == (0.5, 0.5)
    assert (native.gil_share, native.cpu_share) == (0.0, 0.25)


def test_a_line_has_its_own_text(tmp_path: Path) -> None:
    module = tmp_path / "app.py"
    module.write_text("def spin():\n    while True:  # on and on\n        pass\n")
    samples = Samples(parse_raw(f"spin ({module}:2) 3\nspin ({tmp_path}/gone.py:2) 1\n"), 4)
    found, gone = hot_lines(samples, None)
    assert (found.source, gone.source) == ("while True:  # on and on", None)


def test_a_measure_not_taken_is_unknown() -> None:
    (line,) = hot_lines(None, samples("f (a.py:1) 10"))
    assert (line.gil_share, line.cpu_share) == (None, 0.1)
    assert hot_lines(None, None) == ()
    assert hot_lines(samples("", moments=0), None) == ()


def test_own_machinery_is_left_out_but_not_its_examples() -> None:
    active = samples(
        f"main (a.py:1);chunk ({PACKAGE}/backends/base.py:3) 40\n"
        f"chunk ({PACKAGE}/backends/base.py:3);is_prime ({PACKAGE}/examples/primes.py:8) 30\n"
        f"chunk ({PACKAGE}/backends/base.py:3);decode (/usr/lib/json/decoder.py:353) 20\n"
    )
    assert [(line.function, line.cpu_share) for line in hot_lines(None, active)] == [
        ("is_prime", 0.3),
        ("decode", 0.2),
    ]


def test_only_the_hottest_are_kept_in_a_fixed_order() -> None:
    text = "".join(f"f (a.py:{line}) {line}\n" for line in range(1, 15)) + "g (a.py:14) 14\n"
    lines = hot_lines(None, samples(text))
    assert [line.line for line in lines] == [14, 14, 13, 12, 11, 10, 9, 8, 7, 6]
    assert [line.function for line in lines[:2]] == ["f", "g"]


def waits(everyone: str, active: str = "", moments: float = 100, home: str | None = None) -> dict[str, HotLine]:
    """The lines by function."""
    lines = hot_lines(None, samples(active, moments), samples(everyone, moments), home=home)
    return {line.function: line for line in lines}


def test_a_line_counts_for_what_it_calls_in_libraries() -> None:
    stack = f"{CALL}fetch (app.py:7);urlopen ({STANDARD}/urllib/request.py:216);readinto ({STANDARD}/socket.py:706)"
    fetch = waits(f"{stack} 70", f"{stack} 20")["fetch"]
    assert (fetch.file, fetch.line, fetch.callee) == ("app.py", 7, "urllib.request.urlopen")
    assert fetch.wait_share == pytest.approx(0.5)
    assert fetch.cpu_share == 0.2


def test_what_is_called_most_often_is_what_is_called() -> None:
    get = f"{CALL}f (app.py:7);get ({INSTALLED}/requests/api.py:73)"
    post = f"{CALL}f (app.py:7);post ({INSTALLED}/requests/api.py:115)"
    own = f"{CALL}f (app.py:7)"
    assert waits(f"{get} 30\n{post} 20\n{own} 10")["f"].callee == "requests.api.get"
    assert waits(f"{get} 30\n{own} 40")["f"].callee is None


def test_a_difference_within_the_noise_is_no_wait() -> None:
    assert waits(f"{CALL}f (a.py:1) 95", f"{CALL}f (a.py:1) 90")["f"].wait_share == 0.0
    assert waits(f"{CALL}f (a.py:1) 90", f"{CALL}f (a.py:1) 95")["f"].wait_share == 0.0
    clear = waits(f"{CALL}f (a.py:1) 9500", f"{CALL}f (a.py:1) 9000", moments=10_000)["f"]
    assert clear.wait_share == pytest.approx(0.05)


def test_what_a_loop_or_an_idle_thread_waits_for_is_no_line() -> None:
    select = f"{LOOP}EpollSelector.select ({STANDARD}/selectors.py:468) 60"
    idle = f"thread (2): pool;Thread.run ({STANDARD}/threading.py:982);Condition.wait ({STANDARD}/threading.py:327) 99"
    users = f"thread (3): mine;Thread.run ({STANDARD}/threading.py:982);listen (app.py:3) 99"
    blocks = f"{TASK}handler (app.py:12) 40"
    lines = waits("\n".join([select, idle, users, blocks]))
    assert set(lines) == {"handler"}
    assert lines["handler"].wait_share == pytest.approx(0.4)


def test_a_line_that_waits_ranks_by_its_wait() -> None:
    lines = hot_lines(None, samples("busy (a.py:1) 50"), samples(f"{CALL}waits (a.py:2) 80\nbusy (a.py:1) 50"))
    assert [line.function for line in lines] == ["waits", "busy"]


def test_without_one_of_the_two_views_waiting_is_unknown() -> None:
    for active, everyone in ((samples("f (a.py:1) 9"), None), (None, samples("f (a.py:1) 9"))):
        lines = hot_lines(samples("f (a.py:1) 9"), active, everyone)
        assert [line.wait_share for line in lines] == [None]


def test_the_target_is_the_users_wherever_it_is() -> None:
    get, send = f"get ({INSTALLED}/requests/api.py:73)", f"Session.send ({INSTALLED}/requests/sessions.py:703)"
    stack = f"{CALL}{get};{send};connect ({STANDARD}/socket.py:7) 50"
    assert waits(stack) == {}
    found = waits(stack, home=f"{INSTALLED}/requests")["Session.send"]
    assert (found.wait_share, found.callee) == (0.5, "socket.connect")


@pytest.mark.parametrize(
    ("file", "users"),
    [
        ("/app/spin.py", True),
        ("relative.py", True),
        (f"{STANDARD}/json/decoder.py", False),
        (f"{INSTALLED}/requests/api.py", False),
        ("/usr/lib/python3/dist-packages/apt/cache.py", False),
        ("<frozen importlib._bootstrap>", False),
        ("<string>", False),
        (f"{PACKAGE}/measure/child.py", False),
        (f"{PACKAGE}/examples/primes.py", True),
    ],
)
def test_whose_code_it_is(file: str, users: bool) -> None:
    assert is_users(file) is users


@pytest.mark.parametrize(
    ("function", "file", "name"),
    [
        ("loads", f"{STANDARD}/json/__init__.py", "json.loads"),
        ("Session.get", f"{INSTALLED}/requests/sessions.py", "requests.sessions.Session.get"),
        ("six_moves", f"{INSTALLED}/six.py", "six.six_moves"),
        ("_load", "<frozen importlib._bootstrap>", "importlib._bootstrap._load"),
        ("main", "/app/main.py", None),
        ("__init__", "<string>", None),
    ],
)
def test_names_of_libraries_functions(function: str, file: str, name: str | None) -> None:
    assert dotted_name(function, file) == name


def test_the_package_of_a_file(tmp_path: Path) -> None:
    inner = tmp_path / "shop" / "orders"
    inner.mkdir(parents=True)
    for folder in (inner, inner.parent):
        (folder / "__init__.py").touch()
    assert package_of(str(inner / "api.py")) == str(inner.parent)
    assert package_of(str(tmp_path / "script.py")) == str(tmp_path / "script.py")


SOURCE = """\
import time, os.path
import numpy as np
from time import sleep as nap
from . import near
time.sleep(1)
nap(random())
x = np.linalg.svd(
    matrix,
)
with open(path) as file:
    file.read().split()
    near.call(1)
while socket.recv(1): total += 1
async def f(): return os.path.join("a", nap())
"""


@pytest.mark.parametrize(
    ("line", "name"),
    [
        (2, None),
        (5, "time.sleep"),
        (6, "time.sleep"),
        (8, "numpy.linalg.svd"),
        (10, "open"),
        (11, None),
        (12, "near.call"),
        (14, "os.path.join"),
        (99, None),
    ],
)
def test_what_a_line_of_source_calls(line: int, name: str | None) -> None:
    assert called_at(ast.parse(SOURCE), line) == name


@pytest.mark.parametrize("content", [b"def (", b"\0", b"# coding: ascii\n\xff", b"# coding: no-such\n"])
def test_a_file_that_cannot_be_read_names_nothing(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "odd.py").write_bytes(content)
    assert parsed(str(tmp_path / "odd.py")) is None
    assert parsed(str(tmp_path / "none.py")) is None


def test_reading_a_file_warns_nobody(tmp_path: Path) -> None:
    (tmp_path / "old.py").write_text('path = "\\d"\n')
    assert parsed(str(tmp_path / "old.py")) is not None
