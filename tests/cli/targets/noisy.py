"""Targets that use what their process has of the outside world."""

import asyncio
import contextlib
import os
import signal
import sys
import threading
import time

LINE = "x" * 99 + "\n"


def prints_a_lot() -> None:
    for _ in range(100):
        sys.stdout.write(LINE * 1000)
    sys.stdout.write("the last line\n")
    sys.stdout.flush()


def prints_escapes() -> None:
    time.sleep(0.005)
    sys.stdout.write("\x1b[2J\x1b]0;title\x07{not: json}\n")
    os.write(1, b"straight to 1\n")
    os.write(2, b"straight to 2 \xff\n")


def reads_stdin() -> None:
    time.sleep(0.005)
    assert sys.stdin.read() == "", "standard input should be empty"


def leaves_threads() -> None:
    time.sleep(0.005)
    if threading.active_count() < 20:
        threading.Thread(target=time.sleep, args=(3600,), daemon=False).start()


def closes_stdout() -> None:
    time.sleep(0.005)
    with contextlib.suppress(OSError):
        os.close(1)


def closes_everything() -> None:
    time.sleep(0.005)
    os.closerange(3, 256)


def changes_directory() -> None:
    time.sleep(0.005)
    os.chdir("/")


def ignores_signals() -> None:
    time.sleep(0.005)
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGALRM):
            signal.signal(number, signal.SIG_IGN)


def forks() -> None:
    time.sleep(0.005)
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)


def is_rude() -> None:
    """Takes all liberties that leave its process able to go on."""
    reads_stdin()
    leaves_threads()
    closes_stdout()
    changes_directory()
    ignores_signals()
    forks()


def forks_and_returns_twice() -> None:
    time.sleep(0.005)
    os.fork()


async def forks_on_the_loop() -> None:
    await asyncio.sleep(0.005)
    os.fork()
