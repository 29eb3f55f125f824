"""What each field of the record means: read from the docstrings under the fields, where the record is defined.

For documentation: reading sources takes longer than drawing a report.
"""

from __future__ import annotations

import ast
import functools
import inspect
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from gilscope.records import STATES, Record
from gilscope.report.palette import STATE_STYLES

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["meaning", "unit"]

#: Fields that the record leaves to their names, in the words of a table that stands alone.
_PLAIN: Final = {
    "backend": "The kind of executor: serial, thread, process, asyncio, or a third party's.",
    "workers": "Workers of the pool: threads, processes, or coroutines at a time.",
    "chunksize": "Calls handed to a worker at a time.",
    "start_method": "How the pool starts its processes; missing where it starts none.",
    "status": "What became of the trial: ok, failed, refused or timeout.",
    "index": "The number of the round within its trial, from 0, in the order in which they ran.",
    "elapsed_s": "How long the analysis took.",
    "kind": "What a call of it gives: a value, a coroutine, a generator or an asynchronous generator.",
    "cpus_visible": "CPUs of the machine, as the operating system counts them.",
    "load_average": "The machine's load average over the minute before.",
    "rate_asked_hz": "How often the sampler was to look.",
    "rate_achieved_hz": "How often it looked.",
    "sampled_s": "Wall clock of all observed rounds.",
    "context": "The caller that ``code`` is for: a plain one or a coroutine.",
    "speedup": "Throughput over that of the serial run.",
    "speedup_low": "Lower bound of its interval.",
    "speedup_high": "Upper bound of its interval.",
    "cpus": "CPUs of the machine that is foretold.",
    "measured_per_s": "What was measured, where it was; calls per second.",
    "why_not": "Why it was not recommended.",
    "calls": "Calls made.",
    "errors": "Calls that raised.",
    "wall_s": "Wall clock.",
    "throughput_low": "Lower bound of the interval of the throughput, calls per second.",
    "throughput_high": "Upper bound of the interval of the throughput, calls per second.",
    "import_s": "Importing the target in a fresh process.",
    "latency_p50_s": "How long a call took, median.",
    "latency_p99_s": "How long a call took, 99th percentile.",
    "loop_lag_p50_s": "How late the event loop came to what was due, median.",
    "loop_lag_p99_s": "How late the event loop came to what was due, 99th percentile.",
    "loop_lag_max_s": "How late the event loop came to what was due, at most.",
    "queue_wait_p50_s": "From submitting a chunk of calls to its start, median.",
    "memory_per_worker_bytes": "Memory that one more worker takes.",
    "memory_bytes": "Memory of all its processes together.",
    "memory_growth_bytes": "Memory by which a worker grew for each of its calls.",
    "results_differing": "Of the calls compared, those whose results differ.",
    "threads": "Worker threads the seconds are summed over.",
    "spec": "The function, as ``module:name``.",
    "python": "The version of Python.",
    "gil_enabled": "Whether this Python has a global interpreter lock that is in use.",
    "label": "The kind of work: compute-bound, io-bound, mixed, overhead-bound or inconclusive.",
    "pid": "The process.",
    "tid": "The thread, as the operating system numbers it.",
    "code": "The name of the finding.",
    "severity": "How much it matters: info, warning or error.",
    "title": "The finding in a few words.",
    "evidence": "The figures it rests on.",
    "advice": "What to do about it.",
    "storage_read_bytes": "Bytes a call reads from the device.",
    "gil_observed_s": "How long the GIL was watched: wall clock × interpreters.",
    **{f"{state}_s": f"The state ``{state}``: {STATE_STYLES[state].title}." for state in STATES},
}

#: The longer suffixes first.
_UNITS: Final = {"_per_s": "calls per second", "_s": "seconds", "_bytes": "bytes", "_hz": "hertz"}


def meaning(record: type[Record], field: str) -> str:
    """What ``field`` of ``record`` means, on one line; empty where its name says it all."""
    return _documented(record).get(field) or _PLAIN.get(field, "")


def unit(name: str) -> str | None:
    """The unit in the name of a field or a column; None where it counts, tells a share, or is no figure."""
    return next((words for suffix, words in _UNITS.items() if name.endswith(suffix)), None)


@functools.cache
def _documented(record: type[Record]) -> dict[str, str]:
    bases = [base for base in reversed(record.__mro__) if issubclass(base, Record) and base is not Record]
    return {field: text for base in bases for field, text in _docstrings(base)}


def _docstrings(record: type[Record]) -> Iterator[tuple[str, str]]:
    """The fields that a class itself declares and that a string follows, with that string."""
    (declared,) = ast.parse(inspect.getsource(record)).body
    assert isinstance(declared, ast.ClassDef)
    for field, text in pairwise(declared.body):
        match field, text:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(told))):
                yield name, " ".join(told.split())
