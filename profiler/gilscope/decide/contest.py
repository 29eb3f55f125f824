"""The contest: clean rounds of those that may still win, in second processes too, until it is clear who does or the
budget is spent."""

from __future__ import annotations

from gilscope.configuration import Configuration
from gilscope.decide.confidence import NEGLIGIBLE_LOSS
from gilscope.decide.measured import Measured
from gilscope.decide.rounds import round_s
from gilscope.decide.steps import Open, Rounds, WarmUp
from gilscope.options import ORDINARY_START
from gilscope.records import Recommendation

__all__ = [
    "CLEAR",
    "FEWEST_PASSES",
    "HOPELESS",
    "MOST_PASSES",
    "MOST_TWINS",
    "NEAR",
    "SURE",
    "contest",
    "is_enough",
    "passes",
    "planned_round_s",
    "second_processes",
]

#: The confidence in a recommendation at which more rounds are not worth their time.
SURE = 0.95
#: The confidence at which one pass is enough: the rounds are so far apart that no second one, by its usual noise, could
#: bring them together.
CLEAR = 0.99
#: Passes of clean rounds over the contenders: with the first of all, three against three are the fewest whose ranks
#: carry an interval, and what so many do not tell apart is a tie.
FEWEST_PASSES, MOST_PASSES = 2, 16
#: Passes after which the two fastest, where they differ by no more than the noise, are equals: more of them would tell
#: which is a little faster, and nothing would be gained.
TIE_PASSES = 5
#: Who stays in the race: first all but the hopeless, then those near the leader.
HOPELESS, NEAR = 0.5, 0.8
#: Configurations that are measured in second processes: the leader always, others near it where it is not clear.
MOST_TWINS = 3
#: Waves of its calls that must be left for that: two rounds of two, of each of some contenders, the serial run and it.
ENOUGH_WAVES = 16


def planned_round_s(measured: Measured) -> float:
    """What a round lasts, decided when the first ones are planned."""
    planned = [step.round_s for step in measured.steps if isinstance(step, WarmUp | Rounds)]
    return planned[0] if planned else round_s(measured.left.racing_s, len(measured.trials))


def passes(measured: Measured) -> int:
    """Of the contest, so far."""
    return sum(step.purpose == "contest" for step in measured.asked(Rounds))


def second_processes(measured: Measured) -> Open | None:
    """The leader once more before the contest, and its rivals once it has lasted a while: what differs between two
    processes of one configuration, the luck of a start, is a part of what it does."""
    asked, made = [step for step in measured.asked(Open) if step.twins_of], passes(measured)
    if measured.left.calls <= 0 or len(asked) > 1 or (asked and (made < FEWEST_PASSES or _settled(measured))):
        return None
    near = [number for number in measured.contending(NEAR) if measured.trials[number].alive]
    fresh = [number for number in near if not measured.twins(number)]
    chosen = [number for number in (fresh[: MOST_TWINS - 1] if asked else near[:1]) if _has_room(measured, number)]
    if not chosen:
        return None
    records = [measured.trials[number].record for number in chosen]
    same = (Configuration(to.backend, to.workers, to.chunksize, to.start_method) for to in records)
    return Open(tuple(same), twins_of=tuple(chosen))


def _has_room(measured: Measured, number: int) -> bool:
    """For a second process of a trial, and rounds enough of both, in time and in calls."""
    tried, length_s = measured.trials[number], planned_round_s(measured)
    if tried.expected_per_s:
        length_s = max(length_s, tried.record.workers / tried.expected_per_s)
    start_s = (tried.record.startup_s or 0.0) + (tried.record.import_s or 0.0)
    ordinary_s = min(start_s, ORDINARY_START * measured.experiment.options.budget_s)
    of_budget_s = max(ordinary_s, start_s - measured.left.starting_s)
    calls = ENOUGH_WAVES * tried.record.workers * tried.record.chunksize
    in_time = measured.left.racing_s >= 2 * FEWEST_PASSES * length_s + of_budget_s
    return in_time and measured.left.calls >= calls


def contest(measured: Measured) -> Rounds | None:
    """Clean rounds of those that may still win, of their second processes and of the solo run."""
    number = passes(measured)
    over = number >= MOST_PASSES or measured.left.racing_s <= 0 or measured.left.calls <= 0
    if over or (number > 0 and _settled(measured)):
        return None
    near = measured.contending(HOPELESS if number < FEWEST_PASSES else NEAR)
    first = dict.fromkeys([0, *near])
    living = tuple(n for of in first for n in (of, *measured.twins(of)) if measured.trials[n].alive)
    return (
        Rounds(living, planned_round_s(measured), "contest", passes_left=max(1, FEWEST_PASSES - number))
        if living
        else None
    )


def _settled(measured: Measured) -> bool:
    """Whether the rounds so far leave no doubt, or none that more of them are worth."""
    said, made = measured.advice(), passes(measured)
    return said.backend is not None and (is_enough(said, made) or (made >= TIE_PASSES and _tie(measured)))


def is_enough(said: Recommendation, made: int) -> bool:
    """Whether it is clear after so many passes who wins, or next to nothing could be gained by knowing."""
    if made < FEWEST_PASSES:
        return said.confidence >= CLEAR
    return said.confidence >= SURE or (said.expected_loss is not None and said.expected_loss <= NEGLIGIBLE_LOSS)


def _tie(measured: Measured) -> bool:
    """Whether the two fastest differ by no more than the noise."""
    per_s = {number: record.throughput_per_s for number, record in zip(measured.racing, measured.records, strict=True)}
    first, second, *_ = [*(per_s[number] or 0.0 for number in measured.contending(NEAR)), 0.0, 0.0]
    return second >= first / (1 + measured.floor)
