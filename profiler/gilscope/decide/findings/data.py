"""What crosses from the caller to a worker and back: whether it can, what it costs, and whether it comes back right."""

from __future__ import annotations

from gilscope.decide.findings.evidence import NOTABLE_SHARE, OWN_GILS, Evidence, with_most
from gilscope.decide.rounds import chunksize
from gilscope.records import Figures, Trial

__all__ = ["defined_in_session", "not_picklable", "pickling_cost", "results_differ", "task_too_small"]

#: From this loss on a chunksize of 1 is worth a word: it exceeds what rounds differ by on a busy machine.
CHUNKING_GAIN = 0.2
#: What may not cross, in the words that begin the reason.
_PARTS = ("the function", "an argument", "a result", "the set-up")


def not_picklable(evidence: Evidence) -> Figures | None:
    """The function, an argument or a result that cannot cross to a process."""
    refusals = [t.reason for t in evidence.trials if t.status == "refused" and t.reason is not None]
    reason = next((text for text in refusals if "pickle" in text), None)
    if reason is None:
        return None
    return {"part": next((part for part in _PARTS if reason.startswith(part)), None), "reason": reason}


def defined_in_session(evidence: Evidence) -> Figures | None:
    """A function that only gilscope could bring to worker processes."""
    place, _, name = evidence.target.spec.rpartition(":")
    processes = evidence.measured(*OWN_GILS)
    if place != "__main__" or not processes:
        return None
    return {"function": name, "configurations": ", ".join(trial.name for trial in processes)}


def pickling_cost(evidence: Evidence) -> Figures | None:
    """Arguments or results so big that handing them over is a part of the work."""
    trial = next((t for t in evidence.trials if t.pickle_s is not None and t.pickle_bytes is not None), None)
    call = evidence.call_s
    if trial is None or trial.pickle_s is None or call is None or evidence.classification.label == "overhead-bound":
        return None
    if trial.pickle_s < NOTABLE_SHARE * call:
        return None
    return {
        "pickle_bytes": trial.pickle_bytes,
        "pickle_s": trial.pickle_s,
        "call_s": call,
        "most_per_s": 2 / trial.pickle_s,
    }


def results_differ(evidence: Evidence) -> Figures | None:
    """Results that are others than those of the serial run."""
    differing = [t for t in evidence.trials if t.results_differing and t.results_compared]
    if not differing:
        return None
    return {
        "configurations": "; ".join(f"{t.name}: {t.results_differing} of {t.results_compared}" for t in differing),
        "backends": ", ".join(sorted({trial.backend for trial in differing})),
        "serial_differing": next((trial.results_differing for trial in differing if trial.backend == "serial"), None),
    }


def task_too_small(evidence: Evidence) -> Figures | None:
    """A call that is short against handing it over, and the chunksize that pays."""
    call, chunked = evidence.call_s, with_most(evidence.measured(*OWN_GILS), _lost_share, CHUNKING_GAIN)
    tiny = evidence.classification.label == "overhead-bound" and bool(evidence.dispatch_s)
    if call is None or not (tiny or chunked):
        return None
    paying = [even for even in evidence.break_even if even.call_s is not None]
    shortest = min(paying, key=lambda even: even.call_s or 0.0, default=None)
    return {
        "call_s": call,
        **{f"{name}_dispatch_s": cost_s for name, cost_s in sorted(evidence.dispatch_s.items())},
        "chunked": chunked.name if chunked else None,
        "chunked_per_s": chunked.throughput_per_s if chunked else None,
        "one_by_one_per_s": chunked.chunksize_one_per_s if chunked else None,
        "chunksize": _chunksize(call, evidence, chunked),
        "paying": f"{shortest.backend} × {shortest.workers}" if shortest else None,
        "paying_call_s": shortest.call_s if shortest else None,
    }


def _lost_share(trial: Trial) -> float:
    """Of its throughput, what it would lose by a chunksize of 1."""
    if trial.chunksize_one_per_s is None or not trial.throughput_per_s:
        return 0.0
    return 1 - trial.chunksize_one_per_s / trial.throughput_per_s


def _chunksize(call: float, evidence: Evidence, chunked: Trial | None) -> int | None:
    """That of a process pool; None where it needs none, or none is known."""
    dispatch_s = evidence.dispatch_s.get("process")
    calls = chunked.chunksize if chunked else 1 if dispatch_s is None else chunksize(call, None, 1, dispatch_s)
    return calls if calls > 1 else None
