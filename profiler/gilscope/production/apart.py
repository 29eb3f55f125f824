"""Recording in an interpreter beside the main one, as those of `concurrent.futures.InterpreterPoolExecutor` are: in a
journal (`gilscope.production.journal`) and in nothing else.

What writes profiles needs msgspec, which such an interpreter refuses; a thread of ours would hold up its end. A journal
is read without a profile beside it. An interpreter that ends lets go of its own, and the next of the process goes on
with it, counts and all, so that pools that come and go leave no more files than interpreters were there at once.

An observer process is started by the main interpreter alone. So the journal names the threads that publish the calls
they are in, and the main interpreter, which is asked to begin if it has not, tells its observer of them
(`gilscope.production.beside`).
"""

from __future__ import annotations

import atexit
import os
import secrets
import threading
import time
from contextlib import suppress
from pathlib import Path

from gilscope.introspection import have_main_run, interpreter_state, runtime_address, thread_state
from gilscope.observers.functions import FUNCTIONS, ROW_BYTES
from gilscope.production import clocks
from gilscope.production.cells import on_new_cell
from gilscope.production.described import described_process, host
from gilscope.production.function import Function
from gilscope.production.journal import Journal
from gilscope.production.journal_layout import ADDRESS
from gilscope.production.liveness import locked
from gilscope.production.names import INTERPRETER_SUFFIX, LOCK
from gilscope.production.rows import Place, Rows
from gilscope.production.unavailable import tell

TYPE_CHECKING = False  # type checkers take it for True; importing typing would take longer than all the rest
if TYPE_CHECKING:
    from gilscope.production.cell import Cell
    from gilscope.production.cells import Cells

__all__ = ["record"]

TROUBLE = "calls in this interpreter are not recorded"
#: How long a first call may wait for others of the pool that begin, too.
PATIENCE_S = 0.2
#: Run by the main interpreter, in which it names nothing and raises nothing.
BEGIN = b"(lambda startup: startup and startup.begin_for_others())(__import__('sys').modules.get('%s'))"
STARTUP = b"gilscope.production.startup"

_recorder: _Recorder | None = None


def record(folder: str) -> None:
    """Write to ``folder`` from now on. To be called once in an interpreter.

    :raises OSError: when there is no journal to be had
    """
    global _recorder
    clocks.be_apart()
    place = Path(os.path.abspath(folder))
    place.mkdir(parents=True, exist_ok=True)
    _recorder = _Recorder(_journal(place))
    atexit.register(_recorder.finish)
    have_main_run(BEGIN % STARTUP)


def _keep(function: Cells, cell: Cell) -> None:
    """This is within a call of the user's, which nothing here may fail."""
    if _recorder is not None and isinstance(function, Function):
        try:
            _recorder.keep(function, cell)
        except Exception as error:
            tell(TROUBLE, error)


on_new_cell.append(_keep)


def _journal(folder: Path) -> Journal:
    """That of an interpreter of this process that has ended, or a new one. Under the folder's lock, since who has that
    may put files together that nobody holds."""
    heading = described_process(time.time(), interpreter=True)
    stem = f"gilscope-{host()}-{os.getpid()}-"
    with locked(folder / LOCK, exclusive=True, patience_s=PATIENCE_S) as mine:
        for path in sorted(folder.glob(f"{stem}*{INTERPRETER_SUFFIX}")) if mine else ():
            with suppress(OSError, ValueError):  # another interpreter has it, or it is not whole
                return Journal(path, heading, go_on=True)
        return Journal(folder / f"{stem}{secrets.token_hex(4)}{INTERPRETER_SUFFIX}", heading)


class _Publishing:
    """Where a thread publishes, and the word of the journal that says that it does."""

    def __init__(self, journal: Journal, place: Place, tid: int) -> None:
        self.place, self.thread_state = place, thread_state()
        self.place.row[self.place.begin] = 1
        known = (os.getpid(), tid, self.thread_state, runtime_address(), place.address, interpreter_state())
        self._words, self._at = journal.enter_thread(ADDRESS.pack(*known))

    def end(self) -> None:
        """Say that the thread is no more."""
        self._words[self._at] = 0


class _Recorder:
    """This interpreter's place in a folder."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._rows = Rows(FUNCTIONS, ROW_BYTES)
        self._lock = threading.RLock()
        self._publishing: dict[int, _Publishing] = {}  # by the thread's id: a pool's keeps nothing between its calls

    def keep(self, function: Function, cell: Cell) -> None:
        """Keep what a thread counts of a function, and publish when it is in it."""
        number = self._journal.attach(function, cell)
        if number is not None and number + 1 < FUNCTIONS:
            place = self._place()
            cell.number, cell.flags = place.begin + number + 1, place.row

    def _place(self) -> Place:
        """The calling thread's own."""
        tid = threading.get_native_id()
        with self._lock:
            own = self._publishing.get(tid)
            if own is None or own.thread_state != thread_state():
                self._let_go_of_ended(tid)
                own = self._publishing[tid] = _Publishing(self._journal, self._rows.take(), tid)
            return own.place

    def _let_go_of_ended(self, tid: int) -> None:
        """And of what the thread was in an earlier life."""
        ended = [each for each in self._publishing if each == tid or not os.path.exists(f"/proc/self/task/{each}")]
        for each in ended:
            own = self._publishing.pop(each)
            own.end()
            self._rows.give_back(own.place)

    def finish(self) -> None:
        """The interpreter is about to end."""
        with suppress(Exception):  # it may import nothing any more
            for own in self._publishing.values():
                own.end()
            self._journal.let_go()
