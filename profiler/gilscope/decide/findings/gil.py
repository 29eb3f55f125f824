"""The GIL: held while blocked, held for long, taken back at a price, or not there."""

from __future__ import annotations

import math

from gilscope.decide.demands import outside_wait_s
from gilscope.decide.findings.evidence import (
    NOTABLE_SHARE,
    Evidence,
    in_words,
    is_watched_enough,
    longest_call_s,
    per_call,
    share,
    with_most,
)
from gilscope.decide.mva import Station, throughputs, visited
from gilscope.records import Demands, Figures, HotLine, Trial

__all__ = ["convoy", "enabled_by_import", "free_threaded", "held_while_blocked", "long_holds"]

#: A hold worth a word: ten times the switch interval (5 ms) at which Python code gives the GIL up when asked, and more
#: than a holder without a CPU waits for its next turn.
LONG_HOLD_S = 0.05
#: Samples in a row that a hold must have been seen in: fewer may be as many holds.
HOLD_SAMPLES = 4
#: Waiting for the GIL this many times as long as the model of one queue expects, the re-taking counts and not the
#: queue: the model was within 20% of the measurement wherever threads held the GIL in one piece.
CONVOY_FACTOR = 2.0
#: And it must matter: this part of a call alone.
CONVOY_SHARE = 0.2


def held_while_blocked(evidence: Evidence) -> Figures | None:
    """A driver that waits with the GIL in its hand."""
    held_s, call = _held_off_cpu_s(evidence), evidence.call_s
    if held_s is None or call is None:
        return None
    line = with_most(evidence.hot, _held_waiting, NOTABLE_SHARE)
    return {"gil_held_off_cpu_s": held_s, "call_s": call, "line": in_words(line) if line else None}


def _held_waiting(line: HotLine) -> float:
    return min(line.gil_share or 0.0, line.wait_share or 0.0)


def _held_off_cpu_s(evidence: Evidence) -> float | None:
    """Seconds of a call in which it held the GIL while blocked, where they are notable."""
    held_s = None if evidence.demands is None else evidence.demands.gil_held_off_cpu_s
    return held_s if evidence.environment.gil_enabled and evidence.is_notable(held_s) else None


def long_holds(evidence: Evidence) -> Figures | None:
    """json, re, pickle and other C code that does not give the GIL up before it is done."""
    one_step = [each for each in evidence.measured("thread", "asyncio") if _is_one_step(each, evidence)]
    trial = with_most(one_step, _longest_hold_s, LONG_HOLD_S)
    explained = _held_off_cpu_s(evidence) is not None  # said by another finding
    if trial is None or explained or not evidence.environment.gil_enabled:
        return None
    where = max(evidence.hot, key=lambda line: line.gil_share or 0.0, default=None)
    lag_s = max((t.loop_lag_max_s or 0.0 for t in evidence.measured("asyncio")), default=0.0)
    return {
        "configuration": trial.name,
        "longest_hold_s": _longest_hold_s(trial),
        "line": in_words(where) if where and where.gil_share else None,
        "loop_lag_max_s": lag_s if lag_s >= LONG_HOLD_S else None,
    }


def _is_one_step(trial: Trial, evidence: Evidence) -> bool:
    """Whether its longest hold may have been: where no call is as long, the holder was given no CPU."""
    return _longest_hold_s(trial) <= longest_call_s(trial, evidence)


def _longest_hold_s(trial: Trial) -> float:
    """0.0 where it was not seen in `HOLD_SAMPLES` in a row: a sampler that gets no CPU looks seldom."""
    ledger = trial.ledger
    if ledger is None or ledger.longest_hold_s is None or not ledger.samples:
        return 0.0
    apart_s = ledger.wall_s / max(ledger.threads, 1) / ledger.samples
    return ledger.longest_hold_s if ledger.longest_hold_s >= HOLD_SAMPLES * apart_s else 0.0


def convoy(evidence: Evidence) -> Figures | None:
    """Short waits beside work that holds the GIL: each wait is followed by a queue for the GIL."""
    threads = [
        trial
        for trial in evidence.measured("thread", "asyncio")
        if not (trial.backend == "asyncio" and evidence.on_loop)
    ]
    call = evidence.call_s or math.inf
    trial = with_most(threads, lambda t: _beyond_model_s(t, evidence), CONVOY_SHARE * call)
    if trial is None:
        return None
    waited_s = per_call(trial, "gil_wait") or 0.0
    return {
        "configuration": trial.name,
        "gil_wait_s": waited_s,
        "expected_wait_s": waited_s - _beyond_model_s(trial, evidence),
        "call_s": call,
    }


def _beyond_model_s(trial: Trial, evidence: Evidence) -> float:
    """Seconds a call waited for the GIL beyond what the model expects, where they are `CONVOY_FACTOR` times that;
    0.0 where nothing can be said."""
    waited_s = per_call(trial, "gil_wait")
    # A holder that is given no CPU makes the others wait as well, and that is the machine's fault.
    if (
        waited_s is None
        or not is_watched_enough(trial)
        or share(trial, "runqueue") >= NOTABLE_SHARE
        or not _comes_and_goes(evidence)
    ):
        return 0.0
    expected_s = _expected_wait_s(evidence, trial.workers)
    return waited_s - expected_s if waited_s >= CONVOY_FACTOR * expected_s else 0.0


def _comes_and_goes(evidence: Evidence) -> bool:
    """Whether a call needs the GIL for a notable part of its time and gives it up for another."""
    demands = evidence.demands
    if demands is None or not evidence.environment.gil_enabled:
        return False
    return evidence.is_notable(demands.cpu_gil_s) and evidence.is_notable(_without_gil_s(demands))


def _without_gil_s(demands: Demands) -> float:
    return max(outside_wait_s(demands) + (demands.cpu_free_s or 0.0) - (demands.gil_held_off_cpu_s or 0.0), 0.0)


def _expected_wait_s(evidence: Evidence, workers: int) -> float:
    """What a call waits where the GIL is one queue and all else is at hand: the cycle time less the demands (mean
    value analysis). Calls as even as most queue less, so that it is rather too much."""
    demands = evidence.demands
    if demands is None:
        return math.inf
    gil_s = (demands.cpu_gil_s or 0.0) + (demands.gil_held_off_cpu_s or 0.0)
    stations = visited([Station("gil", gil_s), Station("delay", _without_gil_s(demands), math.inf)])
    if not stations or workers < 1:
        return math.inf
    return max(workers / throughputs(stations, workers)[-1] - sum(s.demand_s for s in stations), 0.0)


def enabled_by_import(evidence: Evidence) -> Figures | None:
    """A build without a GIL, in which an extension module has enabled it."""
    environment = evidence.environment
    if environment.gil_enabled_by is None:
        return None
    return {"module": environment.gil_enabled_by, "python": environment.python}


def free_threaded(evidence: Evidence) -> Figures | None:
    """A build without a GIL."""
    environment = evidence.environment
    if environment.gil_enabled:
        return None
    return {"implementation": environment.implementation, "python": environment.python}
