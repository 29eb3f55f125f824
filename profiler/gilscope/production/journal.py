"""A process's counts in memory that outlives it: a file beside its profiles, mapped, and written by the calls
themselves.

Whatever ends a process (a signal whose default action it is, such as the one that uvicorn raises again after a graceful
shutdown; ``os._exit``; an exec; SIGKILL; the kernel for want of memory), what it wrote to a shared mapping of a file
stays in the file: the kernel has it. So nothing is to be done at the end, and no handler of the user's signals is
touched. Why not the others: a helper process that owns the file would take a process for each worker, would have to be
told of every call all the same, and is killed with the whole container when the container's first process ends; a
signal's wake-up descriptor is asyncio's, and nothing wakes up by a signal whose default action ends the process.

A journal tells counts, sums and durations, to the last call. The profiles beside it, which are written every other
second, tell the rest; a reader puts the two together (`gilscope.production.files`). A process that ends by its own
doing removes its journal when its profiles are written.

A call that is let pass stores one word, in the step of the interpreter in which it takes its turn; one that is measured
copies its thread's sums. Both are stores to memory, and wait for nothing but the kernel, which may hold up the first
store to a page that is being written to a disk: a folder in memory (tmpfs) has no such moments. The file is allocated
before it is mapped, so that a full disk is an error here and not a signal in a call; who truncates a journal under a
running process ends that process, as with any mapped file.
"""

from __future__ import annotations

import errno
import json
import mmap
import os
import struct
import threading
import time
from contextlib import contextmanager
from operator import attrgetter
from typing import TYPE_CHECKING, Final

from gilscope.production import liveness
from gilscope.production.described import described_function
from gilscope.production.journal_layout import CELL_BYTES, FIGURES, HEAD, TIMED, Tag, end_of, padded
from gilscope.production.left import Left, left_in
from gilscope.production.sketch import BUCKETS
from gilscope.units import given_size

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from gilscope.production.cell import Cell
    from gilscope.production.function import Function
    from gilscope.production.sampler import CallSampler

__all__ = ["Journal", "Slot"]

#: Of the file's first piece; each further one is as large as all before it.
FIRST_BYTES: Final = 1 << 16
#: A process with so many cells has more threads and functions than anybody would look at.
MOST_BYTES: Final = 1 << 28
_figures = attrgetter(*FIGURES)
_pack = struct.Struct(f"{len(FIGURES)}d").pack_into
_pack_timed = struct.Struct(f"{len(TIMED)}d").pack_into


class Slot:
    """A cell's place in the journal."""

    __slots__ = ("_buffer", "_calls", "_durations", "_offset")

    def __init__(self, piece: mmap.mmap, offset: int) -> None:
        self._buffer, self._offset = piece, offset
        figures = 8 * len(FIGURES)
        whole = memoryview(piece)[offset : offset + CELL_BYTES]
        self._calls = whole[:figures].cast("d")
        self._durations = whole[figures : figures + 8 * BUCKETS].cast("Q")

    def save_timed(self, cell: Cell) -> None:
        """What a call adds that was timed and no more, which has to cost little: the rest is saved with others."""
        timed = (cell.calls, cell.nested, cell.timed_calls, cell.timed_wall_ns, cell.longest_ns)
        _pack_timed(self._buffer, self._offset, *timed)
        self._durations[cell.bucket] = cell.durations[cell.bucket]

    def save(self, cell: Cell) -> None:
        """What the cell has counted, a call at a time."""
        _pack(self._buffer, self._offset, *_figures(cell))
        self._durations[cell.bucket] = cell.durations[cell.bucket]

    def save_whole(self, cell: Cell) -> None:
        """All that the cell has counted: of any thread, which may save it at the same time."""
        figures = None
        while figures != (figures := _figures(cell)):
            _pack(self._buffer, self._offset, *figures)
            self._durations[:] = memoryview(cell.durations)

    def save_calls(self, calls: int) -> None:
        """The first of the figures alone."""
        self._calls[0] = calls


class _Piece:
    """A part of the file that is mapped, filled from its beginning."""

    def __init__(self, mapped: mmap.mmap) -> None:
        self.mapped = mapped
        self.words = memoryview(mapped).cast("Q")
        self.used = 0


class _Entered:
    """A function's entry: the piece, and where in it its words are."""

    def __init__(self, number: int, piece: _Piece, place: int, sampler: CallSampler) -> None:
        self.number, self.piece, self.place, self.sampler = number, piece, place, sampler


class Journal:
    """This process's own. Attaching to it may fail, and then it says so in the file: nothing that a reader finds
    complete lacks a call.

    :param heading: what it says of the process (`gilscope.production.described`)
    :param go_on: with the one of interpreters of this process that have ended
    :raises OSError: when there is no file to be had, or none that can be mapped or locked
    :raises ValueError: when that is another's, or not whole
    """

    def __init__(self, path: Path, heading: bytes, *, go_on: bool = False) -> None:
        self.path = path
        self._guard = threading.RLock()
        self._busy = False
        self._entered: dict[Function, _Entered] = {}
        self._left = Left()
        self._held = liveness.Held(path, new=not go_on)
        try:
            self._size = 0
            if go_on:
                self._piece = self._found(heading)
            else:
                self._piece = self._extended()
                self._enter(Tag.HEADING, padded(heading))
        except BaseException:
            self._held.close() if go_on else self.remove()
            raise
        self._first = self._piece
        self._heading, self._place = self._piece.words, 2  # what an entry of the very first has for words
        self.sign()

    def _found(self, heading: bytes) -> _Piece:
        with _opened_again(self.path, self._held) as descriptor:
            self._size = os.fstat(descriptor).st_size
            piece = _Piece(mmap.mmap(descriptor, self._size))
        data = bytes(piece.mapped)
        self._left, piece.used = left_in(data, json.loads(heading)), end_of(data)
        return piece

    def sign(self) -> None:
        """Say that the process lives, and see that its lock is held still: some programs close every file."""
        self._heading[self._place] = time.time_ns()
        self._held.renew()

    def attach(self, function: Function, cell: Cell) -> int | None:
        """Have a thread's cell of a function written here, from now on. The function's number, from 0; None where it
        has none.

        :raises OSError: when there is no place for it; the function is then marked as not whole
        """
        with self._guard:
            if self._busy:  # by this very thread, which a signal's handler interrupts: it is in the middle of it
                self._heading[self._place + 1] = 1
                return None
            self._busy = True
            try:
                self._attach(function, cell)
            finally:
                self._busy = False
        return self._entered[function].number

    def _attach(self, function: Function, cell: Cell) -> None:
        entered = self._entered.get(function) or self._enter_function(function)
        if entered.sampler is not function.sampler:  # `Cells.restart`: what went before is counted elsewhere
            entered.piece.words[entered.place + 1] = 1
        if cell.slot is not None:
            return
        try:
            piece, place = self._place_of_cell(entered, cell)
        except OSError:
            entered.piece.words[entered.place + 1] = 1
            raise
        cell.slot = slot = Slot(piece.mapped, 8 * (place + 2))
        slot.save_whole(cell)  # not before: what the cell counts meanwhile it saves as well

    def _place_of_cell(self, entered: _Entered, cell: Cell) -> tuple[_Piece, int]:
        """One that an ended thread had in an interpreter before, whose counts it goes on with; or a new one."""
        if left := self._left.cells[entered.number]:
            place, counted = left.pop()
            cell.add(counted)
            return self._first, place
        return self._enter(Tag.CELL, bytes(CELL_BYTES), entered.number)

    def _enter_function(self, function: Function) -> _Entered:
        try:
            entered = self._place_of_function(function)
        except Exception:
            self._heading[self._place + 1] = 1
            raise
        self._entered[function] = entered
        return entered

    def _place_of_function(self, function: Function) -> _Entered:
        body = padded(described_function(function))
        piece, (number, place, passed) = self._first, self._left.functions.pop(body, (self._left.count, 0, 0))
        if not place:
            piece, place = self._enter(Tag.FUNCTION, body)
            self._left.count += 1
        if not function.sampler.count_in(piece.words, place, passed):
            piece.words[place + 1] = 1
        return _Entered(number, piece, place, function.sampler)

    def _enter(self, tag: int, body: bytes, first: int = 0) -> tuple[_Piece, int]:
        """Where the entry's first word is."""
        size = HEAD.size + len(body)
        if self._size == 0 or self._piece.used + size > len(self._piece.mapped):
            self._fill()
            self._piece = self._extended(size)
        piece = self._piece
        at = piece.used
        piece.used += size
        piece.mapped[at + HEAD.size : at + size] = body
        words = piece.words
        words[at // 8 + 1], words[at // 8 + 2], words[at // 8 + 3] = len(body), first, 0
        words[at // 8] = tag
        return piece, at // 8 + 2

    def _fill(self) -> None:
        piece = self._piece
        if (left := len(piece.mapped) - piece.used) >= HEAD.size:
            piece.words[piece.used // 8 + 1] = left - HEAD.size
            piece.words[piece.used // 8] = Tag.FILLING

    def _extended(self, least: int = 0) -> _Piece:
        size = max(self._size, FIRST_BYTES)
        while size < least:
            size *= 2
        if self._size + size > MOST_BYTES:
            raise OSError(errno.EFBIG, f"more than {given_size(MOST_BYTES)} of counts")
        with _opened_again(self.path, self._held) as descriptor:
            if os.pwrite(descriptor, bytes(size), self._size) < size:  # allocated: a store finds its page
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self.path))
            piece = _Piece(mmap.mmap(descriptor, size, offset=self._size))
        self._size += size
        return piece

    def enter_thread(self, address: bytes) -> tuple[memoryview, int]:
        """Say where a thread publishes (`Tag.THREAD`); the word that says so, for who says that it has ended.

        :raises OSError: when there is no place for it
        """
        with self._guard:
            if self._left.threads:
                piece, place = self._first, self._left.threads.pop()
                at = 8 * (place + 2)
                piece.mapped[at : at + len(address)] = address
            else:
                piece, place = self._enter(Tag.THREAD, address)
            piece.words[place] = 1
        return piece.words, place

    def let_go(self) -> None:
        """An interpreter ends that is not the main one: the next may go on with it. Calls that it makes yet are not
        counted."""
        for function in self._entered:
            function.keep_no_more()
        self.sign()
        self._held.close()

    def remove(self) -> None:
        """Its profiles are written. What is counted from now on is written to memory that nobody reads."""
        self._held.remove()

    def abandon(self) -> None:
        """In a forked child: it is the parent's."""
        self._held.close()


@contextmanager
def _opened_again(path: Path, held: liveness.Held) -> Iterator[int]:
    """A descriptor of its own for the same file, and no other that somebody put there: a mapping keeps its descriptor,
    and would keep the lock of ours in a forked child."""
    descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
    try:
        if not held.is_at(descriptor):
            raise OSError(errno.ESTALE, "it was replaced by another file", str(path))
        yield descriptor
    finally:
        os.close(descriptor)
