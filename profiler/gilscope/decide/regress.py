"""Two analyses of one function compared: every configuration that both measured, and what each would have recommended.

The configurations are planned anew in every analysis, so not all of them are in both; those that are not are told.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

from gilscope.decide.changes import Change, Rated, alone, compared, rated
from gilscope.decide.noise import floor_of
from gilscope.decide.recommended import recommended
from gilscope.records import ResultRecord, Trial

__all__ = ["Comparison", "compare"]


@dataclass(frozen=True)
class Comparison:
    """An old and a new result of a function."""

    old: ResultRecord
    new: ResultRecord
    floor: float
    """How much of a gap is noise between starts, as a fraction of the faster; every interval from rounds includes
    it."""
    alone: tuple[Change, ...]
    configurations: tuple[Change, ...]
    """Of each that both measured."""
    advised: tuple[Change, ...]
    """Of what the old result recommends, where the new one measured it too; otherwise of what each recommends, the old
    against the new. Empty where one recommends nothing."""
    apart: tuple[tuple[str, str], ...] = ()
    """Configurations that were measured in one of them only, and what became of them in the other."""

    def change(self, figure: str) -> Change | None:
        """The change of a figure of the solo run, or of the recommended configuration for those that it has not."""
        return next((change for change in (*self.alone, *self.advised) if change.figure == figure), None)


def compare(old: ResultRecord, new: ResultRecord) -> Comparison:
    """Compare two analyses of the same function, made under the same circumstances (`gilscope.decide.comparable`)."""
    floor = floor_of(old.noise, new.noise)
    was, now = rated(old), rated(new)
    pairs = _paired(was, now)
    return Comparison(
        old=old,
        new=new,
        floor=floor,
        alone=alone(old, new),
        configurations=tuple(change for pair in pairs for change in compared(*pair, _named(*pair), floor)),
        advised=_advised(old, new, was, now, pairs, floor),
        apart=(*_apart(was, pairs, 0, new, "new"), *_apart(now, pairs, 1, old, "old")),
    )


_Pair = tuple[Rated, Rated]


def _paired(old: Sequence[Rated], new: Sequence[Rated]) -> list[_Pair]:
    """Trials of the same configuration; a chunksize that was planned otherwise the second time does not part them."""
    exact = _common(old, new, lambda trial: (trial.backend, trial.workers, trial.start_method, trial.chunksize))
    taken = {id(each) for pair in exact for each in pair}
    rest = [[each for each in side if id(each) not in taken] for side in (old, new)]
    loose = _common(rest[0], rest[1], lambda trial: (trial.backend, trial.workers, trial.start_method))
    places = {id(each): at for at, each in enumerate(old)}
    return sorted([*exact, *loose], key=lambda pair: places[id(pair[0])])


def _common(old: Sequence[Rated], new: Sequence[Rated], key: Callable[[Trial], Hashable]) -> list[_Pair]:
    """Those that share a key, the last of several."""
    was, now = ({key(each.trial): each for each in side} for side in (old, new))
    return [(was[each], now[each]) for each in was if each in now]


def _named(old: Rated, new: Rated) -> str:
    names = (old.trial.name, new.trial.name)
    return names[0] if names[0] == names[1] else " → ".join(names)


def _advised(
    old: ResultRecord,
    new: ResultRecord,
    was: Sequence[Rated],
    now: Sequence[Rated],
    pairs: Sequence[_Pair],
    floor: float,
) -> tuple[Change, ...]:
    before, after = _recommended(old, was), _recommended(new, now)
    if before is None:
        return ()
    pair = next((pair for pair in pairs if pair[0] is before), None)
    if pair is None and after is not None:
        pair = (before, after)
    return () if pair is None else compared(*pair, _named(*pair), floor)


def _recommended(result: ResultRecord, among: Sequence[Rated]) -> Rated | None:
    trial = recommended(result.recommendation, result.trials)
    return next((each for each in among if each.trial is trial), None)


def _apart(
    side: Sequence[Rated], pairs: Sequence[_Pair], which: int, other: ResultRecord, name: str
) -> list[tuple[str, str]]:
    """Those of one side that found no partner, and what the other result says of them."""
    partnered = {id(pair[which]) for pair in pairs}
    statuses = {trial.name: f"{trial.status}: {trial.reason or 'reason unknown'}" for trial in other.trials}
    return [
        (each.trial.name, f"in the {name} result: {statuses.get(each.trial.name, 'not measured')}")
        for each in side
        if id(each) not in partnered
    ]
