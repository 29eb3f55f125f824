"""The Firefox Profiler's processed format, for profiler.firefox.com: the solo run's samples, and which held the GIL.

Written in version 48, which every newer profiler converts
(https://github.com/firefox-devtools/profiler/blob/main/docs-developer/CHANGELOG-formats.md). The moments of the samples
are not known: they lie one after another, a millisecond each, the most frequent stack first.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import accumulate
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec

from gilscope.report.stacks import parsed, sampled, with_stacks
from gilscope.report.verdicts import short_name

if TYPE_CHECKING:
    from gilscope.records import ResultRecord, Stack

__all__ = ["render"]

_VERSION: Final = 48
#: Of the raw format that came with it.
_RAW_VERSION: Final = 29
#: Indices into `_CATEGORIES`; the viewer takes the grey one for what is not told.
_UNTOLD, _HELD, _FREE = range(3)
_CATEGORIES: Final = [
    {"name": name, "color": colour, "subcategories": ["Other"]}
    for name, colour in (("Other", "grey"), ("holding the GIL", "blue"), ("without the GIL", "green"))
]


def render(results: Sequence[ResultRecord]) -> str:
    """A process with one thread for each result.

    :raises OutputError: when no result holds stacks
    """
    told = with_stacks(results)
    document = {
        "meta": _meta(told[0]),
        "libs": [],
        "pages": [],
        "counters": [],
        "threads": [_thread(str(number), result) for number, result in enumerate(told, start=1)],
    }
    return msgspec.json.encode(document).decode() + "\n"


def _meta(result: ResultRecord) -> dict[str, Any]:
    where = result.environment
    return {
        "version": _RAW_VERSION,
        "preprocessedProfileVersion": _VERSION,
        "product": "gilscope",
        "importedFrom": f"gilscope {where.gilscope}",
        "interval": 1,
        "startTime": _epoch_ms(result.created),
        "processType": 0,
        "stackwalk": 0,
        "symbolicated": True,
        "usesOnlyOneStackType": True,
        "doesNotUseFrameImplementation": True,
        "sourceCodeIsNotOnSearchfox": True,
        "platform": where.platform,
        "oscpu": f"{where.platform} {where.machine}",
        "logicalCPUs": where.cpus_visible,
        "categories": _CATEGORIES,
        "markerSchema": [],
    }


def _epoch_ms(created: str) -> float:
    """0 where a hand has changed the record's date."""
    try:
        return datetime.fromisoformat(created).timestamp() * 1e3
    except ValueError:
        return 0.0


def _thread(pid: str, result: ResultRecord) -> dict[str, Any]:
    tables = _Tables()
    samples = [
        (tables.stack(stack.frames, category), weight)
        for stack in sampled(result)
        for category, weight in _weights(stack)
    ]
    return {
        "name": short_name(result.target.spec),
        "processName": result.target.spec,
        "isMainThread": True,
        "processType": "default",
        "processStartupTime": 0,
        "processShutdownTime": None,
        "registerTime": 0,
        "unregisterTime": None,
        "pausedRanges": [],
        "pid": pid,
        "tid": int(pid),
        "samples": _samples(samples),
        "markers": _table([], "data", "name", "startTime", "endTime", "phase", "category"),
        **tables.columns(),
    }


def _weights(stack: Stack) -> Iterator[tuple[int, int]]:
    """The samples of a stack by their category."""
    held = stack.gil_samples
    parts = [(_UNTOLD, stack.samples)] if held is None else [(_HELD, held), (_FREE, stack.samples - held)]
    yield from ((category, samples) for category, samples in parts if samples > 0)


def _samples(weighted: Sequence[tuple[int | None, int]]) -> dict[str, Any]:
    weights = [weight for _, weight in weighted]
    return {
        "weightType": "samples",
        "weight": weights,
        "stack": [stack for stack, _ in weighted],
        "time": list(accumulate(weights[:-1], initial=0)),
        "length": len(weights),
    }


class _Function(NamedTuple):
    name: int
    file: int | None


class _Place(NamedTuple):
    """A line of a function, and what its own samples were; only the innermost frame of a stack tells, and the rest are
    shared."""

    function: int
    line: int | None
    category: int


class _Node(NamedTuple):
    """A frame called from another."""

    caller: int | None
    place: int
    category: int


class _Tables:
    """What the samples of a thread refer to: each row is stored once, and referred to by its number."""

    def __init__(self) -> None:
        self._texts: dict[str, int] = {}
        self._functions: dict[_Function, int] = {}
        self._places: dict[_Place, int] = {}
        self._nodes: dict[_Node, int] = {}

    def stack(self, frames: Sequence[str], category: int) -> int | None:
        """The number of a stack, outermost frame first; None where it has no frames."""
        node = None
        for text in frames[:-1]:
            node = self._node(node, text, _UNTOLD)
        return self._node(node, frames[-1], category) if frames else None

    def _node(self, caller: int | None, text: str, category: int) -> int:
        name, file, line = parsed(text)
        function = _Function(_number(self._texts, name), None if file is None else _number(self._texts, file))
        place = _Place(_number(self._functions, function), line, category)
        return _number(self._nodes, _Node(caller, _number(self._places, place), category))

    def columns(self) -> dict[str, Any]:
        """The tables as the format has them: an array for each column."""
        return {
            "stringArray": list(self._texts),
            "stackTable": _table(
                [(node.caller, node.place, node.category, 0) for node in self._nodes],
                *("prefix", "frame", "category", "subcategory"),
            ),
            "frameTable": _table(
                [(*place, 0, -1, 0, None, None, None, None) for place in self._places],
                *("func", "line", "category", "subcategory", "address", "inlineDepth"),
                *("nativeSymbol", "innerWindowID", "implementation", "column"),
            ),
            "funcTable": _table(
                [(*function, False, False, -1, None, None) for function in self._functions],
                *("name", "fileName", "isJS", "relevantForJS", "resource", "lineNumber", "columnNumber"),
            ),
            "resourceTable": _table([], "lib", "name", "host", "type"),
            "nativeSymbols": _table([], "libIndex", "address", "name", "functionSize"),
        }


def _number(rows: dict[Any, int], row: Any) -> int:
    """The number of ``row``, which is added where it is new."""
    return rows.setdefault(row, len(rows))


def _table(rows: Sequence[tuple[Any, ...]], *names: str) -> dict[str, Any]:
    """An array for each of ``names``, and their length."""
    return {name: [row[at] for row in rows] for at, name in enumerate(names)} | {"length": len(rows)}
