"""The Python stacks of threads, read from memory while they go on running.

The frames of a thread lie together, in a chunk of memory that its state points to: one read is a consistent stack
nearly always. The few that lie elsewhere (of generators and coroutines, and where C code called Python) are read
together with it where they were the last time. A stack that does not hold together is torn, and is no stack.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from gilscope.programs.codes import CodeCache, NotCodeError
from gilscope.programs.layouts import Layout
from gilscope.programs.memory import Memory, ReadError
from gilscope.programs.moments import Frame
from gilscope.programs.own import OWN

__all__ = ["MOST_FRAMES", "Stack", "StackReader"]

Stack = tuple[Frame, ...]

#: Innermost frames that are told of a stack.
MOST_FRAMES: Final = 256
#: Of a chunk, those at its end: the innermost.
MOST_CHUNK_BYTES: Final = 1 << 16
#: Frames elsewhere than in the chunk, of one thread, that are remembered.
MOST_ELSEWHERE: Final = 64
#: Owners (``enum _frameowner``) from here on are not Python functions but places where C code called Python.
FIRST_C_OWNER, MOST_OWNER = 3, 4
#: The lowest bits of a reference to a code object are no part of its address (since 3.14).
TAG_BITS: Final = 7


@dataclass(slots=True)
class _Seen:
    """What is being read of one thread."""

    frame: int
    """The address of its innermost frame."""
    begins: int = 0
    chunk: bytes = b""
    """From there on."""
    elsewhere: dict[int, bytes] = field(default_factory=dict)
    """Frames that were read because they lay there the last time."""
    places: list[int] = field(default_factory=list)
    """Where they lie this time."""
    calls: list[tuple[int, int]] = field(default_factory=list)
    """Code object and instruction, innermost first."""
    frames: list[int] = field(default_factory=list)
    """The address of each."""
    torn: bool = False


class StackReader:
    """Reads the stacks of one process."""

    def __init__(self, memory: Memory, layout: Layout, codes: CodeCache) -> None:
        self._memory = memory
        self._layout = layout
        self._codes = codes
        self._frame = _frame_struct(layout)
        self.turns: dict[int, int] = {}
        """Of the thread states that were read last, those that run an event loop: a number that changes whenever it
        goes round or calls another callback."""
        self._elsewhere: dict[int, tuple[int, ...]] = {}
        """By thread state: where frames were that did not lie in its chunk."""

    def read(self, states: Sequence[int]) -> list[Stack | None]:
        """The stack of each thread, innermost frame first; None where it was torn.

        :param states: the addresses of their thread states
        """
        memories = self._read_states(states)
        seen = self._read_chunks(states, memories)
        for state, thread in zip(states, seen, strict=True):
            if thread is not None:
                self._walk(thread)
                self._remember(state, thread)
        good = self._codes.check({code for thread in seen if thread is not None for code, _ in thread.calls})
        self.turns.clear()
        if self._codes.loops:
            self._read_turns(states, seen, memories)
        return [None if thread is None or thread.torn else self._told(thread, good) for thread in seen]

    def forget(self, alive: set[int]) -> None:
        """Forget what is known of thread states that are not among these."""
        self._elsewhere = {state: places for state, places in self._elsewhere.items() if state in alive}

    def _read_states(self, states: Sequence[int]) -> list[bytes | None]:
        return self._memory.read_many([(state, self._layout.thread_chunk + 16) for state in states])

    def _read_chunks(self, states: Sequence[int], found: Sequence[bytes | None]) -> list[_Seen | None]:
        layout = self._layout
        frames = self._innermost(found)
        ranges: list[tuple[int, int]] = []
        seen: list[_Seen | None] = []
        for state, memory, frame in zip(states, found, frames, strict=True):
            if memory is None or frame is None:
                seen.append(None)
                continue
            chunk, top = struct.unpack_from("=QQ", memory, layout.thread_chunk)
            begins = max(chunk, top - MOST_CHUNK_BYTES)
            ranges.append((begins, top - begins if chunk < top else 0))
            ranges += [(place, layout.frame_size) for place in self._elsewhere.get(state, ())]
            seen.append(_Seen(frame, begins))
        memories = iter(self._memory.read_many(ranges))
        for state, thread in zip(states, seen, strict=True):
            if thread is not None:
                thread.chunk = next(memories) or b""
                places = {place: next(memories) for place in self._elsewhere.get(state, ())}
                thread.elsewhere = {place: memory for place, memory in places.items() if memory is not None}
        return seen

    def _innermost(self, found: Sequence[bytes | None]) -> list[int | None]:
        at = self._layout.thread_frame
        words = [None if memory is None else struct.unpack_from("=Q", memory, at)[0] for memory in found]
        if self._layout.cframe_frame is None:
            return words
        ranges = [(word + self._layout.cframe_frame, 8) for word in words if word]
        pointed = iter(self._memory.read_many(ranges))
        there = [next(pointed) if word else word if word is None else bytes(8) for word in words]
        return [None if memory is None else struct.unpack("=Q", memory)[0] for memory in there]

    def _walk(self, thread: _Seen) -> None:
        """From frame to frame, outwards."""
        frame, chunk, begins = thread.frame, thread.chunk, thread.begins
        unpack, size = self._frame.unpack_from, self._layout.frame_size
        ends = begins + len(chunk) - size
        for _ in range(2 * MOST_FRAMES):
            if not frame or len(thread.calls) == MOST_FRAMES:
                return
            if begins <= frame <= ends:
                code, previous, instruction, owner = unpack(chunk, frame - begins)
            else:
                memory = thread.elsewhere.get(frame) or self._fetch(frame)
                thread.places.append(frame)
                if memory is None:
                    thread.torn = True
                    return
                code, previous, instruction, owner = unpack(memory, 0)
            if owner > MOST_OWNER or frame & 7 or previous == frame:
                thread.torn = True
                return
            if owner < FIRST_C_OWNER:
                thread.calls.append((code & ~TAG_BITS, instruction))
                thread.frames.append(frame)
            frame = previous

    def _fetch(self, frame: int) -> bytes | None:
        try:
            return self._memory.read(frame, self._layout.frame_size)
        except ReadError:
            return None

    def _remember(self, state: int, thread: _Seen) -> None:
        if thread.torn or not thread.places:
            self._elsewhere.pop(state, None)
        else:
            self._elsewhere[state] = tuple(thread.places[:MOST_ELSEWHERE])

    def _read_turns(
        self, states: Sequence[int], seen: Sequence[_Seen | None], memories: Sequence[bytes | None]
    ) -> None:
        loops = self._codes.loops
        for state, thread, memory in zip(states, seen, memories, strict=True):
            if thread is None or thread.torn or memory is None:
                continue
            found = [at for at, (code, _) in enumerate(thread.calls) if code in loops]
            if found:
                code = thread.calls[found[0]][0]
                turn = self._turn(thread, code, thread.frames[found[0]])
                self.turns[state] = self._contexts(memory) if turn is None else turn

    def _contexts(self, memory: bytes) -> int:
        """How often a thread has changed its context, for loops run each callback in one: those that are no Python, and
        asyncio's own, which while it waits for events has nothing else to tell its turn by. A callback may change it as
        well, so that this tells more turns than there are, never fewer."""
        at = self._layout.thread_contexts
        return int.from_bytes(memory[at : at + 8], "little")

    def _turn(self, thread: _Seen, code: int, frame: int) -> int | None:
        """By the local variables that tell it; of a float what it says, for the next may lie where it did."""
        at = frame + self._layout.frame_locals - thread.begins
        words = [thread.chunk[at + 8 * place : at + 8 * place + 8] for place in self._codes.loops[code]]
        objects = [int.from_bytes(word, "little") & ~TAG_BITS for word in words]
        if not objects or not objects[0]:
            return None
        (said,) = self._memory.read_many([(objects[0] + self._layout.object_size, 8)])
        return hash((said, *objects[1:]))

    def _told(self, thread: _Seen, good: set[int]) -> Stack | None:
        frame = self._codes.frame
        try:
            if all(code in good for code, _ in thread.calls):
                frames = [frame(code, instruction) for code, instruction in thread.calls]
                return tuple(self._of_the_program(thread, frames) if self._codes.own else frames)
        except NotCodeError:
            return None
        return None

    def _of_the_program(self, thread: _Seen, frames: list[Frame]) -> list[Frame]:
        """Without gilscope's own but for one that is innermost; decorated functions under their names."""
        kept: list[Frame] = []
        for (code, _), frame in zip(thread.calls, frames, strict=True):
            own = self._codes.own.get(code)
            if own is None:
                kept.append(frame)
                inner = code
            elif not kept:
                kept.append(Frame(OWN, None))
            elif own.classified and kept[-1].function.name == own.name and kept[-1].function is not OWN:
                kept[-1] = Frame(self._codes.classify(inner, own.classified), kept[-1].line)
        return kept


def _frame_struct(layout: Layout) -> struct.Struct:
    """What is read of a frame: code, previous frame, instruction, owner, which lie in this order in every version."""
    form, at = "=", 0
    for place, kind in (
        (layout.frame_code, "Q"),
        (layout.frame_previous, "Q"),
        (layout.frame_instruction, "Q"),
        (layout.frame_owner, "B"),
    ):
        form += f"{place - at}x{kind}"
        at = place + struct.calcsize(kind)
    return struct.Struct(form)
