"""Observed rounds, moment by moment: which are drawn, and how much of them; bounded, for a page must open at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from gilscope.decide.recommended import recommended
from gilscope.records import Lane, ResultRecord, Timeline, Trial
from gilscope.report.document import Block, Detail, Paragraph, Row, Section, Table, headed
from gilscope.report.palette import STATE_STYLES
from gilscope.report.pictures import TimelineChart
from gilscope.units import counted, duration, percent

__all__ = ["MOST_LANES", "MOST_SPANS", "cut", "lane_table", "seconds", "telling", "timelines"]

MOST_LANES: Final = 64
MOST_SPANS: Final = 4_000
_MOST_TRIALS: Final = 3


def timelines(result: ResultRecord) -> Section | None:
    """The rounds that tell most, each folded but the first."""
    if not result.trials:
        return None
    told: list[Block] = [
        _chart(trial, trial.timeline, aside=at > 0) for at, trial in enumerate(telling(result)) if trial.timeline
    ]
    nothing = Paragraph("No timeline was recorded for this result.", "soft")
    return Section("The workers, moment by moment", tuple(told or [nothing]), "an observed round", Detail.FULL)


def telling(result: ResultRecord) -> tuple[Trial, ...]:
    """The recommended trial, then those whose timeline tells most: the one whose workers wait longest for the GIL in
    it, and those with the most lanes."""
    drawn = [(trial, trial.timeline.lanes) for trial in result.trials if trial.timeline and trial.timeline.lanes]
    chosen = recommended(result.recommendation, result.trials)
    waits = [seconds(lanes).get("gil_wait", 0.0) for _, lanes in drawn]
    longest = max(waits, default=0.0)

    def rank(at: int) -> tuple[bool, bool, int]:
        trial, lanes = drawn[at]
        waited = waits[at] == longest > 0 and at == waits.index(longest)
        return (trial is not chosen, not waited, -len(lanes))

    return tuple(drawn[at][0] for at in sorted(range(len(drawn)), key=rank)[:_MOST_TRIALS])


def cut(whole: Timeline) -> Timeline:
    """The first lanes, and as much from the beginning as can be drawn: `MOST_SPANS` stretches in all."""
    lanes = whole.lanes[:MOST_LANES]
    ends = sorted(edge for lane in lanes for edge in lane.edges_s[1 : MOST_SPANS + 2])
    wall_s = whole.wall_s if len(ends) <= MOST_SPANS else ends[MOST_SPANS - 1]
    return Timeline(wall_s=wall_s, lanes=tuple(_until(lane, wall_s) for lane in lanes))


def _until(lane: Lane, end_s: float) -> Lane:
    kept = sum(edge < end_s for edge in lane.edges_s[:-1])
    edges = [min(edge, end_s) for edge in lane.edges_s[: kept + 1]]
    return Lane(pid=lane.pid, tid=lane.tid, edges_s=tuple(edges), states=lane.states[:kept])


def seconds(lanes: Sequence[Lane]) -> dict[str, float]:
    """Seconds by state, over all lanes, in the order of the palette; what it does not know is unknown."""
    found = dict.fromkeys(STATE_STYLES, 0.0)
    for lane in lanes:
        for state, start, end in zip(lane.states, lane.edges_s, lane.edges_s[1:], strict=False):
            found[state if state in found else "unknown"] += end - start
    return {state: spent for state, spent in found.items() if spent > 0}


def _chart(trial: Trial, drawn: Timeline, *, aside: bool) -> TimelineChart:
    count = len(drawn.lanes)
    workers = counted(count, "worker thread")
    if trial.ledger is not None and trial.ledger.threads > count:
        workers = f"{count} of {counted(trial.ledger.threads, 'worker thread')}"
    told = f"The first {duration(drawn.wall_s)} of an observed round of {trial.name}, a lane for each of {workers}."
    about = "A lane for each worker, coloured by state."
    states = tuple(seconds(drawn.lanes))
    return TimelineChart(
        trial.name, told, drawn.wall_s, drawn.lanes, states, aside, about=about, table=lane_table(drawn, states)
    )


def lane_table(drawn: Timeline, states: Sequence[str]) -> Table:
    """The shares of each lane's states."""
    titles = ("worker", "process", "thread", *(STATE_STYLES[state].title for state in states))
    rows = []
    for at, lane in enumerate(drawn.lanes, start=1):
        spent = seconds([lane])
        whole = sum(spent.values())
        shares = (percent(spent.get(state, 0.0) / whole if whole > 0 else None) for state in states)
        rows.append(Row((str(at), str(lane.pid), str(lane.tid), *shares)))
    return Table(headed(titles), tuple(rows), about="share of each state by worker")
