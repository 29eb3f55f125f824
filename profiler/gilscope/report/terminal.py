"""Fitting words into a terminal: names cut in the middle where there is no room, phrases wrapped between words, and
ASCII alone where the terminal, or what reads its output, has no more."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from rich.cells import cell_len, set_cell_size
from rich.measure import Measurement
from rich.segment import Segment
from rich.text import Text

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderableType, RenderResult

__all__ = ["Cell", "Fitting", "Indented", "OfWidth", "Portable", "Shrinking", "cut"]

#: A word is cut to no less than this, however many columns there are.
_NARROWEST: Final = 8
#: gilscope's own characters, one for one, so that columns stay aligned.
_ASCII: Final = str.maketrans("×–—µ…·’", "x--u..'")


def cut(text: str, width: int, *, ascii_only: bool = False) -> str:
    """``text`` in no more than ``width`` columns: both ends of it, where it is longer."""
    if cell_len(text) <= width:
        return text
    mark = "..." if ascii_only else "…"
    room = max(width - len(mark), 0)
    return f"{set_cell_size(text, room - room // 2)}{mark}{set_cell_size(text[::-1], room // 2)[::-1]}"


@dataclass(frozen=True)
class Cell:
    """A cell of a table: wrapped between words to a few lines; a word too long for a line is cut in the middle."""

    text: str
    most_lines: int = 6

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        width, plain = options.max_width, options.ascii_only
        words = [cut(word, width, ascii_only=plain) for word in self.text.split()]
        yield Text(cut(" ".join(words), width * self.most_lines, ascii_only=plain))

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        longest = max(map(cell_len, self.text.split()), default=0)
        return Measurement(min(longest, _NARROWEST), cell_len(self.text))


@dataclass(frozen=True)
class Indented:
    """Lines of a traceback or an output, indented: those that are indented themselves, as code and places are, are cut
    in the middle; the others are wrapped."""

    text: str
    indent: int = 4

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        width = options.max_width - self.indent
        for line in self.text.expandtabs().rstrip().splitlines():
            shown = cut(line, width, ascii_only=options.ascii_only) if line.startswith(" ") else line
            for part in Text(shown).wrap(console, width):
                yield Text.assemble(" " * self.indent, part)


@dataclass(frozen=True)
class Shrinking:
    """Rows, of which ``build`` draws so many as there is room for, the first ones."""

    build: Callable[[int], RenderableType]
    count: int
    least: int = 1


@dataclass(frozen=True)
class OfWidth:
    """Draws what ``build`` returns for so many columns."""

    build: Callable[[int], RenderableType]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield self.build(options.max_width)

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        return Measurement.get(console, options, self.build(options.max_width))


@dataclass(frozen=True)
class Fitting:
    """A head, and as many of the parts as there are lines for.

    Those are left out for which there is no room though all that shrink are as short as they may be: those of the last
    group first, and of a group those that shrink last. What is kept is then made shorter as far as it must be, the last
    first.
    """

    head: RenderableType
    groups: Sequence[Sequence[RenderableType | Shrinking]]
    most_lines: int

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        def height(part: RenderableType) -> int:
            """As a terminal wraps lines that are too long for it."""
            lines = Segment.split_lines(console.render(part, options))
            return sum(max(1, -(-Segment.get_line_length(line) // options.max_width)) for line in lines)

        room = self.most_lines - height(self.head)
        kept = [(group, part) for group, several in enumerate(self.groups) for part in several]
        least = [height(_built(part, least=True)) for _, part in kept]
        for at in sorted(range(len(kept)), key=lambda at: (-kept[at][0], isinstance(kept[at][1], Shrinking), -at)):
            if sum(least) > room:
                least[at] = 0
        parts = [part for (_, part), lines in zip(kept, least, strict=True) if lines]
        drawn = [_built(part) for part in parts]
        heights = [height(part) for part in drawn]
        for at, part in reversed([*enumerate(parts)]):
            for count in range(part.count - 1, part.least - 1, -1) if isinstance(part, Shrinking) else ():
                if sum(heights) > room:
                    drawn[at] = _built(part, count)
                    heights[at] = height(drawn[at])
        return iter([self.head, *drawn])


def _built(part: RenderableType | Shrinking, count: int | None = None, *, least: bool = False) -> RenderableType:
    """With so many rows, the least there may be, or all."""
    if not isinstance(part, Shrinking):
        return part
    return part.build(min(part.least, part.count) if least else part.count if count is None else count)


@dataclass(frozen=True)
class Portable:
    """Draws what ``build`` returns; it is told whether there is only ASCII, and what it draws has then nothing else."""

    build: Callable[[bool], RenderableType]
    ascii_only: bool = False
    """Whatever the console's encoding says."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        if not (self.ascii_only or options.ascii_only):
            return iter([self.build(False)])
        plain = options.copy()
        plain.encoding = "ascii"
        return _in_ascii(console.render(self.build(True), plain))


def _in_ascii(segments: Iterable[Segment]) -> Iterator[Segment]:
    for part in segments:
        text = part.text.translate(_ASCII).encode("ascii", "replace").decode()
        yield Segment(text, part.style, part.control)
