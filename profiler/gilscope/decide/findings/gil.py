"""The GIL: held while blocked, held for long, taken back at a price, or not there."""

from __future__ import annotations

import math

from gilscope.decide.demands import outside_wait_s
from gilscope.decide.findings.base import (
    NOTABLE_SHARE,
    Facts,
    Said,
    at,
    call_s,
    is_notable,
    is_on_loop,
    is_watched_enough,
    measured,
    per_call,
    share,
)
from gilscope.decide.mva import Station, throughputs, visited
from gilscope.records import Demands, Trial
from gilscope.units import duration

__all__ = ["convoy", "free_threaded", "held_while_blocked", "long_holds"]

#: A hold worth a word: ten times the switch interval (5 ms) at which Python code gives the GIL up when asked, and more
#: than a holder without a CPU waits for its next turn.
LONG_HOLD_S = 0.05
#: Samples in a row that a hold must have been seen in: fewer may be as many holds.
HOLD_SAMPLES = 4
#: Waiting for the GIL this many times as long as the model of one queue expects, the re-taking counts and not the
#: queue: the model was within 20 % of the measurement wherever threads held the GIL in one piece.
CONVOY_FACTOR = 2.0
#: And it must matter: this part of a call alone.
CONVOY_SHARE = 0.2


def held_while_blocked(facts: Facts) -> Said | None:
    """A driver that waits with the GIL in its hand."""
    held_s, call = _held_off_cpu_s(facts), call_s(facts)
    if held_s is None or call is None:
        return None
    where = max(facts.hot, key=lambda line: min(line.gil_share or 0.0, line.wait_share or 0.0), default=None)
    seen = where is not None and min(where.gil_share or 0.0, where.wait_share or 0.0) >= NOTABLE_SHARE
    return Said(
        "warning",
        "The function keeps the GIL while it waits",
        f"for {duration(held_s)} of a call of {duration(call)} it was blocked and held the GIL"
        + (f", most often in {at(where)}" if where is not None and seen else ""),
        "Every other thread stands still meanwhile, event loops too. Look for a release of the library that gives the "
        "GIL up while it waits, or call it in processes.",
    )


def _held_off_cpu_s(facts: Facts) -> float | None:
    """Seconds of a call in which it held the GIL while blocked, where they are notable."""
    held_s = None if facts.demands is None else facts.demands.gil_held_off_cpu_s
    return held_s if facts.environment.gil_enabled and is_notable(held_s, facts) else None


def long_holds(facts: Facts) -> Said | None:
    """json, re, pickle and other C code that does not give the GIL up before it is done."""
    trial = max(measured(facts, "thread", "asyncio"), key=_longest_hold_s, default=None)
    explained = _held_off_cpu_s(facts) is not None  # said by another finding
    if trial is None or _longest_hold_s(trial) < LONG_HOLD_S or explained or not facts.environment.gil_enabled:
        return None
    where = max(facts.hot, key=lambda line: line.gil_share or 0.0, default=None)
    lag_s = max((t.loop_lag_max_s or 0.0 for t in measured(facts, "asyncio")), default=0.0)
    return Said(
        "warning",
        "Single steps of the function keep the GIL for long",
        f"{trial.name}: one thread kept the GIL for {duration(_longest_hold_s(trial))} while another wanted it"
        + (f"; it was held most often in {at(where)}" if where is not None and where.gil_share else "")
        + (f"; an event loop beside the calls was up to {duration(lag_s)} late" if lag_s >= LONG_HOLD_S else ""),
        "C code such as json, re and pickle gives the GIL up only when it is done, and no switch interval changes "
        "that: no other thread of the process, nor its event loop, runs so long. Do this in a process pool, or in "
        "smaller pieces.",
    )


def _longest_hold_s(trial: Trial) -> float:
    """0.0 where it was not seen in `HOLD_SAMPLES` in a row: a sampler that gets no CPU looks seldom."""
    ledger = trial.ledger
    if ledger is None or ledger.longest_hold_s is None or not ledger.samples:
        return 0.0
    apart_s = ledger.wall_s / max(ledger.threads, 1) / ledger.samples
    return ledger.longest_hold_s if ledger.longest_hold_s >= HOLD_SAMPLES * apart_s else 0.0


def convoy(facts: Facts) -> Said | None:
    """Short waits beside work that holds the GIL: each wait is followed by a queue for the GIL."""
    threads = [trial for trial in measured(facts, "thread", "asyncio") if not is_on_loop(trial, facts)]
    trial = max(threads, key=lambda t: _beyond_model_s(t, facts), default=None)
    call = call_s(facts)
    if trial is None or call is None or _beyond_model_s(trial, facts) < CONVOY_SHARE * call:
        return None
    waited_s = per_call(trial, "gil_wait") or 0.0
    return Said(
        "warning",
        "Threads queue for the GIL after every short wait",
        f"{trial.name}: a call waited {duration(waited_s)} for the GIL where one queue of such calls would cost "
        f"{duration(waited_s - _beyond_model_s(trial, facts))}; alone it takes {duration(call)}",
        "Whoever gives the GIL up for a moment waits up to a switch interval (5 ms) to get it back from a thread that "
        "computes. Compute in processes and wait in threads, or wait once for many things; "
        "sys.setswitchinterval(0.0005) is worth an experiment, not a habit.",
    )


def _beyond_model_s(trial: Trial, facts: Facts) -> float:
    """Seconds a call waited for the GIL beyond what the model expects, where they are `CONVOY_FACTOR` times that;
    0.0 where nothing can be said."""
    waited_s = per_call(trial, "gil_wait")
    # A holder that is given no CPU makes the others wait as well, and that is the machine's fault.
    if (
        waited_s is None
        or not is_watched_enough(trial)
        or share(trial, "runqueue") >= NOTABLE_SHARE
        or not _comes_and_goes(facts)
    ):
        return 0.0
    expected_s = _expected_wait_s(facts, trial.workers)
    return waited_s - expected_s if waited_s >= CONVOY_FACTOR * expected_s else 0.0


def _comes_and_goes(facts: Facts) -> bool:
    """Whether a call needs the GIL for a notable part of its time and gives it up for another."""
    demands = facts.demands
    if demands is None or not facts.environment.gil_enabled:
        return False
    return is_notable(demands.cpu_gil_s, facts) and is_notable(_without_gil_s(demands), facts)


def _without_gil_s(demands: Demands) -> float:
    return max(outside_wait_s(demands) + (demands.cpu_free_s or 0.0) - (demands.gil_held_off_cpu_s or 0.0), 0.0)


def _expected_wait_s(facts: Facts, workers: int) -> float:
    """What a call waits where the GIL is one queue and all else is at hand: the cycle time less the demands (mean
    value analysis). Calls as even as most queue less, so that it is rather too much."""
    demands = facts.demands
    if demands is None:
        return math.inf
    gil_s = (demands.cpu_gil_s or 0.0) + (demands.gil_held_off_cpu_s or 0.0)
    stations = visited([Station("gil", gil_s), Station("delay", _without_gil_s(demands), math.inf)])
    if not stations or workers < 1:
        return math.inf
    return max(workers / throughputs(stations, workers)[-1] - sum(s.demand_s for s in stations), 0.0)


def free_threaded(facts: Facts) -> Said | None:
    """A build without a GIL."""
    environment = facts.environment
    if environment.gil_enabled:
        return None
    return Said(
        "info",
        "This interpreter runs without a GIL",
        f"{environment.implementation} {environment.python}, GIL disabled",
        "The verdict holds for interpreters without a GIL; with one, Python code in threads does not scale.",
    )
