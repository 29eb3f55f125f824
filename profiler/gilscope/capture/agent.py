"""Capturing within the program: which calls are looked at, for how long, and what is written of them.

Nothing here may fail a call of the user's, print, or start a thread (a process that has several may not fork without a
warning). What cannot go on, as where the folder is gone or the disk is full, is off.

The time it takes is bounded by an `gilscope.capture.allowance.Allowance`: when that is spent, the interpreter is told
not to look at these calls any more, which then cost nothing, until the garbage collector, which runs now and then in
any program that makes objects, finds that there is time again.
"""

from __future__ import annotations

import atexit
import gc
import os
import sys
from _thread import allocate_lock
from time import perf_counter_ns

from gilscope.capture.allowance import Allowance
from gilscope.capture.function import CapturedFunction, raised_by_handler
from gilscope.capture.own_file import OwnFile
from gilscope.capture.records import Heading, Signer

TYPE_CHECKING = False  # type checkers take it for True; importing typing would take longer than all the rest
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import CodeType, FrameType
    from typing import Any

    from gilscope.capture.records import Call
    from gilscope.capture.settings import Settings

__all__ = ["Agent"]

#: Totals are written again when so much more was counted: a process that is killed has told nearly all.
GROWTH = 1.1
#: How long another thread that keeps a call is waited for.
PATIENCE_S = 0.002
_MAINS = ("__main__", "__mp_main__")
_OWN = os.sep + "<classify"


class Agent:
    """Of this process, and, begun anew, of each that it forks."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._begin()
        self.switch: Callable[[bool], None] = lambda on: None
        """Has the calls looked at, or not."""
        os.register_at_fork(after_in_child=self._begin_in_child)

    def _begin(self) -> None:
        self._lock = allocate_lock()
        self._functions = [
            CapturedFunction(number, spec, self._settings.most) for number, spec in enumerate(self._settings.specs)
        ]
        self._allowance = Allowance(perf_counter_ns())
        self._file: OwnFile | None = OwnFile(self._settings)
        self._signer: Signer | None = None
        self._is_on = True
        self._told = 0
        self._seen = 0

    def _begin_in_child(self) -> None:
        was_on = self._is_on
        self._begin()
        if not was_on:
            gc.callbacks.remove(self._tick)
            self.switch(True)

    # ---- whose calls are looked at ----

    def wanted(self, code: CodeType, names: dict[str, Any]) -> int | None:
        """The number of the function whose code this is; None where it is none of those that were asked for.

        :param names: the globals that it runs with
        """
        for function in self._functions:
            if code.co_qualname == function.qualname and (
                _is_in(code, names, function.place) or _is_offered(code, function)
            ):
                function.file = os.path.abspath(code.co_filename)
                return function.number
        return None

    @property
    def places(self) -> frozenset[str]:
        """The modules and files that were named."""
        return frozenset(function.place for function in self._functions)

    @property
    def qualnames(self) -> frozenset[str]:
        """The functions' names."""
        return frozenset(function.qualname for function in self._functions)

    # ---- a call ----

    def called(self, number: int, frame: FrameType) -> None:
        """A call begins. Raises what a signal's handler raises, and nothing else."""
        began_ns = perf_counter_ns()
        function = self._functions[number]
        function.count()
        if self._file is None:
            return
        if not self._lock.acquire(timeout=PATIENCE_S):  # another thread, or this one in a handler
            function.passed += 1
            return
        try:
            if not self._seen:
                self._at_end()
            self._seen += 1
            function.offer(frame, self._write)
            if self._seen > GROWTH * self._told + 20:
                self._tell()
        except Exception as error:
            if raised_by_handler(error):
                raise
            self._give_up()
        finally:
            now_ns = perf_counter_ns()
            self._allowance.spend(now_ns - began_ns)
            self._lock.release()
            if self._allowance.is_spent(now_ns):
                self._pause()

    def _pause(self) -> None:
        """There is no time left, for now."""
        if self._is_on:
            self._is_on = False
            for function in self._functions:
                function.whole = False
            self._switch(False)
            gc.callbacks.append(self._tick)

    def _tick(self, phase: str, _info: dict[str, Any]) -> None:
        """The garbage collector runs: calls are looked at again where there is time. What it calls may not raise."""
        if phase == "stop" and not self._is_on and self._allowance.is_worth(perf_counter_ns()):
            self._is_on = True
            gc.callbacks.remove(self._tick)
            self._switch(True)

    def _switch(self, on: bool) -> None:
        began_ns = perf_counter_ns()
        self.switch(on)
        self._allowance.spend(perf_counter_ns() - began_ns)

    # ---- what is written ----

    def _write(self, call: Call) -> bool:
        return self._append(lambda signer: signer.call(call))

    def _append(self, make: Callable[[Signer], bytes]) -> bool:
        """:raises OSError: when it cannot be written"""
        if self._file is None:
            return False
        if self._signer is None:
            signer = Signer(bytes.fromhex(self._settings.key))
            if not self._file.append(signer.heading(self._heading())):
                return False
            signer.written()
            self._signer = signer
        if not self._file.append(make(self._signer)):
            return False
        self._signer.written()
        return True

    def _heading(self) -> Heading:
        python = ".".join(map(str, sys.version_info[:2]))
        return Heading(self._settings.run, os.getpid(), python, _main(), list(self._settings.specs))

    def _tell(self, *, ended: bool = False) -> None:
        """Write what is counted.

        :raises OSError: when that cannot be
        """
        self._told = self._seen
        for function in self._functions:
            totals = function.totals(ended=ended)
            if totals.calls:
                self._append(lambda signer, totals=totals: signer.totals(totals))  # type: ignore[misc]

    def _at_end(self) -> None:
        """Have the totals written at the end of the process: those of multiprocessing end by ``os._exit``, but call
        what was registered there."""
        atexit.unregister(self._finish)
        atexit.register(self._finish)
        if util := sys.modules.get("multiprocessing.util"):
            util.Finalize(None, self._finish, exitpriority=-100)

    def _finish(self) -> None:
        if self._file is not None and self._seen and self._lock.acquire(timeout=1):
            try:
                self._tell(ended=True)
            except Exception:
                self._give_up()
            finally:
                self._lock.release()

    def _give_up(self) -> None:
        """Nothing more is kept: what is in the file stays."""
        self._file = self._signer = None


def _is_in(code: CodeType, names: dict[str, Any], place: str) -> bool:
    if _OWN in code.co_filename:
        return False  # what stands in the place of a function that @classify decorates, under its name
    if _is_file(code.co_filename, place):
        return True
    module = names.get("__name__")
    if module not in _MAINS:
        return bool(module == place)
    spec = names.get("__spec__")
    return place == "__main__" or getattr(spec, "name", _stem(code.co_filename)) == place


def _is_offered(code: CodeType, function: CapturedFunction) -> bool:
    """Whether the module that was named has the function of another. No attribute of the user's is asked for."""
    found: Any = sys.modules.get(function.place)
    for name in function.qualname.split("."):
        found = getattr(found, "__dict__", {}).get(name)
    return getattr(found, "__code__", None) is code


def _is_file(file: str, place: str) -> bool:
    return place.endswith(".py") and os.path.realpath(file) == place


def _stem(file: str) -> str:
    return os.path.basename(file).removesuffix(".py")


def _main() -> str | None:
    """What is ``__main__``, in words by which another process can import it."""
    main = sys.modules.get("__mp_main__") or sys.modules.get("__main__")
    spec = getattr(main, "__spec__", None)
    if spec is not None:
        return str(spec.name)
    file = getattr(main, "__file__", None)
    return None if file is None else os.path.abspath(file)
