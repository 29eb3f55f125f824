"""What crosses from the caller to a worker and back: whether it can, what it costs, and whether it comes back right."""

from __future__ import annotations

from gilscope.decide.findings.base import NOTABLE_SHARE, Facts, Said, call_s, measured
from gilscope.decide.rounds import chunksize
from gilscope.records import Trial
from gilscope.units import byte_size, duration, rate

__all__ = ["defined_in_session", "not_picklable", "pickling_cost", "results_differ", "task_too_small"]

#: From this loss on a chunksize of 1 is worth a word: it exceeds what rounds differ by on a busy machine.
CHUNKING_GAIN = 0.2
#: What to do about each part, by the words that begin the reason.
_REMEDIES = {
    "the function": "Define it at module level, where a worker can import it: no lambda, no closure, no method of an "
    "object that holds an open file, a lock or a connection.",
    "an argument": "Pass what can be pickled (paths, keys, connection parameters), and open files, locks and "
    "connections inside the function.",
    "a result": "Return plain data: make a list of a generator, read a file or a cursor to its end, in the worker.",
    "the set-up": "Give a function at module level: every worker imports and calls it.",
}
_EITHER = (
    "Pass and return what can be pickled (paths, keys, rows); open files, locks and connections inside the function."
)


def not_picklable(facts: Facts) -> Said | None:
    """The function, an argument or a result that cannot cross to a process."""
    refusals = [t.reason for t in facts.trials if t.status == "refused" and t.reason is not None]
    reason = next((text for text in refusals if "pickle" in text), None)
    if reason is None:
        return None
    part = next((known for known in _REMEDIES if reason.startswith(known)), None)
    return Said(
        "warning",
        f"Worker processes cannot run this: {part or 'a call or its result'} cannot be pickled",
        reason,
        _EITHER if part is None else _REMEDIES[part],
    )


def defined_in_session(facts: Facts) -> Said | None:
    """A function that only gilscope could bring to worker processes."""
    place, _, name = facts.target.spec.rpartition(":")
    processes = measured(facts, "process")
    if place != "__main__" or not processes:
        return None
    return Said(
        "info",
        "Worker processes have the function from gilscope: a pool of your own would not find it",
        f"{name} is defined in a notebook, at a prompt or in a script that cannot be imported; for "
        f"{', '.join(trial.name for trial in processes)} it was sent by value (cloudpickle), once to each worker",
        "Before you use processes, move it, with what it uses, into a module, and import it from there. Threads and "
        "event loops take it as it is.",
    )


def pickling_cost(facts: Facts) -> Said | None:
    """Arguments or results so big that handing them over is a part of the work."""
    trial = next((t for t in facts.trials if t.pickle_s is not None and t.pickle_bytes is not None), None)
    call = call_s(facts)
    if trial is None or trial.pickle_s is None or trial.pickle_bytes is None or call is None:
        return None
    if trial.pickle_s < NOTABLE_SHARE * call or facts.classification.label == "overhead-bound":
        return None
    return Said(
        "warning" if trial.pickle_s >= call / 2 else "info",
        "Arguments and results are expensive to hand to another process",
        f"{byte_size(trial.pickle_bytes)} and {duration(trial.pickle_s)} of pickling for a call of {duration(call)}; "
        f"half of it falls to the parent, which so hands over at most {rate(2 / trial.pickle_s)}, "
        "however many workers there are",
        "Hand over a path, a key or a range and load the data in the worker; return less; use shared memory. "
        "Threads share the data as it is, where the work gives the GIL up.",
    )


def results_differ(facts: Facts) -> Said | None:
    """Results that are others than those of the serial run."""
    differing = [t for t in facts.trials if t.results_differing and t.results_compared]
    if not differing:
        return None
    told = "; ".join(f"{t.name}: {t.results_differing} of {t.results_compared}" for t in differing)
    if any(trial.backend == "serial" for trial in differing):
        return Said(
            "info",
            "The function does not give the same result twice",
            f"results that differ from a first serial run: {told}",
            "Nothing follows for the other configurations: randomness, the time or a state of its own may be the "
            "reason. To have results compared, seed it, or leave out what changes.",
        )
    return Said("error", "Results differ from those of the serial run", told, _why_differ(differing))


def _why_differ(differing: list[Trial]) -> str:
    if all(trial.backend == "process" for trial in differing):
        return (
            "Only processes differ: the function relies on a state that calls leave behind in memory, which workers do "
            "not share. Pass it in and return it, or keep it outside (a file, a database)."
        )
    return (
        "The function is not thread-safe: calls at the same time change an object that they share. Give each call its "
        "own, or guard it with a lock; until then run it serially or in processes."
    )


def task_too_small(facts: Facts) -> Said | None:
    """A call that is short against handing it over, and the chunksize that pays."""
    call, chunked = call_s(facts), _gains_by_chunks(facts)
    tiny = facts.classification.label == "overhead-bound" and bool(facts.dispatch_s)
    if call is None or not (tiny or chunked):
        return None
    costs = ", ".join(f"{name} {duration(cost)}" for name, cost in sorted(facts.dispatch_s.items()))
    return Said(
        "info",
        "A call is short against handing it to a worker",
        "; ".join(
            [f"a call takes {duration(call)}"]
            + ([f"handing one over: {costs}"] if costs else [])
            + [_chunked_told(trial) for trial in chunked]
            + _break_even_told(facts)
        ),
        f"Hand over many at once: {_chunk_advice(call, facts, chunked)}a function over a batch of inputs for a thread "
        "pool, which has no chunks.",
    )


def _gains_by_chunks(facts: Facts) -> list[Trial]:
    """The process trial with the most to lose by a chunksize of 1, if there is one."""
    losing = [t for t in measured(facts, "process") if _loss(t) >= CHUNKING_GAIN]
    return [max(losing, key=_loss)] if losing else []


def _loss(trial: Trial) -> float:
    if trial.chunksize_one_per_s is None or not trial.throughput_per_s:
        return 0.0
    return 1 - trial.chunksize_one_per_s / trial.throughput_per_s


def _chunked_told(trial: Trial) -> str:
    return f"{trial.name} makes {rate(trial.throughput_per_s or 0.0)}, with chunksize 1 {_one(trial)}"


def _one(trial: Trial) -> str:
    return "unknown" if trial.chunksize_one_per_s is None else rate(trial.chunksize_one_per_s)


def _break_even_told(facts: Facts) -> list[str]:
    known = [(even.call_s, even) for even in facts.break_even if even.call_s is not None]
    if not known:
        return []
    shortest_s, even = min(known, key=lambda item: item[0])
    return [f"from {duration(shortest_s)} a call on, {even.backend} × {even.workers} would pay"]


def _chunk_advice(call: float, facts: Facts, chunked: list[Trial]) -> str:
    dispatch_s = facts.dispatch_s.get("process")
    calls = chunked[0].chunksize if chunked else 1 if dispatch_s is None else chunksize(call, None, 1, dispatch_s)
    return f"pool.map(function, inputs, chunksize={calls}) for a process pool, " if calls > 1 else ""
