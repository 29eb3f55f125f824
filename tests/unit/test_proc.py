"""Reading /proc: captured text, and real processes that block on real things."""

from __future__ import annotations

import contextlib
import math
import os
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from gilscope.observers import descriptors, proc
from gilscope.observers.process_files import ProcessFiles
from gilscope.observers.syscalls import Waiting
from gilscope.observers.thread_files import ThreadFiles, thread_scheduled

pytestmark = pytest.mark.skipif(not os.path.exists("/proc/self/syscall"), reason="reads Linux's /proc")

#: fdinfo of an event loop's epoll: its own end of a socket pair, a connection, a pidfd.
EPOLL_FDINFO = """\
pos:\t0
flags:\t02000002
mnt_id:\t16
ino:\t1063
tfd:        4 events:       19 data:                4  pos:0 ino:2fe3 sdev:9
tfd:        6 events:       19 data:                6  pos:0 ino:2ff1 sdev:9
tfd:       10 events:       19 data:                a  pos:0 ino:1063 sdev:e
"""


# -- what a process waits for ----------------------------------------------------------------------

PRELUDE = """
import os, select, socket, subprocess, sys, tempfile, time
def ready(*numbers):
    print(*numbers, flush=True)
one, other = socket.socketpair()
server = socket.create_server(("127.0.0.1", 0))
inlet, outlet = os.pipe()
def child():
    return subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE)
"""


class Blocker:
    """A process that runs some Python, says that it is ready, and blocks."""

    def __init__(self, program: str) -> None:
        code = PRELUDE + textwrap.dedent(program)
        self.process = subprocess.Popen(
            [sys.executable, "-I", "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
        )
        assert self.process.stdout is not None
        self.numbers = [int(word) for word in self.process.stdout.readline().split()]
        self.files = ProcessFiles(self.process.pid)
        self.thread = ThreadFiles(self.process.pid, self.process.pid)

    def waiting(self, ask: str) -> Waiting:
        """What it waits for, from when it blocks in a call of this sort on: ready is said a moment before."""
        while (waiting := self.thread.waiting()) is None or waiting.ask != ask:
            assert self.process.poll() is None, "it ended instead of blocking"
        return waiting

    def close(self) -> None:
        self.files.close()
        self.thread.close()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, 9)
        self.process.communicate()


Start = Callable[[str], Blocker]


@pytest.fixture
def start() -> Iterator[Start]:
    made: list[Blocker] = []

    def starting(program: str) -> Blocker:
        made.append(Blocker(program))
        return made[-1]

    yield starting
    for blocker in made:
        blocker.close()


@pytest.mark.parametrize(
    ("ask", "program", "state"),
    [
        ("descriptor", "os.read(one.fileno(), 1)", "network"),
        ("descriptor", "os.read(inlet, 1)", "other"),
        ("descriptor", "held = child(); os.read(inlet, 1)", "child"),
        ("select", "select.select([one], [], [])", "network"),
        ("select", "select.select([inlet, server], [], [])", "network"),
        ("select", "select.select([inlet], [], [])", "other"),
        ("select", "os.dup2(server.fileno(), 700); select.select([700], [], [], 1000)", "network"),
        ("poll", "p = select.poll(); p.register(inlet, 1); p.register(one, 1); p.poll()", "network"),
        ("poll", "p = select.poll(); p.register(inlet, 1); p.poll(10**6)", "other"),
        ("poll", "held = child(); p = select.poll(); p.register(inlet, 1); p.poll()", "child"),
        ("epoll", "e = select.epoll(); e.register(one, 1); e.poll()", "lock"),
        ("epoll", "e = select.epoll(); e.register(one, 1); e.poll(1000)", "sleep"),
        ("epoll", "e = select.epoll(); e.register(one, 1); e.register(other, 1); e.poll()", "network"),
        ("epoll", "e = select.epoll(); e.register(one, 1); e.register(server, 1); e.poll(1000)", "network"),
        ("epoll", "e = select.epoll(); e.register(server, 1); e.poll()", "network"),
        ("epoll", "e = select.epoll(); e.register(inlet, 1); e.poll()", "other"),
        ("epoll", "held = child(); e = select.epoll(); e.register(os.pidfd_open(held.pid), 1); e.poll()", "child"),
        ("epoll", "import asyncio; asyncio.run(asyncio.sleep(1000))", "sleep"),
        ("epoll", "import asyncio; asyncio.run(asyncio.Event().wait())", "lock"),
        (
            "epoll",
            """
            import asyncio
            async def read():
                reader, writer = await asyncio.open_connection(*server.getsockname())
                await asyncio.wait_for(reader.read(), 1000)
            asyncio.run(read())
            """,
            "network",
        ),
    ],
)
def test_the_descriptors_tell_what_a_call_alone_does_not(start: Start, ask: str, program: str, state: str) -> None:
    blocker = start("ready()\n" + textwrap.dedent(program))
    assert blocker.files.resolve(blocker.waiting(ask)) == state


@pytest.mark.parametrize(
    ("program", "state"),
    [
        ("time.sleep(1000)", "sleep"),
        ("one.recv(1)", "network"),
        ("server.accept()", "network"),
        ("held = child(); os.waitpid(held.pid, 0)", "child"),
        (
            """
            import fcntl
            first, second = (open(sys.executable) for _ in range(2))
            fcntl.flock(first, fcntl.LOCK_EX)
            fcntl.flock(second, fcntl.LOCK_EX)
            """,
            "lock",
        ),
    ],
)
def test_some_calls_say_it_themselves(start: Start, program: str, state: str) -> None:
    blocker = start("ready()\n" + textwrap.dedent(program))
    while (waiting := blocker.waiting("")).state != state:
        assert blocker.process.poll() is None
    assert blocker.files.resolve(waiting) == state


def test_a_lock_is_a_futex(start: Start) -> None:
    blocker = start("import threading; lock = threading.Lock(); lock.acquire(); ready(); lock.acquire()")
    assert blocker.waiting("futex").state == "lock"


@pytest.fixture
def holder(start: Start) -> Blocker:
    return start(
        """
        file = tempfile.TemporaryFile()
        null = os.open(os.devnull, os.O_RDONLY)
        stat = os.open("/proc/self/stat", os.O_RDONLY)
        held = child()
        pidfd = os.pidfd_open(held.pid)
        closed = os.dup(null)
        os.close(closed)
        ready(file.fileno(), null, stat, closed, one.fileno(), pidfd)
        sys.stdin.read()
        """
    )


def test_descriptors_by_what_they_are(holder: Blocker) -> None:
    states = [holder.files.resolve(Waiting("other", "descriptor", number)) for number in holder.numbers]
    assert states == ["disk", "other", "other", "other", "network", "child"]


@pytest.mark.parametrize("ask", ["poll", "select"])
def test_memory_that_cannot_be_read_tells_nothing(holder: Blocker, ask: str) -> None:
    assert holder.files.resolve(Waiting("other", ask, 8, 3)) == "other"


def test_an_epoll_that_is_none_tells_nothing_registered(holder: Blocker) -> None:
    assert holder.files.resolve(Waiting("other", "epoll", holder.numbers[0], 50)) == "sleep"


def test_a_process_that_is_gone_waits_for_nothing_known(holder: Blocker) -> None:
    os.killpg(holder.process.pid, 9)
    holder.process.wait()
    asked = [Waiting("other", ask, holder.numbers[0], 1) for ask in ("descriptor", "poll", "select")]
    assert [holder.files.resolve(waiting) for waiting in asked] == ["other"] * 3


def test_what_an_epoll_watches_is_read_from_its_fdinfo(holder: Blocker, monkeypatch: pytest.MonkeyPatch) -> None:
    links = {4: "socket:[12259]", 6: "socket:[12273]", 10: "anon_inode:[pidfd]"}
    unix = "Num RefCount Protocol Flags Type St Inode Path\n0: 00000003 00000000 00000000 0001 03 12259\n"
    texts = {"fdinfo/3": EPOLL_FDINFO, "net/unix": unix}
    monkeypatch.setattr(os, "readlink", lambda path: links[int(str(path).rpartition("/")[2])])
    monkeypatch.setattr(descriptors, "contents", lambda path: texts["/".join(path.split("/")[-2:])].encode())
    monkeypatch.setattr(descriptors, "TIME_SHARE", math.inf)
    asked = Waiting("other", "epoll", 3, -1)
    assert holder.files.resolve(asked) == "network"
    del links[6]
    links[6] = "anon_inode:[eventfd]"
    assert holder.files.resolve(asked) == "child"
    links[10] = "anon_inode:[timerfd]"
    assert holder.files.resolve(asked) == "lock"


# -- times -----------------------------------------------------------------------------------------


def spin(seconds: float) -> None:
    until = time.thread_time() + seconds
    while time.thread_time() < until:
        pass


def test_a_running_threads_times_add_up() -> None:
    files = ThreadFiles(os.getpid(), threading.get_native_id())
    try:
        began, before = time.perf_counter(), files.scheduled()
        spin(0.05)
        spent, wall_s = files.scheduled() - before, time.perf_counter() - began
    finally:
        files.close()
    assert 0.03 < spent.run_s < wall_s + 0.02
    assert spent.runqueue_s is not None
    assert 0 <= spent.runqueue_s < wall_s + 0.02


def test_a_spinning_thread_is_running_and_on_a_cpu(start: Start) -> None:
    blocker = start("ready()\nwhile True: pass")
    while blocker.thread.waiting() is not None:
        pass
    while blocker.thread.on_cpu() is not True:
        pass
    assert blocker.thread.waiting() is None


def test_a_sleeping_thread_is_on_no_cpu_and_spends_nothing(start: Start) -> None:
    blocker = start("ready(); one.recv(1)")
    while blocker.waiting("").state != "network":
        pass
    before = blocker.thread.scheduled()
    assert {blocker.thread.on_cpu() for _ in range(20)} == {False}
    assert blocker.thread.scheduled() == before


def test_cpu_seconds_of_processes_and_threads() -> None:
    pid, tid = os.getpid(), threading.get_native_id()
    before = proc.process_cpu_s(pid), thread_scheduled(pid, tid)
    spin(0.05)
    after = proc.process_cpu_s(pid), thread_scheduled(pid, tid)
    assert after[0] - before[0] > 0.03
    assert (after[1] - before[1]).run_s > 0.03
    assert proc.process_cpu_s(pid) == pytest.approx(time.process_time(), rel=0.1)


def test_cpu_seconds_of_ended_threads_and_children_stay() -> None:
    before = proc.process_cpu_s(os.getpid()), proc.reaped_children_cpu_s(os.getpid())
    thread = threading.Thread(target=spin, args=(0.05,))
    thread.start()
    thread.join()
    assert proc.process_cpu_s(os.getpid()) - before[0] > 0.03
    code = "import time\nwhile time.process_time() < 0.1: pass"
    subprocess.run([sys.executable, "-I", "-S", "-c", code], check=True)
    assert proc.reaped_children_cpu_s(os.getpid()) - before[1] > 0.05


def test_a_process_name_may_hold_a_bracket(start: Start) -> None:
    """The second field of stat is the name in brackets, and the name may hold any."""
    program = "open('/proc/self/comm', 'w').write('a) b (c'); ready(); sys.stdin.read()"
    assert proc.reaped_children_cpu_s(start(program).process.pid) == 0.0


# -- processes -------------------------------------------------------------------------------------


def test_descendants_of_every_generation(start: Start) -> None:
    blocker = start(
        """
        code = "import subprocess; c = subprocess.Popen(['cat'], stdout=2); print(c.pid, flush=True); c.wait()"
        held = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        ready(held.pid, int(held.stdout.readline()))
        sys.stdin.read()
        """
    )
    assert proc.descendants(blocker.process.pid) == set(blocker.numbers)


def test_a_child_started_by_another_thread_is_a_descendant(start: Start) -> None:
    blocker = start(
        """
        import threading
        held = []
        thread = threading.Thread(target=lambda: (held.append(child()), ready(held[0].pid), sys.stdin.read()))
        thread.start()
        thread.join()
        """
    )
    assert proc.descendants(blocker.process.pid) == set(blocker.numbers)


def test_memory_of_a_process(start: Start) -> None:
    blocker = start("held = b'x' * (64 << 20); ready(); sys.stdin.read()")
    small = start("ready(); sys.stdin.read()")
    large, little = (proc.memory(each.process.pid) for each in (blocker, small))
    if large is None or little is None:
        pytest.skip("this kernel is without smaps_rollup")
    assert 60 << 20 < large.pss_bytes - little.pss_bytes < 70 << 20
    assert 60 << 20 < large.anonymous_bytes - little.anonymous_bytes < 70 << 20


def test_the_peak_of_a_process_counts_what_it_has_returned(start: Start) -> None:
    returned = start("held = b'x' * (64 << 20); del held; ready(); sys.stdin.read()")
    size = proc.memory(returned.process.pid)
    if size is None:
        pytest.skip("this kernel is without smaps_rollup")
    assert 60 << 20 < size.peak_bytes - size.pss_bytes < 70 << 20


def gone_pid() -> int:
    process = subprocess.Popen([sys.executable, "-I", "-S", "-c", ""])
    process.wait()
    return process.pid


def test_of_a_process_that_is_gone_nothing_is_known() -> None:
    pid = gone_pid()
    assert (proc.memory(pid), proc.descendants(pid)) == (None, set())
    for read in (proc.process_cpu_s, proc.reaped_children_cpu_s, ProcessFiles):
        with pytest.raises(OSError, match=r"\w"):
            read(pid)


def test_a_thread_that_is_gone_is_refused_and_nothing_stays_open() -> None:
    before = os.listdir("/proc/self/fd")
    with pytest.raises(OSError, match=r"\w"):
        ThreadFiles(os.getpid(), gone_pid())
    with pytest.raises(OSError, match=r"\w"):
        thread_scheduled(os.getpid(), gone_pid())
    assert os.listdir("/proc/self/fd") == before


def test_a_thread_that_ends_while_it_is_watched_raises(start: Start) -> None:
    blocker = start("ready(); sys.stdin.read()")
    os.killpg(blocker.process.pid, 9)
    blocker.process.wait()
    for read in (blocker.thread.scheduled, blocker.thread.waiting, blocker.thread.on_cpu):
        with pytest.raises(OSError, match=r"\w"):
            read()
