"""How figures are said: units, percentages, the verdict in a sentence, and the one palette of the states.

Pure functions from a record to words, shared by every report so that all say the same.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from gilscope.records import Classification, Recommendation, ResultRecord, Trial

__all__ = [
    "STATE_STYLES",
    "UNKNOWN",
    "StateStyle",
    "byte_size",
    "confidence",
    "configuration",
    "duration",
    "grounds",
    "is_chosen",
    "kind_of_work",
    "label",
    "number",
    "percent",
    "rate",
    "sentence",
    "short_name",
    "slowdown",
    "span",
    "speedup",
    "verdict_sentence",
]

UNKNOWN: Final = "unknown"


@dataclass(frozen=True)
class StateStyle:
    """How a state of the ledger is drawn, in every report."""

    letter: str
    colour: str
    """An RGB colour that stands out on white and on black."""
    title: str


#: The states in the order of `gilscope.records.STATES`, then three for what could not be split.
STATE_STYLES: Final = {
    "cpu_gil": StateStyle("G", "#2f6fde", "on CPU, holding the GIL"),
    "cpu_free": StateStyle("C", "#12a594", "on CPU without the GIL"),
    "gil_wait": StateStyle("W", "#e5484d", "waiting for the GIL"),
    "runqueue": StateStyle("Q", "#f08c00", "ready, but given no CPU"),
    "network": StateStyle("N", "#8e4ec6", "network"),
    "disk": StateStyle("D", "#a07050", "disk"),
    "sleep": StateStyle("S", "#5eb6e4", "asleep"),
    "lock": StateStyle("L", "#e667b4", "waiting for a lock"),
    "child": StateStyle("P", "#8fae1b", "waiting for a process it started"),
    "other": StateStyle("O", "#6b7280", "blocked on something else"),
    "idle": StateStyle(".", "#b4bac4", "idle: no call to run"),
    "cpu": StateStyle("c", "#5f8fd8", "on CPU, with or without the GIL"),
    "blocked": StateStyle("b", "#ab86c9", "off CPU, undivided"),
    "unknown": StateStyle("?", "#8b8d98", "unknown"),
}


def number(value: float | None) -> str:
    """Three significant digits, thousands apart, millions as ``1.23M``; ``unknown`` for None."""
    if value is None:
        return UNKNOWN
    size = abs(value)
    if size >= 1e6 and math.isfinite(value):
        return f"{number(value / 1e6)}M"
    if size >= 100 or not math.isfinite(value):
        return f"{value:,.0f}"
    if size >= 10:
        return f"{value:.1f}"
    return f"{value:.2f}" if size >= 1 else f"{value:.3g}"


def duration(seconds: float | None) -> str:
    """``12.3 ms`` for 0.0123 seconds."""
    if seconds is None:
        return UNKNOWN
    if seconds == 0:
        return "0 s"
    size = abs(seconds)
    for limit, factor, unit in ((1e-6, 1e9, "ns"), (1e-3, 1e6, "µs"), (1.0, 1e3, "ms"), (120.0, 1.0, "s")):
        if size < limit:
            return f"{number(seconds * factor)} {unit}"
    return f"{number(seconds / 60)} min" if size < 7200 else f"{number(seconds / 3600)} h"


def byte_size(count: int | None) -> str:
    """``1.50 KiB`` for 1,536 bytes."""
    if count is None:
        return UNKNOWN
    size, units = float(count), ["bytes", "KiB", "MiB", "GiB", "TiB"]
    while size >= 1024 and len(units) > 1:
        size, units = size / 1024, units[1:]
    return f"{count:,} bytes" if units[0] == "bytes" else f"{number(size)} {units[0]}"


def percent(share: float | None) -> str:
    """Whole percents of a fraction; 0 % and 100 % only where they are exactly true."""
    if share is None:
        return UNKNOWN
    for exact in (0.0, 1.0):
        if math.isclose(share, exact, abs_tol=1e-9):
            return f"{exact:.0%}".replace("%", " %")
    if 0 < share < 0.01:
        return "<1 %"
    if 0.99 < share < 1:
        return ">99 %"
    return f"{share * 100:.0f} %" if round(share * 100) != 100 else ">100 %"


def rate(per_s: float | None) -> str:
    """Calls per second."""
    return UNKNOWN if per_s is None else f"{number(per_s)}/s"


def span(low: float | None, high: float | None) -> str:
    """The two ends of an interval."""
    return UNKNOWN if low is None or high is None else f"{number(low)}–{number(high)}"


def speedup(ratio: float | None, low: float | None = None, high: float | None = None) -> str:
    """``1.9× (1.8–2.0)``; the interval only where it is known."""
    if ratio is None:
        return UNKNOWN
    interval = "" if low is None or high is None else f" ({_ratio(low)}–{_ratio(high)})"
    return f"{_ratio(ratio)}×{interval}"


def _ratio(value: float) -> str:
    if abs(value) >= 10:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 0.95 else f"{value:.2g}"


def slowdown(ratio: float | None) -> str:
    """The observer's effect in words: ``2 % slower`` for 1.02."""
    if ratio is None:
        return UNKNOWN
    change = ratio - 1
    if abs(change) < 0.005:
        return "less than 1 %"
    return f"{percent(abs(change))} {'slower' if change > 0 else 'faster'}"


def confidence(value: float) -> str:
    """A confidence in words and percent: ``high, 95 %``."""
    grades = ((0.9, "high"), (0.7, "moderate"), (0.5, "low"))
    word = next((word for least, word in grades if value >= least), "very low")
    return f"{word}, {percent(value)}"


def short_name(spec: str) -> str:
    """The function's own name in ``package.module:func`` or ``path/to/file.py:func``."""
    return spec.rpartition(":")[2] or spec


def sentence(text: str) -> str:
    """``text`` with a full stop, unless it ends like a sentence already."""
    stripped = text.strip()
    return stripped if stripped.endswith((".", "!", "?")) else f"{stripped}."


def grounds(result: ResultRecord) -> str:
    """Why the recommendation is what it is; empty where the verdict itself says so."""
    advice = result.recommendation
    return sentence(advice.reason) if advice.backend is not None else ""


def label(result: ResultRecord) -> str:
    """The classification in words: ``compute-bound (python)``."""
    return kind_of_work(result.classification)


def kind_of_work(verdict: Classification) -> str:
    """The same, of the classification alone."""
    return f"{verdict.label} ({verdict.subtype})" if verdict.subtype else verdict.label


def verdict_sentence(result: ResultRecord) -> str:
    """The whole analysis in one sentence."""
    name, advice = short_name(result.target.spec), result.recommendation
    if advice.backend is None:
        return sentence(f"Cannot tell how to run {name}: {advice.reason}")
    unsure = result.classification.label == "inconclusive"
    what = f"{name} could not be classified" if unsure else f"{name} is {label(result)}"
    if advice.backend == "serial":
        return f"{what}. No gain: leave it serial.{_would_pay(result)}"
    return f"{what}: {_how(advice)}, {_gain(advice)}."


def _would_pay(result: ResultRecord) -> str:
    """From what length of a call on the first pool would pay, where that is longer than the calls are."""
    call_s = result.demands.wall_s if result.demands else 0.0
    longer = [(pool.call_s, pool) for pool in result.break_even if pool.call_s is not None and pool.call_s > call_s]
    if not longer:
        return ""
    needed_s, pool = min(longer, key=lambda found: found[0])
    return f" {configuration(pool.backend, pool.workers).capitalize()} would pay from calls of {duration(needed_s)} on."


def configuration(backend: str, workers: int | None, threads: int | None = None) -> str:
    """A configuration in words: ``process × 4``, ``process × 4 of 8 threads each``."""
    name = backend if workers is None or backend == "serial" else f"{backend} × {workers}"
    return name if threads is None else f"{name} of {threads} threads each"


def _how(advice: Recommendation) -> str:
    if advice.backend == "asyncio" and advice.executor:
        return f"offload it from the event loop to a {advice.executor} pool{_size(advice)}"
    if advice.backend == "asyncio":
        return f"await it on one event loop, {advice.workers or UNKNOWN} at a time"
    if advice.backend in ("thread", "process"):
        return f"run it in a {advice.backend} pool{_size(advice)}"
    return f"run it with {advice.backend}{_size(advice)}"


def _size(advice: Recommendation) -> str:
    parts = []
    if advice.workers is not None:
        parts.append("1 worker" if advice.workers == 1 else f"{advice.workers} workers")
    if advice.chunksize not in (None, 1):
        parts.append(f"chunksize {advice.chunksize}")
    if advice.start_method in ("fork", "forkserver"):
        parts.append(f"start method {advice.start_method}")
    return f" with {' and '.join(parts)}" if parts else ""


def _gain(advice: Recommendation) -> str:
    if advice.speedup is None:
        return "its gain unknown"
    return f"{speedup(advice.speedup, advice.speedup_low, advice.speedup_high)} the serial throughput"


def is_chosen(trial: Trial, advice: Recommendation) -> bool:
    """Whether ``trial`` is the configuration that was recommended."""
    if advice.backend is None or trial.status != "ok":
        return False
    wanted = (advice.backend, advice.workers, advice.chunksize, advice.start_method)
    actual = (trial.backend, trial.workers, trial.chunksize, trial.start_method)
    return all(want is None or want == have for want, have in zip(wanted, actual, strict=True))
