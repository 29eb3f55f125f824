"""Code to paste: a recommendation as a runnable program, for a plain caller and for a coroutine.

Every program defines ``run_all(inputs)``, which gives the results in the order of the inputs, and runs it. It needs
nothing of gilscope.
"""

from __future__ import annotations

from gilscope.decide.code.programs import both_programs, load_templates, program_for
from gilscope.decide.code.target import CodeTarget, Execution

__all__ = ["CodeTarget", "Execution", "both_programs", "load_templates", "program_for"]
