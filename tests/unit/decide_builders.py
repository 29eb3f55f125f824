"""Small records for the tests of `gilscope.decide`."""

from __future__ import annotations

from typing import Any

from gilscope.decide.measured import Experiment, Left, Measured, Tried
from gilscope.decide.steps import MeasureMore, Open, Rounds, Step, WarmUp
from gilscope.decide.traits import BackendTraits
from gilscope.options import Options
from gilscope.records import WAIT_STATES, Classification, Demands, Label, Ledger, Round, Status, Trial

SIMPLICITY = {"serial": 0, "asyncio": 1, "thread": 2, "process": 3}
BACKENDS = {
    "serial": BackendTraits("serial", shares_gil=True, fixed_workers=1),
    "thread": BackendTraits("thread", shares_gil=True),
    "process": BackendTraits("process", shares_gil=False, start_methods=("spawn", "forkserver", "fork")),
    "asyncio": BackendTraits("asyncio", shares_gil=True),
}


def demands(*, gil: float = 0.0, free: float = 0.0, calls: int = 100, **waits: float) -> Demands:
    """Per call, in seconds, every state known: waits by state, what stands beside them by field."""
    return Demands(calls=calls, **_seconds(gil, free, waits))


def ledger(*, gil: float = 0.0, free: float = 0.0, samples: int = 100, calls: int = 10, **waits: float) -> Ledger:
    return Ledger(calls=calls, samples=samples, threads=1, **_seconds(gil, free, waits))


def undivided(*, cpu: float, blocked: float) -> Demands:
    """What psutil knows: no split of either."""
    return Demands(calls=10, wall_s=cpu + blocked, cpu_s=cpu, blocked_s=blocked)


def _seconds(gil: float, free: float, waits: dict[str, float]) -> dict[str, Any]:
    beside = {name: waits.pop(name) for name in list(waits) if name.endswith("_s")}
    states = dict.fromkeys((*WAIT_STATES, "gil_wait", "runqueue", "idle"), 0.0) | waits
    blocked = sum(seconds for state, seconds in states.items() if state != "runqueue")
    return {
        "wall_s": gil + free + sum(states.values()),
        "cpu_s": gil + free,
        "blocked_s": blocked,
        "cpu_gil_s": gil,
        "cpu_free_s": free,
        **{f"{state}_s": seconds for state, seconds in states.items()},
        **beside,
    }


def tried(backend: str, rates: tuple[float, ...] = (), *, workers: int = 1, **fields: Any) -> Tried:
    """A trial that lives, whose dispatch was measured."""
    own = {name: fields.pop(name) for name in list(fields) if name in Tried.__dataclass_fields__}
    record = trial(backend, rates, workers=workers, **fields)
    pool: dict[str, Any] = (
        {} if backend == "serial" else {"dispatch_s": 1e-4, "expected_per_s": rates[-1] if rates else None}
    )
    return Tried(record, **{**pool, **own})


def measured(*trials: Tried, steps: tuple[Step, ...] = (), options: Options | None = None, **fields: Any) -> Measured:
    """With nearly all of the budget left, which is ten seconds and no end of calls."""
    left: dict[str, Any] = {
        "calls": 10**9,
        "elapsed_s": 0.5,
        "remaining_s": 9.5,
        "spare_s": 8.5,
        "racing_s": 8.5,
        "starting_s": 0.0,
    }
    left |= {name: fields.pop(name) for name in list(fields) if name in left}
    backends = {name: BACKENDS[name] for name in fields.pop("backends", BACKENDS)}
    experiment = Experiment(options or Options(), fields.pop("cpus", 2.0), backends)
    return Measured(experiment, Left(**left), trials, steps, **{"looked_s": fields.pop("call_s", 0.01), **fields})


#: What was asked for when a race of the solo run and one more is over.
RACED: tuple[Step, ...] = (
    Open(()),
    WarmUp(1, 0, 1, 1.0, 0.12),
    Rounds((0, 1), 0.12, "first"),
    Rounds((1,), 0.12, "first", observed=True),
    *[Rounds((0, 1), 0.12, "contest")] * 16,
    *[Open((), twins_of=(0,))] * 2,
    MeasureMore(),
)


def trial(
    backend: str, rates: tuple[float, ...] = (), *, workers: int = 1, status: Status = "ok", **fields: Any
) -> Trial:
    """A trial whose clean rounds ran at these calls per second."""
    rounds = tuple(
        Round(index=n, observed=False, calls=100, errors=0, wall_s=100 / rate, work_s=None)
        for n, rate in enumerate(rates)
    )
    fields = {"calls": 100 * len(rates)} | fields
    return Trial(backend=backend, workers=workers, status=status, rounds=rounds, **fields)


def label(name: Label, subtype: str | None = None) -> Classification:
    return Classification(label=name, subtype=subtype, confidence=0.9, reason="by hand")
