"""How much is shown, so that a page opens at once whatever the record holds; and what is left out."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final, TypeVar

import msgspec

from gilscope.decide.recommended import recommended
from gilscope.report.clean import clipped, printable
from gilscope.report.document import FEW, MANY, Code, Items, Lines, Paragraph, Table
from gilscope.report.pictures import LedgerChart
from gilscope.report.sections.timelines import cut, telling
from gilscope.units import thousands

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gilscope.records import ResultRecord, Trial
    from gilscope.report.document import Block, Document, Section

__all__ = ["MOST_BRIEF", "fitted", "harmless", "with_telling_trials"]

T = TypeVar("T")

#: Trials of a result, things of a sort.
_MOST: Final = FEW
#: Characters of a string; of the code, the output and a traceback, which are read line by line; of a name or a reason
#: among many.
_MOST_SAID, _MOST_TEXT, MOST_BRIEF = 1_000, 20_000, 200


def with_telling_trials(result: ResultRecord) -> tuple[ResultRecord, list[Paragraph]]:
    """The recommended trial, then the serial one and the fastest in their order; their timelines where they tell. And
    what is to be said where these are not all."""
    chosen = recommended(result.recommendation, result.trials)
    serial = next((at for at, trial in enumerate(result.trials) if trial.backend == "serial"), None)

    def rank(at: int) -> tuple[bool, bool, float]:
        trial = result.trials[at]
        return (trial is not chosen, at != serial, -(trial.throughput_per_s or 0.0))

    timed = [id(trial) for trial in telling(result)]
    most = sorted(range(len(result.trials)), key=rank)[:_MOST]
    kept = sorted(most, key=lambda at: (result.trials[at] is not chosen, at))
    trials = tuple(_shown(result.trials[at], id(result.trials[at]) in timed) for at in kept)
    told = (
        f"{thousands(len(trials))} of {thousands(len(result.trials))} configurations are shown: the recommended one, "
        "the serial one and the fastest. The JSON report has all of them."
    )
    left_out = [Paragraph(told, "warning")] if len(trials) < len(result.trials) else []
    place = next((shown for shown, at in enumerate(kept) if result.trials[at] is chosen), None)
    advice = msgspec.structs.replace(result.recommendation, trial=place)
    return msgspec.structs.replace(result, trials=trials, recommendation=advice), left_out


def _shown(trial: Trial, timed: bool) -> Trial:
    drawn = cut(trial.timeline) if trial.timeline and timed else None
    return msgspec.structs.replace(trial, rounds=(), timeline=drawn)


def harmless(value: T, most: int = _MOST_SAID) -> T:
    """``value`` with every string fit to be shown."""
    return printable(clipped(value, most))


def fitted(document: Document) -> Document:
    """``document`` with no more than can be looked at, its strings harmless."""
    head = harmless(replace(document, sections=()))
    return replace(head, sections=tuple(_fitted(section) for section in document.sections))


def _fitted(section: Section) -> Section:
    blocks = tuple(part for block in section.blocks[:_MOST] for part in _bounded(block))
    more = _rest(len(section.blocks), _MOST, "things")
    return replace(harmless(replace(section, blocks=())), blocks=(*blocks, *more))


def _bounded(block: Block) -> Iterator[Block]:
    count, most, what = 0, _MOST, "rows"
    if isinstance(block, Table):
        count, most, block = len(block.rows), MANY, replace(block, rows=block.rows[:MANY])
    elif isinstance(block, Items):
        count, most, block = len(block.pairs), MANY, replace(block, pairs=block.pairs[:MANY])
    elif isinstance(block, LedgerChart):
        count, what, block = len(block.bars), "bars", replace(block, bars=block.bars[:_MOST])
    yield harmless(block, _MOST_TEXT if isinstance(block, Code | Lines) else _MOST_SAID)
    yield from _rest(count, most, what)


def _rest(count: int, most: int, what: str) -> Iterator[Block]:
    if count > most:
        told = (
            f"Only the first {thousands(most)} of {thousands(count)} {what} are shown. The JSON report has all of them."
        )
        yield Paragraph(told, "soft")
