"""A flame graph laid out: the stacks of the solo run merged from the outermost call inwards (after Gregg, "The Flame
Graph", CACM 59(6), 2016). The width of a frame is its share of the samples; its place among its siblings says nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from gilscope.records import Stack
from gilscope.report.tables import Column, Row, Table
from gilscope.units import UNKNOWN, percent

__all__ = ["Flame", "Frame", "flame", "functions"]

_MOST_FRAMES: Final = 400
_MOST_DEEP: Final = 60
_MOST_FUNCTIONS: Final = 25
#: A frame narrower than this fraction cannot be seen.
_NARROWEST: Final = 0.002


@dataclass(frozen=True)
class Frame:
    """A call on a stack, with all that it called above it. Places are fractions of the whole."""

    name: str
    depth: int
    left: float
    width: float
    gil_share: float | None
    """The fraction of its own samples in which the GIL was held; None when unknown."""

    @property
    def hint(self) -> str:
        """What is told of it beside its name."""
        held = "" if self.gil_share is None else f", holding the GIL in {percent(self.gil_share)} of them"
        return f"{percent(self.width)} of the samples{held}"


@dataclass(frozen=True)
class Flame:
    """The frames, outermost first, each after the one that called it."""

    frames: tuple[Frame, ...]
    samples: int
    left_out: int
    """Frames too narrow, too deep or too many to be drawn."""

    @property
    def depth(self) -> int:
        """Rows needed."""
        return max((frame.depth for frame in self.frames), default=-1) + 1


@dataclass
class _Node:
    samples: int = 0
    gil: int = 0
    gil_known: bool = True
    inner: dict[str, _Node] = field(default_factory=dict)

    def add(self, stack: Stack) -> None:
        self.samples += stack.samples
        self.gil += stack.gil_samples or 0
        self.gil_known &= stack.gil_samples is not None


def flame(stacks: Sequence[Stack]) -> Flame:
    """Lay out ``stacks``; empty where there are no samples."""
    root = _tree(stacks)
    frames = list(_laid_out(root, root.samples)) if root.samples else []
    visible = [frame for frame in frames if frame.width >= _NARROWEST][:_MOST_FRAMES]
    deeper = sum(max(0, len(stack.frames) - _MOST_DEEP) for stack in stacks)
    return Flame(tuple(visible), root.samples, len(frames) - len(visible) + deeper)


def _tree(stacks: Sequence[Stack]) -> _Node:
    root = _Node()
    for stack in stacks:
        node = root
        node.add(stack)
        for name in stack.frames[:_MOST_DEEP]:
            node = node.inner.setdefault(name, _Node())
            node.add(stack)
    return root


def _laid_out(node: _Node, whole: int, left: float = 0.0, depth: int = 0) -> Iterator[Frame]:
    """Row by row within each frame; the widest of siblings first."""
    for name, inner in sorted(node.inner.items(), key=lambda item: -item[1].samples):
        held = inner.gil / inner.samples if inner.gil_known and inner.samples else None
        yield Frame(name, depth, left, inner.samples / whole, held)
        yield from _laid_out(inner, whole, left, depth + 1)
        left += inner.samples / whole


def functions(stacks: Sequence[Stack]) -> Table:
    """The same as a table: the share of samples in which a function was the innermost, was on the stack at all, and
    held the GIL itself; the first by the first."""
    whole = sum(stack.samples for stack in stacks)
    own, total, held = Counter[str](), Counter[str](), Counter[str]()
    for stack in stacks:
        total.update(dict.fromkeys(stack.frames, stack.samples))
        if stack.frames:
            own[stack.frames[-1]] += stack.samples
            held[stack.frames[-1]] += stack.gil_samples or 0
    known = all(stack.gil_samples is not None for stack in stacks)
    names = sorted(total, key=lambda name: (-own[name], -total[name], name))[:_MOST_FUNCTIONS]
    columns = (
        Column("function", numeric=False),
        Column("itself"),
        Column("with what it calls"),
        Column("holding the GIL"),
    )
    return Table(
        columns,
        tuple(
            Row((name, *(percent(count[name] / whole) for count in (own, total)), _held(held[name] / whole, known)))
            for name in names
            if whole
        ),
    )


def _held(share: float, known: bool) -> str:
    return percent(share) if known else UNKNOWN
