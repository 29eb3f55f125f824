"""What kind of work a function does, judged from the ledger of its solo run.

Only the solo run is judged: a thread that contends for the GIL looks as idle as one that waits for a socket,
so CPU over wall clock means something only where there is nobody to contend with.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypedDict

from gilscope.decide.demands import in_call_wall_s, outside_wait_s
from gilscope.decide.stats import normal_cdf
from gilscope.records import WAIT_STATES, Classification, Demands, Label
from gilscope.units import counted, duration, percent

__all__ = [
    "COMPUTE_SHARE",
    "IO_SHARE",
    "MIN_SAMPLES",
    "PYTHON_SHARE",
    "TimedShare",
    "classify",
    "compute_share",
]

#: From this share of CPU on, compute-bound: to hide all of its waiting behind its computing would gain 1/0.8,
#: a quarter.
COMPUTE_SHARE = 0.8
#: Up to this share of CPU, io-bound: even one CPU under one GIL serves three such calls at once.
IO_SHARE = 0.3
#: From this share of its CPU time with the GIL on, Python code: threads then gain a factor of two at most.
PYTHON_SHARE = 0.5
#: From this share of the CPU time in threads that the library starts, they are what scales and what must be
#: limited; the caller often takes part, so that on two CPUs they have half of the work.
OWN_SHARE = 0.3
#: Fewer samples than this leave a share uncertain by 9 points and more (binomial σ at one half).
MIN_SAMPLES = 30
#: Most that is claimed when CPU and blocked time are known but not what was waited for, nor the run queue.
UNDIVIDED_CONFIDENCE = 0.8
#: Relative uncertainty (σ of the logarithm) of a dispatch cost: it moves by a third with the machine's load.
DISPATCH_NOISE = 0.3


def classify(
    demands: Demands | None,
    *,
    samples: int,
    gil_held_ratio: float | None = None,
    gil_enabled: bool = True,
    dispatch_s: Mapping[str, float] | None = None,
    error_share: float = 0.0,
    accelerators: Sequence[str] = (),
    timed: TimedShare | None = None,
) -> Classification:
    """Classify a function from what one call of it asks for when it runs alone.

    ``samples`` are those of the solo run; ``dispatch_s`` is what each pool needs to hand over one call;
    ``error_share`` is the fraction of the calls that raised; ``timed`` how the share of computing is known where each
    call's own clocks tell it and no samples do.

    The confidence is the chance that measuring without error would say the same: Φ(distance ÷ σ) from each share to the
    nearest boundary that would change the answer, σ binomial over the samples; the least of those that the
    answer rests on.
    """
    ratios = _ratios(demands, gil_held_ratio)
    unclear = _why_inconclusive(demands, samples, error_share)
    if demands is None or unclear:
        return Classification(label="inconclusive", confidence=0.0, reason=unclear or "", **ratios)
    label, subtype, confidence, reason = _overhead(demands, dispatch_s or {}) or _by_share(
        demands, samples, gil_enabled, timed
    )
    if demands.accelerator_s:
        reason += _by_open_device(demands.accelerator_s, accelerators)
        confidence = min(confidence, UNDIVIDED_CONFIDENCE)
    return Classification(label=label, subtype=subtype, confidence=confidence, reason=reason, **ratios)


def _by_open_device(seconds: float, accelerators: Sequence[str]) -> str:
    """What is taken for waiting for an accelerator, and by what sign."""
    return f"; {duration(seconds)} in native code or its driver is taken for waiting for {', '.join(accelerators)}"


@dataclass(frozen=True)
class TimedShare:
    """The share of a call that is computing, where clocks told it call by call."""

    calls: float
    """As many calls of equal length tell it as exactly."""
    told: str
    """What is to be said of it, and of what it leaves open."""


_Verdict = tuple[Label, str | None, float, str]


class _Ratios(TypedDict, total=False):
    cpu_utilization: float | None
    wait_ratio: float | None
    gil_held_ratio: float | None


def compute_share(demands: Demands) -> float | None:
    """CPU ÷ (CPU + waiting) of a call, the native threads of libraries included; None when it did neither.

    Time blocked while native threads compute is not waiting: as much of it as they used is taken off.
    """
    own = demands.own_threads_cpu_s or 0.0
    compute = demands.cpu_s + own
    total = compute + max(outside_wait_s(demands) - own, 0.0)
    return compute / total if total > 0 else None


def _ratios(demands: Demands | None, gil_held_ratio: float | None) -> _Ratios:
    if demands is None:
        return {"gil_held_ratio": gil_held_ratio}
    waiting, wall = outside_wait_s(demands), in_call_wall_s(demands)
    busy = demands.cpu_s + waiting
    return {
        "cpu_utilization": demands.cpu_s / busy if busy > 0 else None,
        "wait_ratio": waiting / wall if wall > 0 else None,
        "gil_held_ratio": gil_held_ratio,
    }


def _why_inconclusive(demands: Demands | None, samples: int, error_share: float) -> str:
    if error_share >= 1:
        return "every call raised: what was measured is the failure, not the function"
    if demands is None:
        return "the solo run finished no call under observation; allow it more time (--budget, --timeout)"
    if compute_share(demands) is None:
        return "the solo run used no CPU and did not wait: nothing is known of it"
    if demands.wait_s is not None and samples < MIN_SAMPLES:
        few = f"{counted(samples, 'sample')} of the solo run {'is' if samples == 1 else 'are'} too few"
        return f"{few}, {MIN_SAMPLES} are needed: allow more calls or time"
    return ""


def _overhead(demands: Demands, dispatch_s: Mapping[str, float]) -> _Verdict | None:
    """A call that is shorter than the cheapest dispatch, or None."""
    call_s = demands.cpu_s + outside_wait_s(demands)
    if not dispatch_s or not 0 < call_s < min(dispatch_s.values()):
        return None
    backend, cheapest = min(dispatch_s.items(), key=lambda item: item[1])
    reason = f"a call takes {duration(call_s)}, and handing it to the cheapest pool ({backend}) {duration(cheapest)}"
    return "overhead-bound", None, normal_cdf(math.log(cheapest / call_s) / DISPATCH_NOISE), reason


def _by_share(demands: Demands, samples: int, gil_enabled: bool, timed: TimedShare | None) -> _Verdict:
    share = compute_share(demands) or 0.0
    undivided = demands.wait_s is None
    trust = _share_confidence(share, timed.calls if timed else MIN_SAMPLES if undivided else samples)
    label, subtype, detail, certain = _label(demands, share, samples, gil_enabled)
    told = timed.told if timed else f"{percent(share)} of a call is computing, {percent(1 - share)} waiting"
    reason = f"{told}{detail}"
    if undivided and demands.runqueue_s is not None:
        reason += "; what it waits for is unknown"
    elif undivided:
        reason += "; what it waits for is unknown with this instrument, and a busy machine counts as waiting"
        trust = min(trust, UNDIVIDED_CONFIDENCE)
    return label, subtype, min(trust, certain), reason


def _label(demands: Demands, share: float, samples: int, gil_enabled: bool) -> tuple[Label, str | None, str, float]:
    """Label, subtype, what to say of the subtype, and how sure the subtype is."""
    if share >= COMPUTE_SHARE:
        return "compute-bound", *_compute_subtype(demands, samples, gil_enabled)
    if share <= IO_SHARE:
        return "io-bound", *_wait_subtype(demands, samples)
    return "mixed", None, "; both matter", 1.0


def _share_confidence(share: float, samples: float) -> float:
    return min(_distance_confidence(share, boundary, samples) for boundary in (IO_SHARE, COMPUTE_SHARE))


def _distance_confidence(share: float, boundary: float, samples: float) -> float:
    """Φ(distance ÷ σ), with the binomial σ at the boundary: the chance of the other side if the truth lay
    there."""
    sigma = math.sqrt(boundary * (1 - boundary) / max(samples, 1.0))
    return normal_cdf(abs(share - boundary) / sigma)


def _compute_subtype(demands: Demands, samples: int, gil_enabled: bool) -> tuple[str | None, str, float]:
    own = demands.own_threads_cpu_s or 0.0
    if own > OWN_SHARE * (own + demands.cpu_s):
        return (
            "own-threads",
            f"; threads it starts itself use {percent(own / (own + demands.cpu_s))} of its CPU time",
            1.0,
        )
    if not gil_enabled:
        return None, "; this interpreter runs without a GIL", 1.0
    if demands.cpu_gil_s is None or demands.cpu_s <= 0:
        return None, "; whether it holds the GIL is unknown", 1.0
    held = demands.cpu_gil_s / demands.cpu_s
    on_cpu = samples * min(demands.cpu_s / max(in_call_wall_s(demands), demands.cpu_s), 1.0)
    subtype = "python" if held >= PYTHON_SHARE else "native"
    return (
        subtype,
        f"; it holds the GIL for {percent(held)} of its CPU time",
        _distance_confidence(held, PYTHON_SHARE, on_cpu),
    )


def _wait_subtype(demands: Demands, samples: int) -> tuple[str | None, str, float]:
    waits = {state: seconds for state in WAIT_STATES if (seconds := demands.state_s(state)) is not None}
    if demands.accelerator_s:
        waits |= {"accelerator": demands.accelerator_s, "other": max(waits["other"] - demands.accelerator_s, 0.0)}
    total = sum(waits.values())
    if demands.wait_s is None or total <= 0:
        return None, "", 1.0
    state = max(waits, key=lambda name: waits[name])
    detail = f"; {percent(waits[state] / total)} of the waiting is for {_WAITED_FOR[state]}"
    if state == "child" and demands.children_cpu_s:
        detail += f", which use {duration(demands.children_cpu_s)} of CPU a call"
    return None if state == "other" else state, detail, _lead_confidence(waits, samples)


_WAITED_FOR = {
    "network": "the network",
    "disk": "files",
    "sleep": "a timer",
    "lock": "locks",
    "child": "processes it starts",
    "accelerator": "an accelerator",
    "other": "system calls that are not told apart",
}


def _lead_confidence(waits: Mapping[str, float], samples: int) -> float:
    """The chance that the largest wait is truly the largest: Φ(lead ÷ σ), var(p − q) = (p + q − (p − q)²) ÷ n
    for two cells of a multinomial. The waiting share of the samples is taken as all of them: this label
    waits."""
    total = sum(waits.values())
    first, second = sorted((seconds / total for seconds in waits.values()), reverse=True)[:2]
    spread = first + second - (first - second) ** 2
    return 1.0 if spread <= 0 else normal_cdf((first - second) / math.sqrt(spread / max(samples, 1)))
