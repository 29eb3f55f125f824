"""The verdict in words: pure functions from a record, shared by every report so that all say the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gilscope.decide.recommended import UNSURE
from gilscope.units import UNKNOWN, counted, duration, grade, of_a_hundred, times, typed

if TYPE_CHECKING:
    from gilscope.records import Classification, Recommendation, ResultRecord

__all__ = [
    "capitalized",
    "configuration",
    "grounds",
    "how_sure",
    "kind_of_work",
    "label",
    "sentence",
    "short_name",
    "verdict_sentence",
]


#: From here on a verdict is called sure; below `UNSURE` its reason says what would settle it.
SURE: Final = 0.9
#: Times the budget that would make it surer.
LONGER: Final = 3


def short_name(spec: str) -> str:
    """The function's own name in ``package.module:func`` or ``path/to/file.py:func``."""
    return spec.rpartition(":")[2] or spec


def sentence(text: str) -> str:
    """``text`` with a full stop, unless it ends like a sentence already."""
    stripped = text.strip()
    return stripped if stripped.endswith((".", "!", "?")) else f"{stripped}."


def capitalized(text: str) -> str:
    """``text`` as a sentence begins; unlike `str.capitalize`, with the rest as it is."""
    return f"{text[:1].upper()}{text[1:]}"


def grounds(result: ResultRecord) -> str:
    """Why the recommendation is what it is; empty where the verdict itself says so."""
    advice = result.recommendation
    return sentence(capitalized(advice.reason)) if advice.backend is not None else ""


def how_sure(result: ResultRecord) -> str:
    """How often the advice would hold, and what makes it surer; empty where there is none."""
    advice = result.recommendation
    if advice.backend is None:
        return ""
    told = f"Confidence is {grade(advice.confidence)}: it would hold in {of_a_hundred(advice.confidence)} repeats"
    budget_s = result.settings.get("budget_s")
    if isinstance(budget_s, int | float) and UNSURE <= advice.confidence < SURE:
        told += f"; --budget {typed(LONGER * budget_s)}s makes it surer"
    return f"{told}."


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
        why = "What is faster is ruled out" if _is_faster(result) else "No gain"
        return f"{what}. {why}: leave it serial.{_would_pay(result)}"
    few = ", or as many as there are inputs" if result.given and result.given.workers < (advice.workers or 0) else ""
    return f"{what}: {_how(advice)}{few}, {_gain(advice)}."


def _is_faster(result: ResultRecord) -> bool:
    """Whether something was faster than the serial run, by more than the noise, and may not be recommended."""
    least = 1 + (result.noise.floor if result.noise else 0.0)
    return any(other.no_choice and (other.speedup or 0.0) > least for other in result.recommendation.alternatives)


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
    return name if threads is None else f"{name} of {counted(threads, 'thread')} each"


def _how(advice: Recommendation) -> str:
    if advice.backend == "asyncio" and advice.executor:
        return f"offload it from the event loop to a {advice.executor} pool{_size(advice)}"
    if advice.backend == "asyncio":
        return f"await it on one event loop, {advice.workers or UNKNOWN} at a time"
    if advice.backend in ("thread", "process", "interpreter"):
        return f"run it in a {advice.backend} pool{_size(advice)}"
    return f"run it with {advice.backend}{_size(advice)}"


def _size(advice: Recommendation) -> str:
    parts = []
    if advice.workers is not None:
        parts.append(counted(advice.workers, "worker"))
    if advice.chunksize not in (None, 1):
        parts.append(f"chunksize {advice.chunksize}")
    if advice.start_method in ("fork", "forkserver"):
        parts.append(f"start method {advice.start_method}")
    return f" with {' and '.join(parts)}" if parts else ""


def _gain(advice: Recommendation) -> str:
    if advice.speedup is None:
        return "its gain unknown"
    return f"{times(advice.speedup, advice.speedup_low, advice.speedup_high)} the serial throughput"
