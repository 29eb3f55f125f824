"""The parts as a page of Markdown. Pure."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from benchmarks.programs.cost import Cost, OwnCpu
from benchmarks.programs.latency import Latency
from benchmarks.programs.memory import PAGE_BYTES, PAGE_S, RUN_BYTES, Kept
from benchmarks.programs.results import Part
from benchmarks.programs.truth import Row

__all__ = ["page"]

Lines = Iterator[str]


def page(parts: Iterable[Part]) -> str:
    """All of them."""
    together = groupby(parts, lambda part: part.part.partition("-")[0])
    return "\n".join(line for name, group in together for line in _named(name, group))


def _named(name: str, parts: Iterable[Part]) -> Lines:
    yield f"## {name.capitalize()}"
    yield ""
    for part in parts:
        yield from _part(part)


def _part(part: Part) -> Lines:
    yield f"`{part.command}`, {part.date}, gilscope {part.gilscope} on {part.machine}."
    yield ""
    for rows, lines in (
        (part.rows, _truth(part.rows)),
        (part.costs, _costs(part.costs)),
        (part.own, _own(part.own)),
        (part.latencies, _latencies(part.latencies)),
        (part.kept, _kept(part.kept)),
    ):
        if rows:
            yield from lines
            yield ""


def _truth(rows: Sequence[Row]) -> Lines:
    yield "| Python | figures | within the aim | off, in points: median | largest |"
    yield "| --- | --- | --- | --- | --- |"
    for python, group in groupby(rows, lambda row: row.python):
        ours = list(group)
        off = [100 * abs(row.off) for row in ours if row.off is not None and not row.figure.startswith("longest")]
        within = sum(row.holds for row in ours)
        yield f"| {python} | {len(ours)} | {within} | {statistics.median(off):.1f} | {max(off):.1f} |"
    yield ""
    yield "| Python | program | figure: true → said (%; s); in bold what is beyond the aim |"
    yield "| --- | --- | --- |"
    for (python, program), group in groupby(rows, lambda row: (row.python, row.program)):
        yield f"| {python} | {program} | {'; '.join(map(_figure, group))} |"


def _figure(row: Row) -> str:
    scale, places = (1, 3) if row.figure.startswith("longest") else (100, 1)
    said = "unknown" if row.said is None else f"{scale * row.said:.{places}f}"
    text = f"{row.figure} {scale * row.true:.{places}f} → {said}"
    return text if row.holds else f"**{text}**"


def _costs(costs: Sequence[Cost]) -> Lines:
    yield "| Python | program | tool | pairs | throughput: median | 95 % interval |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for each in costs:
        yield (
            f"| {each.python} | {each.program} | {each.tool} | {each.pairs} | {100 * each.median:+.1f} % "
            f"| {100 * each.low:+.1f} to {100 * each.high:+.1f} % |"
        )


def _own(rows: Sequence[OwnCpu]) -> Lines:
    yield "| Python | program | gilscope's own CPU, of one CPU |"
    yield "| --- | --- | --- |"
    for each in rows:
        yield f"| {each.python} | {each.program} | {100 * each.share:.1f} % |"


def _latencies(rows: Sequence[Latency]) -> Lines:
    yield "| Python | program | command | times | median | 95 % interval |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for each in rows:
        yield (
            f"| {each.python} | {each.program} | {each.command} | {each.times} | {each.median_s:.2f} s "
            f"| {each.low_s:.2f} to {each.high_s:.2f} s |"
        )


def _kept(rows: Sequence[Kept]) -> Lines:
    yield (
        f"Aims: {RUN_BYTES / 1e6:.0f} MB while it is watched, {PAGE_BYTES / 1e6:.0f} MB of HTML, drawn in "
        f"{PAGE_S:g} s. 200 threads."
    )
    yield ""
    yield "| watched | moments | memory before | after them | with the page | a moment takes | page | drawn in |"
    yield "| --- | --- | --- | --- | --- | --- | --- | --- |"
    for each in rows:
        sizes = [f"{size / 1e6:.0f} MB" for size in (each.imported_bytes, each.fed_bytes, each.told_bytes)]
        yield (
            f"| {each.hours:g} h | {each.moments:,} | {' | '.join(sizes)} | {1e6 * each.fed_s / each.moments:.0f} µs "
            f"| {each.page_bytes / 1e6:.2f} MB | {each.drawn_s:.1f} s |"
        )
