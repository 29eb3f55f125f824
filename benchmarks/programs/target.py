"""A program that knows where its threads' time goes: ``python target.py '{"threads": [["naps", 4, {…}], …], …}'``.

Each thread does one thing, a function here whose name is its role, and writes down every call in which it may have to
wait: when it called, until when it had to wait, when it was back, and what CPU and run-queue time it used meanwhile.
From that follows

- for how long it slept, or waited for a lock or another process: from the call until what it waited for had come;
- when it had the GIL or wanted it: from coming back to the next call that lets go of it;
- how long it waited for the GIL: what is left when its CPU and run-queue time, which the kernel tells, are taken off.

It needs nothing but the standard library of Python 3.11 or later, and prints ``ready`` once its threads run. On a line
of standard input it ends, and writes its truth to the file that is named there.
"""

from __future__ import annotations

import ctypes
import hashlib
import json
import mmap
import os
import socket
import struct
import sys
import threading
import time
from typing import Any

now, cpu = time.monotonic_ns, time.thread_time_ns
PR_SET_TIMERSLACK = 29
BLOCK = bytes(1 << 20)
MS = 1_000_000
SCHEDSTAT_BYTES = 100
LINGER_S = 3.0

letting_go, keeping = ctypes.CDLL(None), ctypes.PyDLL(None)
letting_go.prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0)  # threads inherit it: a sleep ends when it is asked to
lock = threading.Lock()
all_started = threading.Event()
released_ns = 0
goes_on = True

Before = tuple[int, int, bytes]


class Own:
    """What one thread knows of itself."""

    def __init__(self, role: str, slot: int, settings: dict[str, float], counts: memoryview) -> None:
        self.role = role
        self.settings = settings
        self.tid = 0
        self.log: list[tuple[object, ...]] = []
        self.began = self.ended = 0
        self.count = counts[slot : slot + 1]
        """How often it has gone round, where others can read it."""

    def begin(self) -> None:
        """In its thread."""
        self.tid = threading.get_native_id()
        self.schedstat = os.open("/proc/thread-self/schedstat", os.O_RDONLY)
        self.text = ctypes.create_string_buffer(SCHEDSTAT_BYTES)
        self.began = now()

    def ns(self, name: str) -> int:
        """One of its settings, which are in ms."""
        return int(self.settings.get(name, 0) * MS)

    def before(self) -> Before:
        """It is about to make a call. What this reads is read with the GIL."""
        keeping.pread(self.schedstat, self.text, SCHEDSTAT_BYTES, 0)
        return now(), cpu(), self.text.value

    def after(self, before: Before, state: str, until: int, lets_go: bool = True) -> None:
        """It is back.

        :param state: in which it had to wait
        :param until: until when
        """
        back, used = now(), cpu()
        keeping.pread(self.schedstat, self.text, SCHEDSTAT_BYTES, 0)
        self.log.append((state, before[0], until, back, lets_go, used - before[1], before[2], self.text.value))


def computes(own: Own) -> None:
    """Python code alone."""
    while goes_on:
        for _ in range(2_000):
            pass
        own.count[0] += 1


def naps(own: Own) -> None:
    """Sleep, then Python code."""
    nap, work_ns = own.ns("nap"), own.ns("work")
    while goes_on:
        before = own.before()
        letting_go.usleep(nap // 1000)
        own.after(before, "sleep", before[0] + nap)
        until = cpu() + work_ns
        while cpu() < until:
            pass
        own.count[0] += 1


def hashes(own: Own) -> None:
    """Sleep, Python code, then C code without the GIL."""
    nap, work_ns, hash_ns = own.ns("nap"), own.ns("work"), own.ns("hash")
    while goes_on:
        before = own.before()
        letting_go.usleep(nap // 1000)
        own.after(before, "sleep", before[0] + nap)
        until = cpu() + work_ns
        while cpu() < until:
            pass
        until = cpu() + hash_ns
        while cpu() < until:
            before = own.before()
            hashlib.sha256(BLOCK).digest()
            own.after(before, "", 0)
        own.count[0] += 1


def talks(own: Own) -> None:
    """Ask another process, which answers after a while, then Python code."""
    wait_ns, work_ns, peer = own.ns("wait"), own.ns("work"), connected(own)
    while goes_on:
        before = own.before()
        peer.send(struct.pack("=q", wait_ns))
        own.after(before, "", 0)
        before = own.before()
        said = peer.recv(8)
        own.after(before, "network", *struct.unpack("=q", said))
        until = cpu() + work_ns
        while cpu() < until:
            pass
        own.count[0] += 1


def takes_turns(own: Own) -> None:
    """Take the lock, keep it for a while, Python code, then a rest, in which others take the lock."""
    global released_ns
    keep, work_ns, rest = own.ns("keep"), own.ns("work"), own.ns("rest")
    while goes_on:
        before = own.before()
        lock.acquire()
        own.after(before, "lock", released_ns, released_ns > before[0])
        before = own.before()
        letting_go.usleep(keep // 1000)
        own.after(before, "sleep", before[0] + keep)
        released_ns = now()
        lock.release()
        until = cpu() + work_ns
        while cpu() < until:
            pass
        before = own.before()
        letting_go.usleep(rest // 1000)
        own.after(before, "sleep", before[0] + rest)
        own.count[0] += 1


def freezes(own: Own) -> None:
    """Sleep with the GIL, then without."""
    freeze, nap = own.ns("freeze"), own.ns("nap")
    while goes_on:
        before = own.before()
        keeping.usleep(freeze // 1000)
        own.after(before, "sleep", before[0] + freeze, lets_go=False)
        if nap:
            before = own.before()
            letting_go.usleep(nap // 1000)
            own.after(before, "sleep", before[0] + nap)
        own.count[0] += 1


def echoes(own: Own) -> None:
    """Send back what comes, which tells when it was sent."""
    peer = connected(own)
    peer.send(struct.pack("=q", -1))
    while goes_on:
        before = own.before()
        said = peer.recv(8)
        own.after(before, "network", *struct.unpack("=q", said))
        before = own.before()
        peer.send(said)
        own.after(before, "", 0)
        own.count[0] += 1


ROLES = {each.__name__: each for each in (computes, naps, hashes, talks, takes_turns, freezes, echoes)}


def connected(own: Own) -> socket.socket:
    peer = socket.create_connection(("127.0.0.1", int(own.settings["port"])))
    peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return peer


def run(own: Own) -> None:
    all_started.wait()  # to start a thread beside hundreds that compute takes a second
    own.begin()
    ROLES[own.role](own)
    own.ended = now()


def queued_ns(schedstat: bytes) -> int:
    """The run-queue time (Documentation/scheduler/sched-stats.rst in the kernel's tree)."""
    return int(schedstat.split()[1])


def told(own: Own) -> dict[str, object]:
    log = [(*entry[:6], queued_ns(entry[7]) - queued_ns(entry[6])) for entry in own.log[:]]  # type: ignore[arg-type]
    return {"role": own.role, "tid": own.tid, "began": own.began, "ended": own.ended or now(), "log": log}


def threads_of(asked: dict[str, Any], process: int, counts: memoryview) -> list[Own]:
    """Those that one of its processes is to run."""
    kinds = [(role, settings) for role, number, settings in asked["threads"] for _ in range(number)]
    return [Own(role, process * len(kinds) + at, settings, counts) for at, (role, settings) in enumerate(kinds)]


def start(owns: list[Own]) -> list[threading.Thread]:
    threads = [threading.Thread(target=run, args=(own,), name=own.role, daemon=True) for own in owns]
    for thread in threads:
        thread.start()
    all_started.set()
    return threads


def fork_others(asked: dict[str, Any], counts: memoryview) -> None:
    """Its other processes, which run as long as this one does."""
    theirs, ours = os.pipe()
    for process in range(1, asked.get("processes", 1)):
        if not os.fork():
            os.close(ours)
            start(threads_of(asked, process, counts))
            os.read(theirs, 1)
            os._exit(0)


def main() -> None:
    """Start the threads, wait for the word, and tell."""
    global goes_on
    asked = json.loads(sys.argv[1])
    if "switch_interval" in asked:
        sys.setswitchinterval(asked["switch_interval"])
    with open(asked["counts"], "r+b") as file:
        counts = memoryview(mmap.mmap(file.fileno(), 0)).cast("Q")
    fork_others(asked, counts)
    owns = threads_of(asked, 0, counts)
    threads = start(owns)
    while not all(counts):
        time.sleep(0.01)
    print("ready", flush=True)
    path = sys.stdin.readline().strip()
    goes_on = False
    until = time.monotonic() + LINGER_S
    for thread in threads:
        thread.join(max(0.0, until - time.monotonic()))
    if path:
        with open(path, "w") as out:
            json.dump({"threads": [told(own) for own in owns]}, out)


if __name__ == "__main__":
    main()
