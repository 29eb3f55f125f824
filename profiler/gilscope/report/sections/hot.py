"""Where the solo run spent its samples: hot lines, and the stacks as a flame graph (after Gregg, "The Flame Graph",
CACM 59(6), 2016). The width of a frame is its share of the samples; its place among its siblings says nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Final

from gilscope.records import HotLine, ResultRecord, Stack
from gilscope.report.document import NOT_APPLICABLE, Block, Column, Detail, Row, Section, Table, headed
from gilscope.report.pictures import FlameFrame, FlameGraph
from gilscope.units import UNKNOWN, counted, percent

__all__ = ["flame_graph", "functions", "hot"]

_MOST_FRAMES: Final = 400
_MOST_DEEP: Final = 60
_MOST_FUNCTIONS: Final = 25
#: A frame narrower than this fraction cannot be seen.
_NARROWEST: Final = 0.002


def hot(result: ResultRecord) -> Section | None:
    """The hottest lines, and what called them."""
    lines, graph = _lines(result), flame_graph(result.stacks)
    blocks: list[Block] = [*([lines] if lines.rows else []), *([graph] if graph.frames else [])]
    subtitle = "share of the solo run's samples in which each held the GIL, was active at all, and was blocked"
    return Section("Hot lines", tuple(blocks), subtitle, Detail.USUAL) if blocks else None


def _lines(result: ResultRecord) -> Table:
    shares = ("GIL", "CPU", "blocked")
    titles = ("function", "line", "source", *shares, "calling")
    columns = tuple(Column(title, title in shares, brief=title != "source") for title in titles)
    table = Table(columns, tuple(Row(_line(line)) for line in result.hot), about="hot lines")
    return table if any(line.source for line in result.hot) else table.brief()


def _line(line: HotLine) -> tuple[str, ...]:
    place = "/".join(PurePath(line.file).parts[-2:])
    shares = (percent(share) for share in (line.gil_share, line.cpu_share, line.wait_share))
    return (line.function, f"{place}:{line.line}", line.source or UNKNOWN, *shares, line.callee or NOT_APPLICABLE)


# ---- the flame graph ----


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


def flame_graph(stacks: Sequence[Stack]) -> FlameGraph:
    """Lay out ``stacks``; without frames where there are no samples."""
    root = _tree(stacks)
    frames = list(_laid_out(root, root.samples)) if root.samples else []
    visible = [frame for frame in frames if frame.width >= _NARROWEST][:_MOST_FRAMES]
    deeper = sum(max(0, len(stack.frames) - _MOST_DEEP) for stack in stacks)
    about = f"Flame graph of {counted(root.samples, 'sample')}"
    return FlameGraph(
        tuple(visible), len(frames) - len(visible) + deeper, about=about, table=functions(stacks), detail=Detail.FULL
    )


def _tree(stacks: Sequence[Stack]) -> _Node:
    root = _Node()
    for stack in stacks:
        node = root
        node.add(stack)
        for name in stack.frames[:_MOST_DEEP]:
            node = node.inner.setdefault(name, _Node())
            node.add(stack)
    return root


def _laid_out(node: _Node, whole: int, left: float = 0.0, depth: int = 0) -> Iterator[FlameFrame]:
    """Row by row within each frame; the widest of siblings first."""
    for name, inner in sorted(node.inner.items(), key=lambda item: -item[1].samples):
        held = inner.gil / inner.samples if inner.gil_known and inner.samples else None
        yield FlameFrame(name, depth, left, inner.samples / whole, held)
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
    names = sorted(total, key=lambda name: (-own[name], -total[name], name))[:_MOST_FUNCTIONS] if whole else []
    counts = (own, total, held) if known else (own, total)
    rows = ([name, *(percent(count[name] / whole) for count in counts)] for name in names)
    titles = ("function", "itself", "with what it calls", "holding the GIL")
    columns = headed(titles, texts=("function",))
    cells = (tuple(row + [UNKNOWN] * (len(titles) - len(row))) for row in rows)
    return Table(
        columns, tuple(map(Row, cells)), about="the functions of the flame graph, by their share of the samples"
    )
