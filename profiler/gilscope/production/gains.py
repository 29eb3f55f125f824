"""What running a function's calls side by side could gain, by the model of an analysis with what pools typically cost.

Nothing is run for it, so what it takes to hand a call over is not measured here: it is what analyses measured (those in
`reports`, on two CPUs), with arguments and results that are small. Larger ones, or a slower machine, let pools pay
later.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from gilscope.configuration import Configuration
from gilscope.decide.break_even import gain_of, shortest_call_s
from gilscope.decide.candidates import most_workers
from gilscope.decide.demands import call_s
from gilscope.decide.model import Model
from gilscope.decide.noise import TIE_MARGIN
from gilscope.decide.traits import BackendTraits, Machine
from gilscope.production.shares import readings
from gilscope.records import LOOP_KINDS, Demands, Record

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from gilscope.production.record import ProfileRecord

__all__ = ["TYPICAL_DISPATCH_S", "WORTH", "Gain", "gains", "pays_from_s", "winners"]

#: To hand over one call and take its result back: medians, rounded. Half as much and twice as much were measured, too.
#: Interpreters take 1.15 times what processes do (`benchmarks.interpreters` on two CPUs).
TYPICAL_DISPATCH_S: Final = {"thread": 20e-6, "asyncio": 50e-6, "process": 180e-6, "interpreter": 200e-6}
#: The simplest first.
_BACKENDS: Final = {
    "asyncio": BackendTraits("asyncio", shares_gil=True),
    "thread": BackendTraits("thread", shares_gil=True),
    "process": BackendTraits("process", shares_gil=False),
    "interpreter": BackendTraits("interpreter", shares_gil=False),
}
_SIMPLICITY: Final = tuple(_BACKENDS)
#: Of more than so many nobody is promised anything unmeasured.
MOST_WORKERS: Final = 64
#: What is faster by less is a tie, as in an analysis on a quiet machine.
WORTH: Final = 1 / (1 - TIE_MARGIN)


class Gain(Record, frozen=True, kw_only=True):
    """What handing the calls of a function to one backend could gain, as throughput over that of one call after the
    other."""

    backend: str
    low: float
    high: float
    """They differ where it is open whether a call waited for the GIL, or whether it holds it."""

    @property
    def pays(self) -> bool:
        """Whether it is faster by more than a tie, whatever is open."""
        return self.low > WORTH

    @property
    def may_pay(self) -> bool:
        """Whether it is, if what is open is in its favour."""
        return self.high > WORTH


def gains(profile: ProfileRecord, cpus: float) -> tuple[Gain, ...]:
    """Of each backend that the calls could be handed to, the simplest first. Empty where no call was measured with all
    clocks, or calls ask for nothing.

    :param cpus: that the program may use
    """
    models = _models(profile, cpus)
    known = [name for name in _BACKENDS if _is_known(name, profile)]
    return tuple(_gain(name, models) for name in known) if models else ()


def _is_known(backend: str, profile: ProfileRecord) -> bool:
    """Whether its calls could be handed to it. A pool of interpreters has one thing to give: more than one GIL."""
    if backend == "asyncio":
        return profile.kind in LOOP_KINDS
    return backend != "interpreter" or (profile.gil_enabled and bool(profile.interpreter_pools))


def pays_from_s(profile: ProfileRecord, backend: str, cpus: float) -> float | None:
    """The shortest call of this shape that gains there, whatever is open; None when no length does."""
    found = [shortest_call_s(model, _best(model, backend), TIE_MARGIN) for model in _models(profile, cpus)]
    known = [seconds for seconds in found if seconds is not None]
    return max(known) if known and len(known) == len(found) else None


def _models(profile: ProfileRecord, cpus: float) -> list[Model]:
    """One for each that a call may be; none of a call that asks for nothing."""
    samples = profile.observed.samples if profile.observed else 0
    machine = Machine(cpus=cpus, gil_enabled=profile.gil_enabled, dispatch_s=TYPICAL_DISPATCH_S, samples=samples)
    models = [Model(each, machine, profile.kind, _BACKENDS) for each in _shapes(profile)]
    return models if all(model.asks_for_something for model in models) else []


def _shapes(profile: ProfileRecord) -> Iterator[Demands]:
    """What a call may ask for: whether it waited for the GIL, and whether it computes with it, may both be open."""
    for demands in readings(profile):
        if demands.cpu_gil_s is None and profile.gil_enabled:
            yield msgspec.structs.replace(demands, cpu_gil_s=0.0, cpu_free_s=demands.cpu_s)
        yield demands


def _gain(backend: str, models: Sequence[Model]) -> Gain:
    times = [gain_of(model, _best(model, backend))(call_s(model.demands)) for model in models]
    return Gain(backend=backend, low=min(times), high=max(times))


def _best(model: Model, backend: str) -> Configuration:
    """With the most workers that an analysis would plan: in the model none of them is in the way of another."""
    return Configuration(backend, min(max(2, most_workers(model, model.shape(backend))), MOST_WORKERS))


def winners(found: Iterable[Gain]) -> list[Gain]:
    """Those that pay whatever is open, the fastest first: of those that tie the simplest, and none that is slower
    without being simpler. Interpreters, which may refuse what a function imports, are none of them: processes are."""
    kept: list[Gain] = []
    for gain in sorted(
        (each for each in found if each.pays and each.backend != "interpreter"), key=lambda each: -each.low
    ):
        if kept and _SIMPLICITY.index(gain.backend) > _SIMPLICITY.index(kept[-1].backend):
            continue
        if kept and gain.low > kept[-1].low * (1 - TIE_MARGIN):
            kept.pop()
        kept.append(gain)
    return kept
