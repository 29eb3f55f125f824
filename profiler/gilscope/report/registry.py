"""Which sections a report on a result has, and in what order.

Other packages add theirs: an entry point in the group ``gilscope.sections`` names a sequence of `Maker`. One whose
module is not there, because its folder was deleted, adds nothing.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from typing import Final, NamedTuple

from gilscope.entry_points import loaded
from gilscope.errors import UsageError
from gilscope.records import ResultRecord
from gilscope.report.document import Section
from gilscope.report.sections.alone import alone
from gilscope.report.sections.circumstances import circumstances
from gilscope.report.sections.foresight import break_even, elsewhere, groups, predictions
from gilscope.report.sections.hot import hot
from gilscope.report.sections.latencies import latencies
from gilscope.report.sections.ledgers import ledgers
from gilscope.report.sections.outcome import alternatives, code, failure, findings, output
from gilscope.report.sections.throughput import throughput
from gilscope.report.sections.timelines import timelines

__all__ = ["CORE", "GROUP", "Maker", "makers", "sections"]

GROUP: Final = "gilscope.sections"


class Maker(NamedTuple):
    """Makes a section of a result, or None. What it says may be of any length, and hold anything: that is seen to."""

    order: int
    """The lower, the earlier."""
    make: Callable[[ResultRecord], Section | None]


CORE: Final = (
    Maker(100, code),
    Maker(150, alone),
    Maker(200, groups),
    Maker(300, throughput),
    Maker(400, ledgers),
    Maker(500, timelines),
    Maker(600, hot),
    Maker(700, predictions),
    Maker(800, elsewhere),
    Maker(900, break_even),
    Maker(1000, alternatives),
    Maker(1100, findings),
    Maker(1200, failure),
    Maker(1300, latencies),
    Maker(1400, output),
    Maker(1500, circumstances),
)


def sections(result: ResultRecord) -> Iterator[Section]:
    """All that there is to say, in order."""
    made = (maker.make(result) for maker in makers())
    return (section for section in made if section is not None)


@functools.cache
def makers() -> tuple[Maker, ...]:
    """Those of the core, and those of other packages.

    :raises UsageError: when a package's cannot be loaded
    """
    added = [maker for name, found in loaded(GROUP).items() for maker in _checked(name, found)]
    return tuple(sorted((*CORE, *added), key=lambda maker: maker.order))


def _checked(name: str, found: object) -> Sequence[Maker]:
    if not (isinstance(found, Sequence) and all(isinstance(maker, Maker) for maker in found)):
        raise UsageError(f"sections {name!r} are no sequence of gilscope.report.registry.Maker")
    return found
