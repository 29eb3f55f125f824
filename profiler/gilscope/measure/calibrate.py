"""Finding the GIL of the interpreter that runs the trials, with a trial's process that cooperates."""

from __future__ import annotations

import time

from gilscope.measure import messages as m
from gilscope.measure.trial import TrialProcess
from gilscope.observers.gil import GilLayout, Phase, find_layout, runtime_area
from gilscope.observers.proc import ProcessFiles

__all__ = ["calibrate"]

PHASE_S = 0.010
ROUNDS = 3
ATTEMPTS = 5


def calibrate(trial: TrialProcess, hello: m.Hello, deadline: float) -> tuple[GilLayout | None, str | None]:
    """The layout, or why there is none. The process must have one thread and run nothing of the user's yet.

    :raises TrialEnded: when the process ends or does not answer
    """
    if not hello.gil_enabled:
        return None, "this interpreter runs without a GIL"
    if not hello.runtime:
        return None, "this interpreter does not export _PyRuntime"
    try:
        process = ProcessFiles(hello.pid)
    except OSError as error:
        return None, f"the memory of a trial's process may not be read ({error.strerror})"
    try:
        phases = [_phase(trial, process, hello.runtime, held, deadline) for held in (True, False) * ROUNDS]
    except OSError as error:
        return None, f"the memory of a trial's process may not be read ({error.strerror})"
    finally:
        process.close()
    layout = find_layout([phase for phase in phases if phase is not None], hello.thread_state)
    return layout, None if layout else "no word of the interpreter's memory behaved like the GIL"


def _phase(trial: TrialProcess, process: ProcessFiles, runtime: int, held: bool, deadline: float) -> Phase | None:
    """The memory during one phase; tried again when this process was given no CPU until the phase was over."""
    for attempt in range(ATTEMPTS):
        trial.tell(m.Hold(held=held, seconds=PHASE_S * 2**attempt))
        trial.hear(m.Holding, deadline, "calibrating")
        time.sleep(PHASE_S * 2**attempt / 5)
        began = time.perf_counter_ns()
        memory = runtime_area(process, runtime)
        ended = time.perf_counter_ns()
        phase = trial.hear(m.Phased, deadline, "calibrating")
        if phase.began_ns < began and ended < phase.ended_ns:
            return Phase(held, memory)
    return None
