"""An analysis with nothing to remark, and the pieces that cases put in its place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from msgspec.structs import replace

from gilscope.decide.findings import Evidence
from gilscope.records import Environment, HotLine, Instrument, Recommendation, Target, Trial

from .. import decide_builders as make


@dataclass(frozen=True)
class Case:
    """What provokes a finding, and what comes near and must not."""

    provoking: Evidence
    evidence: tuple[str, ...]
    """What the evidence says, figures and units included."""
    near_miss: Evidence
    advice: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    """Codes that are rightly found beside it."""


def environment(**changes: Any) -> Environment:
    fields: dict[str, Any] = {
        "python": "3.13.0",
        "implementation": "CPython",
        "gil_enabled": True,
        "platform": "Linux",
        "machine": "x86_64",
        "cpus_usable": 4.0,
        "cpus_visible": 4,
        "gilscope": "0",
    }
    return Environment(**(fields | changes))


def instrument(**changes: Any) -> Instrument:
    return Instrument(ledger_source="psutil", gil_source="none", **changes)


def advised(backend: str, workers: int, **changes: Any) -> Recommendation:
    return Recommendation(backend=backend, workers=workers, confidence=0.9, reason="by hand", **changes)


def hot(callee: str | None = None, *, wait: float = 0.0, gil: float = 0.0, file: str = "app.py") -> HotLine:
    return HotLine(function="load", file=file, line=17, gil_share=gil, cpu_share=0.0, wait_share=wait, callee=callee)


def pool(backend: str, workers: int, per_s: float, *, held: float = 0.05, **fields: Any) -> Trial:
    """A trial with a throughput and a ledger of ten calls; seconds of its states by name, the rest by field."""
    states = {name: fields.pop(name) for name in list(fields) if name in _STATES}
    watched = make.ledger(samples=400, gil_held_s=held, gil_observed_s=1.0, **states)
    given: dict[str, Any] = {"throughput_per_s": per_s, "ledger": watched} | fields
    return make.trial(backend, (per_s, per_s), workers=workers, **given)


_STATES = (
    *("gil", "free", "gil_wait", "runqueue", "network", "disk", "sleep", "lock", "child", "other", "idle"),
    *("longest_hold_s", "own_threads_cpu_s"),
)

QUIET = Evidence(
    created="2026-01-01T00:00:00+00:00",
    target=Target(spec="m:f", inputs="m:ALL", input_count=300),
    environment=environment(),
    instrument=Instrument(ledger_source="proc", gil_source="calibrated", observer_slowdown=1.01),
    classification=make.label("compute-bound", "python"),
    recommendation=advised("process", 2),
    demands=make.demands(gil=0.1),
    trials=(
        pool("serial", 1, 10, held=1.0, gil=1.0),
        pool("process", 2, 20, held=1.0, gil=1.0, speedup=2.0, pickle_s=1e-4, pickle_bytes=100, startup_s=0.1),
    ),
    output_bytes=0,
)
#: The same for calls that wait, in threads.
WAITING = replace(
    QUIET,
    classification=make.label("io-bound", "network"),
    recommendation=advised("thread", 8),
    demands=make.demands(gil=0.001, network=0.099),
    trials=(
        pool("serial", 1, 10, held=0.01, gil=0.01, network=0.99),
        pool("thread", 8, 80, held=0.08, gil=0.01, network=0.99),
    ),
)
#: And for a coroutine function on an event loop.
LOOP = replace(
    WAITING,
    target=Target(spec="m:f", kind="coroutine", inputs="m:ALL", input_count=300),
    recommendation=advised("asyncio", 16),
    trials=(
        pool("serial", 1, 10, held=0.01, gil=0.01, network=0.99),
        pool("asyncio", 16, 160, held=0.16, gil=0.16, network=0.84),
    ),
)


def with_trials(evidence: Evidence, *trials: Trial) -> Evidence:
    """The same, with these trials after the serial one."""
    return replace(evidence, trials=(evidence.trials[0], *trials))
