"""The hot lines: the user's lines by their share of the samples, and what they were calling."""

from __future__ import annotations

import linecache
import math
from collections import Counter
from collections.abc import Iterable, Iterator

from gilscope.observers.origins import dotted_name, is_users
from gilscope.observers.stacks import Frame, SampledStack, Samples
from gilscope.records import HotLine

__all__ = ["hot_lines"]

#: A line counts as blocked when it was seen more often than it was active by so many standard errors.
CLEAR = 2.0


def hot_lines(
    gil: Samples | None,
    active: Samples | None,
    everyone: Samples | None = None,
    *,
    home: str | None = None,
    top: int = 10,
) -> tuple[HotLine, ...]:
    """The lines with the largest share of the moments, by any measure.

    A sample counts for the innermost line of the user's code on its stack (`gilscope.observers.origins.is_users`), and
    for the innermost one at all where there is none of the user's; gilscope's own lines are left out. A share is None
    when its samples are. A line active in several threads at once can have more than 1.

    Blocked is a line that was seen and was not active, so this share is a difference of two, from moments that are not
    the same: one within `CLEAR` standard errors of nothing is 0. Only the user's lines and the threads that make the
    calls count: what an event loop or an idle pool waits for is no line's.

    :param gil: stacks of the thread that holds the GIL, on a CPU or not
    :param active: stacks of the threads that the kernel calls running or runnable
    :param everyone: stacks of all threads, whatever they do
    :param home: the target's own package or file, which is the user's code wherever it is
    """
    gil_shares, cpu_shares = _shares(gil, home), _shares(active, home)
    waits = _wait_shares(active, everyone, home)
    called = _callees(everyone or active or gil, home)
    lines = [
        HotLine(
            function=frame.function,
            file=frame.file,
            line=frame.line,
            gil_share=None if gil_shares is None else gil_shares.get(frame, 0.0),
            cpu_share=None if cpu_shares is None else cpu_shares.get(frame, 0.0),
            wait_share=None if waits is None else waits.get(frame, 0.0),
            callee=called.get(frame),
            source=linecache.getline(frame.file, frame.line).strip() or None,
        )
        for frame in {*(gil_shares or ()), *(cpu_shares or ()), *(waits or ())}
    ]
    return tuple(sorted(lines, key=_rank)[:top])


def _rank(line: HotLine) -> tuple[float, float, str, int, str]:
    gil, cpu, wait = line.gil_share or 0.0, line.cpu_share or 0.0, line.wait_share or 0.0
    return -max(gil, cpu, wait), -gil, line.file, line.line, line.function


def _shares(samples: Samples | None, home: str | None) -> dict[Frame, float] | None:
    if samples is None:
        return None
    seen: Counter[Frame] = Counter()
    for stack in samples.stacks:
        frame = _line(stack, home)
        if frame is not None:
            seen[frame] += stack.seen
    return {frame: count / samples.moments for frame, count in seen.items()}


def _wait_shares(active: Samples | None, everyone: Samples | None, home: str | None) -> dict[Frame, float] | None:
    if active is None or everyone is None:
        return None
    busy = _shares(Samples(tuple(_calling(active.stacks, home)), active.moments), home) or {}
    all_seen = _shares(Samples(tuple(_calling(everyone.stacks, home)), everyone.moments), home) or {}
    return {
        frame: share - busy.get(frame, 0.0)
        for frame, share in all_seen.items()
        if share - busy.get(frame, 0.0)
        > CLEAR * math.hypot(_error(share, everyone.moments), _error(busy.get(frame, 0.0), active.moments))
    }


def _error(share: float, moments: float) -> float:
    """The standard error of a share (binomial)."""
    return math.sqrt(max(0.0, share * (1.0 - share)) / moments)


def _calling(stacks: Iterable[SampledStack], home: str | None) -> Iterator[SampledStack]:
    """The stacks of a call being made that are in the user's code."""
    return (stack for stack in stacks if stack.in_call and _users_innermost(stack, home) is not None)


def _line(stack: SampledStack, home: str | None) -> Frame | None:
    """The line that a sample counts for."""
    at = _users_innermost(stack, home)
    return stack.frames[-1 if at is None else at] if stack.frames else None


def _callees(samples: Samples | None, home: str | None) -> dict[Frame, str]:
    """What each of the user's lines was calling most often; lines that mostly were innermost themselves are left
    out."""
    seen: dict[Frame, Counter[str | None]] = {}
    for stack in samples.stacks if samples else ():
        at = _users_innermost(stack, home)
        if at is not None:
            inner = stack.frames[at + 1 :]
            name = dotted_name(inner[0].function, inner[0].file) if inner else None
            seen.setdefault(stack.frames[at], Counter())[name] += stack.seen
    most = {frame: counted.most_common(1)[0][0] for frame, counted in seen.items()}
    return {frame: name for frame, name in most.items() if name is not None}


def _users_innermost(stack: SampledStack, home: str | None) -> int | None:
    """The place of the user's innermost line among the frames."""
    users = [at for at, frame in enumerate(stack.frames) if is_users(frame.file, home)]
    return users[-1] if users else None
