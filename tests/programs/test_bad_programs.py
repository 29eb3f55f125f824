"""Programs that end oddly, change while they are watched or have odd names.

They do what they do alone, what was seen of them is told, and nothing is left behind."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from gilscope.programs.watching import Ending, Settings, Watching, until_it_ends
from gilscope.records.programs import ProgramRecord

pytestmark = [
    pytest.mark.interpreter,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="programs are seen into by Linux's /proc alone"),
]
COMPUTES = """
import time
def computes():
    until = time.process_time() + 0.4
    while time.process_time() < until:
        sum(range(100))
"""
#: By name: what it runs, and how it ends; negative, the signal that does.
PROGRAMS = {
    "forks, and leaves at once": (
        """
import os
for _ in range(200):
    pid = os.fork()
    if not pid:
        os._exit(0)
    os.waitpid(pid, 0)
computes()
os._exit(5)""",
        5,
    ),
    "many threads, and killed": (
        """
import os, threading
for _ in range(1500):
    thread = threading.Thread(target=int)
    thread.start()
    thread.join()
threading.stack_size(1 << 17)
threads = [threading.Thread(target=threading.Event().wait, daemon=True) for _ in range(300)]
[thread.start() for thread in threads]
computes()
os.kill(os.getpid(), 9)""",
        -9,
    ),
    "execs another program": ("import os; computes(); os.execvp('sh', ['sh', '-c', 'exit 4'])", 4),
    "gives up its files, its user and that it may be read": (
        """
import ctypes, os, resource
computes()
os.closerange(0, 1000)
resource.setrlimit(resource.RLIMIT_NOFILE, (8, 8))
os.getuid() or os.setuid(65534)
ctypes.CDLL(None).prctl(4, 0, 0, 0, 0)
computes()""",
        0,
    ),
    "deep recursion": (
        """
import sys, threading
sys.setrecursionlimit(1_000_000)
threading.stack_size(256 << 20)
def deep(left):
    return deep(left - 1) if left else computes()
thread = threading.Thread(target=deep, args=(20_000,))
thread.start()
thread.join()""",
        0,
    ),
    "odd code": (
        """
name = "a" * 100_000
exec(f"def {name}(): computes()\\n{name}()")
until = time.process_time() + 0.3
while time.process_time() < until:
    exec(compile("def made(n):\\n    for _ in range(n): pass\\nmade(2000)", "made.py", "exec"), {})
def steps(depth):
    while not depth:
        yield 1
    yield from steps(depth - 1)
until, stepping = time.process_time() + 0.2, steps(100)
while time.process_time() < until:
    next(stepping)""",
        0,
    ),
}
#: All functions that they have: no other name may be told.
NAMES = {"<module>", "computes", "deep", "made", "steps", "<lambda>", "<listcomp>"}


def watched(path: Path, code: str) -> tuple[ProgramRecord, int]:
    path.write_text(COMPUTES + code, encoding="utf-8")
    program = subprocess.Popen([sys.executable, "-S", str(path)], stdin=subprocess.DEVNULL)
    watching = Watching(program.pid, Settings(overhead=0.1), just_started=True)
    with until_it_ends(program.pid) as wait:
        watching.watch(wait)
    status = program.wait()
    watching.close()
    return watching.record(Ending(exit_status=status)), status


@pytest.mark.parametrize(("code", "ends"), PROGRAMS.values(), ids=[*PROGRAMS])
def test_what_was_seen_is_told_and_nothing_is_left(code: str, ends: int, tmp_path: Path) -> None:
    opened = os.listdir("/proc/self/fd")
    record, status = watched(tmp_path / "bad.py", code)
    assert status == record.exit_status == ends
    first = next(each for each in record.processes if each.parent is None)
    assert first.python == ".".join(map(str, sys.version_info[:3]))
    assert first.account.cpu_s + first.short_lived_cpu_s > 0.02
    own = {each.place.function for each in record.functions if each.place.file.endswith(("bad.py", "made.py"))}
    assert own & NAMES
    assert {name for name in own if not name.startswith("a" * 399)} <= NAMES
    assert os.listdir("/proc/self/fd") == opened


def test_one_that_ends_at_once_has_an_account_all_the_same() -> None:
    program = subprocess.Popen([sys.executable, "-S", "-c", "import os; os._exit(3)"])
    watching = Watching(program.pid, Settings(), just_started=True)
    with until_it_ends(program.pid) as wait:
        watching.watch(wait)
    watching.close()
    (process,) = watching.record(Ending(exit_status=program.wait())).processes
    assert process.python is not None or "ended before its interpreter" in (process.unseen or "")
