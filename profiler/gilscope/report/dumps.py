"""One look at a process as a sheet: who holds the GIL, since when, who waits for it, and where every thread is."""

from __future__ import annotations

from collections import defaultdict
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Final

from gilscope.programs.moments import SWITCH_INTERVAL_S, THE_WORLD
from gilscope.report.bounds import fitted
from gilscope.report.clean import printable
from gilscope.report.document import Document, Lines, Paragraph, Row, Section, Table, headed, or_dash
from gilscope.report.palette import STATE_STYLES
from gilscope.report.sheet import Sheet
from gilscope.units import UNKNOWN, counted, duration, thousands

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gilscope.programs.dumping import DumpedGil, DumpedThread, ProcessDump
    from gilscope.programs.moments import Frame, ThreadLook

__all__ = ["dump_sheet"]

NATIVE: Final = "native: unknown to Python"
#: Frames of a stack that are drawn.
_MOST_FRAMES: Final = 60
#: Thread numbers that are named where many are in one place.
_MOST_NAMED: Final = 8


def dump_sheet(seen: ProcessDump) -> Sheet:
    """Every thread with its state and its stack."""
    lead = tuple(Paragraph(remark, "soft") for remark in _remarks(seen))
    sections = (Section("Threads", (_table(seen),)), *_stacks(seen.threads))
    return Sheet(
        document=fitted(Document(_title(seen), lead=lead, sections=sections)),
        schema="gilscope.dump/1",
        about={
            "pid": seen.pid,
            "command": list(seen.command),
            "python": _version(seen),
            "watched_s": seen.watched_s,
            "looks": seen.looks,
            "threads_alive": seen.threads_alive,
            "waiters_known": seen.waiters_known,
            "gil_enabled": seen.gil_enabled,
            "gils": [_gil_row(gil) for gil in seen.gils],
        },
        rows=tuple(_row(thread) for thread in seen.threads),
        rows_name="threads",
        motto="one look at a running program",
        source="one look at the program",
    )


# ---- what is said of the whole ----


def _title(seen: ProcessDump) -> str:
    if not seen.gil_enabled:
        return "there is no GIL: this build runs threads without one"
    gils = [gil for gil in seen.gils if gil.look.held is not None]
    many = len(gils) > 1
    told = [_gil_told(gil, seen, f"GIL of interpreter {_interpreters(gil)}" if many else "GIL") for gil in gils]
    shown = [text for gil, text in zip(gils, told, strict=True) if not many or gil.held_looks or _waiting(gil, seen)]
    return "; ".join(shown or told[:1]) or "who holds the GIL is unknown"


def _gil_told(gil: DumpedGil, seen: ProcessDump, name: str) -> str:
    waiting = _waiting(gil, seen)
    waits = f"{counted(waiting, 'thread') if waiting else 'no thread'} {'wait' if waiting > 1 else 'waits'} for it"
    if not seen.waiters_known:
        waits = f"at least {counted(waiting, 'thread')} wait for it"
    if gil.held_s is not None and gil.look.holder is not None:
        holder = next(thread for thread in seen.threads if thread.look.tid == gil.look.holder.tid)
        return f"{_where(holder)} has held the {name} for {duration(gil.held_s)} at least{_while(holder)}; {waits}"
    if gil.switches:
        passed = f"passed from thread to thread {gil.switches} times in {duration(seen.watched_s)}"
        return f"the {name} goes round: {passed}; {waits}"
    if gil.held_looks == 0 and not gil.look.held:
        return f"nobody holds the {name}" + (f", and {waits}" if waiting else "")
    return f"the {name} was held at {gil.held_looks} of {seen.looks} looks in {duration(seen.watched_s)}; {waits}"


def _where(thread: DumpedThread) -> str:
    return f"{_innermost(thread)} (thread {thread.look.tid})"


def _while(thread: DumpedThread) -> str:
    look = thread.look
    if look.wait is None:
        return ""
    call = f" in {look.call}" if look.call else ""
    return f", while it is blocked{call} ({_kind(look)})"


def _waiting(gil: DumpedGil, seen: ProcessDump) -> int:
    which = next(at for at, each in enumerate(seen.gils) if each is gil)
    return sum(thread.look.wait == "gil_wait" and thread.look.gil == which for thread in seen.threads)


def _interpreters(gil: DumpedGil) -> str:
    return " and ".join(map(str, gil.look.interpreters))


def _version(seen: ProcessDump) -> str | None:
    return None if seen.python is None else ".".join(map(str, seen.python))


def _remarks(seen: ProcessDump) -> list[str]:
    command = " ".join(seen.command) or UNKNOWN
    watched = f"watched for {duration(seen.watched_s)}"
    python = f"Python {_version(seen)}" if seen.python else "of which only the kernel was asked"
    remarks = [f"Process {seen.pid}, {python}, {watched}: {command}"]
    if len(seen.threads) < seen.threads_alive:
        remarks.append(f"{thousands(len(seen.threads))} of its {thousands(seen.threads_alive)} threads were looked at.")
    if torn := sum(thread.look.torn for thread in seen.threads):
        remarks.append(
            f"{counted(torn, 'stack')} changed while being read, and {'is' if torn == 1 else 'are'} unknown."
        )
    intervals = sorted({gil.look.interval_s for gil in seen.gils} - {SWITCH_INTERVAL_S})
    remarks += [
        f"The program has set a switch interval of {duration(each)}: sys.setswitchinterval." for each in intervals
    ]
    if seen.python and not seen.waiters_known:
        remarks.append("The locks of its C library are not known: some that wait for the GIL may be told as unknown.")
    return remarks


# ---- threads ----


def _table(seen: ProcessDump) -> Table:
    columns = headed(("thread", "name", "state", "for", "function"), texts=("thread", "name", "state", "function"))
    named = len({thread.name for thread in seen.threads}) > 1  # else what they began in tells more
    rows = tuple(
        Row(
            (
                str(thread.look.tid),
                thread.name if named else _began_in(thread),
                _state(thread),
                or_dash(duration, _blocked_s(thread)),
                _innermost(thread, known=seen.python is not None),
            ),
            chosen=thread.look.holds_gil,
        )
        for thread in seen.threads
    )
    return Table(columns, rows, about="Every thread, what it does and where.").telling()


def _began_in(thread: DumpedThread) -> str:
    return _one_line(thread.began_in.name) if thread.began_in else ""


def _blocked_s(thread: DumpedThread) -> float | None:
    """Who waits for the GIL wakes at each switch interval to ask for it: that tells nothing."""
    return None if thread.look.wait == "gil_wait" else thread.blocked_s


def _state(thread: DumpedThread) -> str:
    look = thread.look
    call = f" ({look.call})" if look.call and look.wait not in ("gil_wait", "stopped") else ""
    lock = _lock(look.lock)
    held = ", holding the GIL" if look.holds_gil and look.state != "cpu_gil" else ""
    return f"{_kind(look)}{lock or call}{held}"


def _lock(lock: int | None) -> str:
    if lock == THE_WORLD:
        return " until another thread lets all go on"
    return "" if lock is None else f" at {lock:#x}"


def _kind(look: ThreadLook) -> str:
    if look.state == "stopped":
        return "stopped by a signal"
    return "able to run" if look.state is None else STATE_STYLES[look.state].title


def _innermost(thread: DumpedThread, known: bool = True) -> str:
    stack = thread.look.stack
    if stack:
        return _frame(stack[0])
    if stack is None:
        return NATIVE if thread.interpreter is None and known else UNKNOWN
    return "in no Python function"


def _frame(frame: Frame) -> str:
    line = "" if frame.line is None else f":{frame.line}"
    return f"{_one_line(frame.function.name)} ({PurePath(frame.function.file).name}{line})"


def _one_line(name: str) -> str:
    """Whatever it holds."""
    return printable(name).replace("\n", "\\n")


def _stacks(threads: Sequence[DumpedThread]) -> tuple[Section, ...]:
    """Threads that are in the same place in the same state together."""
    together: defaultdict[tuple[str, tuple[Frame, ...]], list[DumpedThread]] = defaultdict(list)
    for thread in threads:
        if thread.look.stack:
            together[_kind(thread.look), thread.look.stack].append(thread)
    blocks = tuple(Lines(_stack(state, members)) for (state, _), members in together.items())
    return (Section("Stacks", blocks, "innermost function first"),) if blocks else ()


def _stack(state: str, members: Sequence[DumpedThread]) -> str:
    numbers = ", ".join(str(thread.look.tid) for thread in members[:_MOST_NAMED])
    more = "" if len(members) <= _MOST_NAMED else f" and {len(members) - _MOST_NAMED} more"
    who = f"thread {numbers}" if len(members) == 1 else f"threads {numbers}{more}"
    stack = members[0].look.stack or ()
    lines = [f"  {_line(frame)}" for frame in stack[:_MOST_FRAMES]]
    rest = [f"  and {len(stack) - _MOST_FRAMES} more"] if len(stack) > _MOST_FRAMES else []
    return "\n".join([f"{who}: {state}", *lines, *rest])


def _line(frame: Frame) -> str:
    line = "" if frame.line is None else f":{frame.line}"
    return f"{_one_line(frame.function.name)}  {frame.function.file}{line}"


# ---- for programs ----


def _row(thread: DumpedThread) -> dict[str, Any]:
    look = thread.look
    return {
        "tid": look.tid,
        "name": thread.name,
        "began_in": None if thread.began_in is None else thread.began_in.name,
        "interpreter": thread.interpreter,
        "state": look.state,
        "runnable": look.wait is None,
        "holds_gil": look.holds_gil,
        "call": look.call,
        "blocked_s": thread.blocked_s,
        "lock": None if look.lock is None else f"{look.lock:#x}",
        "torn": look.torn,
        "stack": None if look.stack is None else [_frame_row(frame) for frame in look.stack],
    }


def _frame_row(frame: Frame) -> dict[str, Any]:
    function = frame.function
    return {"function": function.name, "file": function.file, "line": frame.line, "first_line": function.first_line}


def _gil_row(gil: DumpedGil) -> dict[str, Any]:
    look = gil.look
    return {
        "interpreters": list(look.interpreters),
        "held": look.held,
        "holder": None if look.holder is None else look.holder.tid,
        "held_s": gil.held_s,
        "held_looks": gil.held_looks,
        "switches": gil.switches,
        "switch_interval_s": None if look.held is None else look.interval_s,
    }
