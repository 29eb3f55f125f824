"""Fitting a result into a terminal: names cut in the middle where there is no room, phrases wrapped between words, and
ASCII alone where the terminal, or what reads its output, has no more."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeVar

import msgspec
from rich.cells import cell_len, set_cell_size
from rich.measure import Measurement
from rich.segment import Segment
from rich.text import Text

from gilscope.report.clean import clipped, in_ascii, printable

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderableType, RenderResult

    from gilscope.records import ResultRecord

__all__ = ["Cell", "Item", "Lines", "Portable", "cut", "fitting"]

_T = TypeVar("_T")

#: Columns of a name, characters of what is said of something, and of a text of many lines.
_MOST_NAME, _MOST_SAID, _MOST_TEXT = 48, 1_000, 10_000
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


def fitting(result: ResultRecord, *, ascii_only: bool = False) -> ResultRecord:
    """What is drawn of ``result``, of a length that can be read, its strings harmless; the code is left whole."""
    advice, (module, colon, name) = result.recommendation, result.target.spec.rpartition(":")
    bare = _changed(
        result,
        target=_changed(result.target, spec=f"{module}{colon}{cut(name, _MOST_NAME)}"),
        trials=tuple(_changed(trial, rounds=(), timeline=None, latencies=None) for trial in result.trials),
        stacks=(),
        failure=None,
        output="",
    )
    short = clipped(bare, _MOST_SAID)
    code = {"code": advice.code, "other_code": advice.other_code}
    failure, output = clipped((result.failure, result.output), _MOST_TEXT)
    whole = _changed(short, recommendation=_changed(short.recommendation, **code), failure=failure, output=output)
    return in_ascii(printable(whole)) if ascii_only else printable(whole)


def _changed(record: _T, **changes: Any) -> _T:
    changed: _T = msgspec.structs.replace(record, **changes)  # type: ignore[type-var]
    return changed


@dataclass(frozen=True)
class Cell:
    """A cell of a table: wrapped between words to a few lines; a word too long for a line is cut in the middle."""

    text: str
    most_lines: int = 3

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        width, plain = options.max_width, options.ascii_only
        words = [cut(word, width, ascii_only=plain) for word in self.text.split()]
        yield Text(cut(" ".join(words), width * self.most_lines, ascii_only=plain))

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        longest = max(map(cell_len, self.text.split()), default=0)
        return Measurement(min(longest, _NARROWEST), cell_len(self.text))


@dataclass(frozen=True)
class Item:
    """What is said of something, after its name."""

    name: str
    text: str

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield Text.assemble((f"{cut(self.name, _MOST_NAME, ascii_only=options.ascii_only)}: ", "bold"), self.text)


@dataclass(frozen=True)
class Lines:
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
