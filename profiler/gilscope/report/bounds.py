"""How much of a result a page shows, so that it opens at once whatever the record holds; and what it leaves out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeVar

import msgspec

from gilscope.report.clean import clipped, printable
from gilscope.report.sections.timelines import cut, telling
from gilscope.report.verdicts import is_chosen

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gilscope.records import ResultRecord, Trial

__all__ = ["bounded", "verdict_only"]

T = TypeVar("T")

_MOST_ROWS: Final = 100
_MOST_STACKS: Final = 2_000
_MOST_NAMED: Final = 50
#: Characters of a string; of the code, the output and a traceback, which are read line by line.
_MOST_SAID, _MOST_TEXT = 1_000, 20_000
#: Characters of a name or a reason among many.
_MOST_BRIEF: Final = 200

_LISTS: Final = (
    *("predictions", "break_even", "groups", "imports", "native_pools", "hot", "findings"),
    *("queue_settings", "queue_programs"),
)


def bounded(result: ResultRecord) -> tuple[ResultRecord, list[str]]:
    """``result`` fit for a page: no more than can be looked at, its strings harmless; and what was left out."""
    trials = _kept(result)
    lists = {name: getattr(result, name)[:_MOST_ROWS] for name in _LISTS}
    advice = _changed(result.recommendation, alternatives=result.recommendation.alternatives[:_MOST_ROWS])
    smaller = _changed(
        clipped(
            _changed(result, trials=(), stacks=(), failure=None, output="", **lists, recommendation=advice), _MOST_SAID
        ),
        settings=dict(list(result.settings.items())[:_MOST_NAMED]),
    )
    return printable(_with_text(smaller, result, trials)), _left_out(result, trials)


def verdict_only(result: ResultRecord) -> ResultRecord:
    """What a list of many results tells of each."""
    empty: dict[str, Any] = dict.fromkeys(("trials", "stacks", *_LISTS), ())
    advice = _changed(result.recommendation, code="", other_code="", alternatives=())
    bare = _changed(result, **empty | {"break_even": result.break_even[:_MOST_ROWS]}, recommendation=advice)
    return printable(clipped(_changed(bare, failure=None, output="", settings={}), _MOST_BRIEF))


def _with_text(smaller: ResultRecord, whole: ResultRecord, trials: Sequence[Trial]) -> ResultRecord:
    """What may be long, cut at a greater length."""
    advice, where = smaller.recommendation, smaller.environment
    codes = {name: getattr(whole.recommendation, name) for name in ("code", "other_code")}
    codes, failure, output = clipped((codes, whole.failure, whole.output), _MOST_TEXT)
    stacks = [_changed(stack, frames=stack.frames[:_MOST_ROWS]) for stack in whole.stacks[:_MOST_STACKS]]
    return _changed(
        smaller,
        recommendation=_changed(advice, **codes),
        queue_programs=clipped(whole.queue_programs[:_MOST_ROWS], _MOST_TEXT),
        environment=_changed(where, packages=dict(list(where.packages.items())[:_MOST_NAMED])),
        trials=clipped(tuple(trials), _MOST_SAID),
        failure=failure,
        output=output,
        stacks=clipped(tuple(stacks), _MOST_BRIEF),
    )


def _kept(result: ResultRecord) -> list[Trial]:
    """The recommended trial, the serial one and the fastest, in their order; their timelines where they tell."""
    serial = next((at for at, trial in enumerate(result.trials) if trial.backend == "serial"), None)

    def rank(at: int) -> tuple[bool, bool, float]:
        trial = result.trials[at]
        return (not is_chosen(trial, result.recommendation), at != serial, -(trial.throughput_per_s or 0.0))

    timed = [id(trial) for trial in telling(result)]
    kept = sorted(sorted(range(len(result.trials)), key=rank)[:_MOST_ROWS])
    shown = [result.trials[at] for at in kept]
    return [
        _changed(trial, rounds=(), timeline=cut(trial.timeline) if trial.timeline and id(trial) in timed else None)
        for trial in shown
    ]


def _left_out(result: ResultRecord, trials: Sequence[Trial]) -> list[str]:
    told = []
    if len(trials) < len(result.trials):
        told.append(
            f"{len(trials):,} of {len(result.trials):,} configurations are shown: the recommended one, "
            "the serial one and the fastest."
        )
    cut_short = [(name, len(getattr(result, name))) for name in _LISTS]
    cut_short.append(("alternatives", len(result.recommendation.alternatives)))
    told += [
        f"Only the first {_MOST_ROWS} of {count:,} {name.replace('_', ' ')} are shown."
        for name, count in cut_short
        if count > _MOST_ROWS
    ]
    return [f"{' '.join(told)} The JSON report has all of them."] if told else []


def _changed(record: T, **changes: Any) -> T:
    changed: T = msgspec.structs.replace(record, **changes)  # type: ignore[type-var]
    return changed
