"""The race: every backend once where the model expects its best, more worker counts where more may pay, and then the
contenders round by round until the leader's lead is clear of the noise, which is measured too."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from gilscope.analysis.gather import advice, contending, kind_of, rates_of
from gilscope.analysis.opening import expected_per_s, load, open_trials, prepare, start, warm_up
from gilscope.analysis.rounds import attempt, call_s_of, run_calls, run_round
from gilscope.configuration import Configuration
from gilscope.decide.candidates import STEP, candidates, most_workers
from gilscope.decide.noise import noise_floor
from gilscope.decide.recommend import UNSURE
from gilscope.decide.rounds import round_s
from gilscope.decide.sweep import PAYS, next_count
from gilscope.measure.live import LiveTrial
from gilscope.records import LOOP_KINDS, Demands

if TYPE_CHECKING:
    from gilscope.analysis.campaign import Campaign

__all__ = ["LONG_CALL_S", "race"]

#: A call so long is asked of each configuration only a few times.
LONG_CALL_S = 0.1
#: The confidence in a recommendation at which more rounds are not worth their time.
SURE = 0.95
#: Passes of clean rounds over the contenders: with the first of all, three against three are the fewest whose ranks
#: carry an interval, and what seven do not tell apart is a tie.
FEWEST_PASSES, MOST_PASSES = 2, 6
#: Who stays in the race: first all but the hopeless, then those near the leader.
HOPELESS, NEAR = 0.5, 0.8
#: A backend is tried with other worker counts when its best comes this near the leader.
PROMISING = 0.7
#: Parts of the budget: no further worker counts after the first; after the second a likely answer is good enough.
SWEEP_UNTIL, LIKELY_UNTIL = 0.5, 0.45
#: Rounds of the leader and its twin.
TWIN_ROUNDS = 2


def race(campaign: Campaign, known: Demands) -> None:
    """Measure; whatever ends it early, what is there stays."""
    made = open_trials(campaign, _planned(campaign, known))
    campaign.kept_s = sum(extension.needed_s(campaign) for extension in campaign.extensions)
    length_s = round_s(campaign.racing_s, len(campaign.trials))
    for trial in made:
        warm_up(campaign, trial, known, length_s)
    _pass(campaign, campaign.trials, length_s, passes_left=4)
    _pass(campaign, campaign.others, length_s, passes_left=3, observed=True)  # the solo run was watched already
    _sweep(campaign, known, length_s)
    _rounds_of_contenders(campaign, length_s)
    _leader_against_itself(campaign, known, length_s)
    _one_call_a_chunk(campaign, length_s)


def _planned(campaign: Campaign, known: Demands) -> list[Configuration]:
    options = campaign.options
    return candidates(
        known,
        campaign.machine,
        kind=kind_of(campaign),
        backends=[facts for name, facts in campaign.facts.items() if name not in ("serial", campaign.left_out)],
        workers_asked=options.workers or None,
        chunksize_asked=options.chunksize,
        start_method=options.start_method,
        max_workers=options.max_workers,
        exhaustive=options.exhaustive,
    )


def _pass(
    campaign: Campaign, trials: Sequence[LiveTrial], length_s: float, *, passes_left: int = 1, observed: bool = False
) -> None:
    """A round of each in random order, so that a noisy machine hits all alike."""
    campaign.say(f"{'watching' if observed else 'timing'} {len(trials)} configurations")
    shuffled = campaign.rng.sample(list(trials), len(trials))
    for waiting, trial in zip(range(len(shuffled), 0, -1), shuffled, strict=True):
        first = not trial.rounds
        if not trial.alive or campaign.budget.calls_left <= 0:
            continue
        if campaign.racing_s > (0.0 if first else _length_s(trial, length_s)):
            most = max(1, campaign.budget.calls_left // (waiting * passes_left))
            run_round(campaign, trial, length_s, observed=observed, most=most)


def _length_s(trial: LiveTrial, length_s: float) -> float:
    """What a round will take: a call for each worker at least."""
    return max(length_s, trial.configuration.workers / trial.expected_per_s) if trial.expected_per_s else length_s


# -- more worker counts -----------------------------------------------------------------------------------------------


def _sweep(campaign: Campaign, known: Demands, length_s: float) -> None:
    """Other worker counts of the promising backends, while that pays and the budget has room for it."""
    if campaign.options.workers or campaign.options.exhaustive:
        return
    while campaign.budget.elapsed_s < SWEEP_UNTIL * campaign.options.budget_s and campaign.budget.calls_left > 0:
        plans = _more_counts(campaign, known)
        if not plans:
            return
        made = open_trials(campaign, plans)
        for trial in made:
            warm_up(campaign, trial, known, length_s)
        _pass(campaign, made, length_s, passes_left=4)
        _pass(campaign, made, length_s, passes_left=3, observed=True)


def _more_counts(campaign: Campaign, known: Demands) -> list[Configuration]:
    plans = []
    for name in _promising(campaign):
        facts = campaign.facts[name]
        count = None if facts.fixed_workers is not None else _next_count(campaign, known, name)
        if count is not None:
            method = (campaign.options.start_method or "spawn") if facts.start_methods else None
            plans.append(Configuration(name, count, campaign.options.chunksize or 1, method))
    return plans


def _promising(campaign: Campaign) -> list[str]:
    """The backends whose best comes near the leader, and a coroutine function's own: alone, each of its calls had an
    event loop to itself, so that the model thinks it dearer than it is in company."""
    names = [trial.configuration.backend for trial in contending(campaign, PROMISING)]
    native = ["asyncio"] if "asyncio" in campaign.facts and kind_of(campaign) in LOOP_KINDS else []
    return list(dict.fromkeys([*names, *native]))


def _next_count(campaign: Campaign, known: Demands, name: str) -> int | None:
    rates = rates_of(campaign)
    serial_per_s = max(rates[0], default=0.0)
    measured = {
        trial.configuration.workers: max(rated)
        for trial, rated in zip(campaign.trials, rates, strict=True)
        if trial.configuration.backend == name and rated
    }
    tried = {trial.configuration.workers for trial in campaign.others if trial.configuration.backend == name}
    if not measured or tried - set(measured):  # one that failed: no more of it
        return None
    if len(measured) > 1 and max(measured.values()) < PAYS * serial_per_s:  # nothing helps
        return None
    shape = campaign.facts[name].shape(kind_of(campaign))

    def expected(workers: int) -> float:
        return expected_per_s(campaign, Configuration(name, workers), known)

    high = campaign.options.max_workers or most_workers(shape, campaign.machine, known)
    return next_count(
        measured, expected, low=min(2, high), high=high, step=STEP[shape], alone=serial_per_s, believed=shape != "loop"
    )


# -- the contenders ---------------------------------------------------------------------------------------------------


def _rounds_of_contenders(campaign: Campaign, length_s: float) -> None:
    """Clean rounds of those that may still win, and of the serial run, until there is no doubt left or no budget."""
    assert campaign.solo is not None
    for number in range(MOST_PASSES):
        if number >= FEWEST_PASSES and _settled(campaign):
            return
        near = contending(campaign, HOPELESS if number < FEWEST_PASSES else NEAR)
        racing = [campaign.solo.trial, *(trial for trial in near if trial is not campaign.solo.trial)]
        _pass(campaign, racing, length_s, passes_left=max(1, FEWEST_PASSES - number))


def _settled(campaign: Campaign) -> bool:
    """Whether the rounds so far leave no doubt; later in the budget, little doubt."""
    late = campaign.budget.elapsed_s >= LIKELY_UNTIL * campaign.options.budget_s
    said = advice(campaign)
    return said.backend is not None and said.confidence >= (UNSURE if late else SURE)


def _leader_against_itself(campaign: Campaign, known: Demands, length_s: float) -> None:
    """The leader in a second process, their rounds interleaved: an A/A comparison, whose gap is noise."""
    leader = _leader(campaign)
    if leader is None or campaign.racing_s < 2 * TWIN_ROUNDS * _length_s(leader, length_s) + (leader.startup_s or 0.0):
        return
    campaign.say("comparing the leader with itself")
    to = leader.configuration
    twin = campaign.twin = LiveTrial(to)
    start(campaign, twin)
    load(campaign, twin)
    if twin.alive:
        attempt(campaign, twin, lambda: prepare(campaign, twin))
    if twin.alive:
        warm_up(campaign, twin, known, length_s)
    for _ in range(TWIN_ROUNDS):
        _pass(campaign, [leader, twin], length_s)
    first, second = rates_of(campaign, [leader, twin])
    if first and second:
        campaign.noise = noise_floor(to.backend, to.workers, first, second, [r for r in rates_of(campaign) if r])


def _leader(campaign: Campaign) -> LiveTrial | None:
    """The fastest of those that may be recommended, if it still lives."""
    fastest = contending(campaign, 1.0)
    return fastest[0] if fastest and fastest[0].alive else None


def _one_call_a_chunk(campaign: Campaign, length_s: float) -> None:
    """What a process pool whose calls go in chunks would do without: one round shows it."""
    for trial in campaign.others:
        to, each_s = trial.configuration, trial.dispatch_each_s
        if not trial.alive or to.chunksize == 1 or not each_s or campaign.racing_s < length_s:
            continue
        per_s = min(1.0 / each_s, trial.expected_per_s or 1.0 / call_s_of(campaign))
        calls = min(max(to.workers, round(length_s * per_s)), campaign.budget.calls_left)
        if calls > 0:
            attempt(campaign, trial, lambda: _time_single(campaign, trial, calls))  # noqa: B023  called at once


def _time_single(campaign: Campaign, trial: LiveTrial, calls: int) -> None:
    made = run_calls(campaign, trial, calls, 1, observed=False)
    trial.chunksize_one_per_s = made.done.calls / made.done.wall_s
