"""Pythons made by hand, for tests that need several and nothing measured."""

from __future__ import annotations

from typing import Any

from gilscope.decide.pythons import side_by_side, verdict
from gilscope.pythons_result import PythonsResult
from gilscope.records.pythons import PythonRecord
from gilscope.result import Result
from tests.unit.handmade import CREATED, make_environment, make_recommendation, make_result

SLOW, FAST = (100.0, 101.0, 99.0, 100.5), (120.0, 121.0, 119.0, 120.5)


def make_serial(python: str = "3.11.7", **changes: Any) -> Result:
    """A function that is left serial."""
    advice = make_recommendation(
        backend="serial", workers=1, trial=0, speedup=1.0, speedup_low=None, speedup_high=None, code=""
    )
    return make_result(**{"environment": make_environment(python=python), "recommendation": advice, **changes})


def make_python(
    name: str = "3.11",
    alone: tuple[float, ...] = SLOW,
    best: tuple[float, ...] | None = None,
    **changes: Any,
) -> PythonRecord:
    """One that went well, its function left serial, or ``best`` as process × 2."""
    environment = make_environment(python=f"{name}.1")
    fields: dict[str, Any] = {
        "name": name,
        "path": f"/envs/{name}/bin/python",
        "python": f"{name}.1",
        "implementation": "CPython",
        "free_threaded": False,
        "result": make_serial(f"{name}.1") if best is None else make_result(environment=environment),
        "best": "serial" if best is None else "process × 2",
        "alone_rates_per_s": alone,
        "best_rates_per_s": alone if best is None else best,
        "results_compared": 40,
        "results_differing": 0,
    }
    return PythonRecord(**(fields | changes))


def make_refused(name: str = "/envs/old/bin/python", **changes: Any) -> PythonRecord:
    """One that has no gilscope."""
    fields: dict[str, Any] = {
        "name": name,
        "path": name,
        "status": "refused",
        "reason": f"{name!r} has no gilscope: {name} -m pip install gilscope==0.1.0",
        "install": f"{name} -m pip install gilscope==0.1.0",
    }
    return PythonRecord(**(fields | changes))


def make_pythons(*pythons: PythonRecord, **changes: Any) -> PythonsResult:
    """A record of these, decided upon."""
    found = side_by_side(pythons or (make_python(), make_python("3.14", FAST, (230.0, 231.0, 229.0)), make_refused()))
    fields: dict[str, Any] = {
        "created": CREATED,
        "target": "app.primes:is_prime",
        "gilscope": "0.1.0",
        "verdict": verdict(found),
        "pythons": found.pythons,
        "first": found.first,
        "fastest": found.fastest,
        "as_fast": found.as_fast,
        "inputs_same": True,
        "settings": {"budget_s": 20.0, "pythons": [one.path for one in found.pythons]},
        "elapsed_s": 21.5,
        "starting_s": 1.5,
        "comparing_s": 4.0,
    }
    return PythonsResult(**(fields | changes))
