"""What the model expects, beside what was measured and on other machines: more or fewer CPUs, and no GIL at all.

The costs of the pools and the demands of a call are those of the machine that was measured, but for the CPU time that
more busy CPUs take (`gilscope.decide.inflation`). What the model itself is off by is learned from what was measured
(`gilscope.decide.model_error`).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from gilscope.configuration import Configuration
from gilscope.decide.candidates import most_workers
from gilscope.decide.demands import call_s
from gilscope.decide.inflation import growth, inflated
from gilscope.decide.model import KNEE_SHARE, Expectation, Model, fewest_near_best, plain_count
from gilscope.decide.model_error import Seen, corrected, learned
from gilscope.decide.noise import TIE_MARGIN
from gilscope.decide.rounds import chunksize
from gilscope.records import LOOP_KINDS, Prediction, Trial

__all__ = ["elsewhere", "here", "predictions"]

#: Threads of each process that are considered: what one process of threads may have, and fewer.
THREADS_PER_PROCESS = (2, 4, 8, 16, 32, 64)


def predictions(
    model: Model, trials: Sequence[Trial], *, cpus: Sequence[float] = (), gil: bool = True, margin: float = TIE_MARGIN
) -> tuple[Prediction, ...]:
    """Of what was measured, then of the best on the other machines that were asked for; empty when the call asks for
    nothing.

    :param model: of the machine that was measured
    :param trials: of this analysis; the serial one tells the length of a call, and each that was measured what the
        model is off by
    :param cpus: CPUs of the other machines
    :param gil: False to expect a free-threaded interpreter too, on this machine and on the others: only what runs
        in threads differs there
    :param margin: by how much several processes of several threads each must beat either alone to be named
    """
    per_cpu, model = growth(model, trials), model.calibrated(trials)
    refused = {trial.backend for trial in trials if trial.status == "refused"}
    possible = {name: traits for name, traits in model.backends.items() if name not in refused}
    measured = here(model, trials)
    told = {_place(each) for each in measured}
    others = elsewhere(replace(model, backends=possible), cpus=cpus, gil=gil, margin=margin, per_cpu=per_cpu)
    seen = _seen(model, here(inflated(model, per_cpu, model.machine.cpus), trials))
    return (
        *_from_the_others(model, measured),
        *(_corrected(model, each, seen.values()) for each in others if _place(each) not in told),
    )


def _seen(model: Model, found: Sequence[Prediction]) -> dict[int, Seen]:
    """What the model was off by, by the number of the prediction; of those without a measurement nothing."""
    return {
        number: Seen(model.shape(each.backend), each.workers, math.log(each.measured_per_s / each.throughput_per_s))
        for number, each in enumerate(found)
        if each.measured_per_s and each.throughput_per_s > 0
    }


def _from_the_others(model: Model, found: Sequence[Prediction]) -> Iterator[Prediction]:
    """Each with what the model was off by in all the others."""
    seen = _seen(model, found)
    for number, each in enumerate(found):
        yield _corrected(model, each, [error for of, error in seen.items() if of != number])


def _corrected(model: Model, to: Prediction, seen: Iterable[Seen]) -> Prediction:
    return corrected(to, learned(seen, model.shape(to.backend), to.workers * (to.threads_per_process or 1)))


def _place(to: Prediction) -> tuple[object, ...]:
    return to.backend, to.workers, to.threads_per_process, to.cpus, to.gil_enabled


def here(model: Model, trials: Sequence[Trial]) -> list[Prediction]:
    """Of each configuration but the solo run, from which the model expects, beside what was measured of it."""
    found = []
    for trial in trials:
        if trial.backend in model.backends and trial.backend != "serial" and model.asks_for_something:
            pickle_s = model.machine.pickle_s if trial.pickle_s is None else trial.pickle_s
            costly = replace(model, machine=replace(model.machine, pickle_s=pickle_s))
            to = Configuration(trial.backend, trial.workers, trial.chunksize)
            found.append(_prediction(costly, to, costly.expect(to), measured_per_s=trial.throughput_per_s))
    return found


def elsewhere(
    model: Model,
    *,
    cpus: Sequence[float] = (),
    gil: bool = True,
    margin: float = TIE_MARGIN,
    per_cpu: float = 0.0,
) -> list[Prediction]:
    """The best configuration of every backend on each of the other machines, by the model alone.

    :param per_cpu: by how much of itself the CPU time of a call grows for each further busy CPU
    """
    if not model.asks_for_something:
        return []
    found = [_on(_with(model, count, per_cpu), margin) for count in dict.fromkeys(cpus)]
    if not gil and model.machine.gil_enabled:
        threads = {name: traits for name, traits in model.backends.items() if model.shape(name) == "thread"}
        free = replace(model, backends=threads)
        found += [_best_of_each(_with(free, n, per_cpu, gil=False)) for n in dict.fromkeys((model.machine.cpus, *cpus))]
    return [prediction for predicted in found for prediction in predicted]


def _with(model: Model, cpus: float, per_cpu: float, *, gil: bool = True) -> Model:
    """On a machine of the same kind: with as many hyperthreads on a core."""
    here, gil_enabled = model.machine, model.machine.gil_enabled and gil
    cores = None if here.cores is None else cpus * min(here.cores / here.cpus, 1.0)
    machine = replace(here, cpus=float(cpus), cores=cores, gil_enabled=gil_enabled)
    return inflated(replace(model, machine=machine), per_cpu, here.cpus)


def _on(model: Model, margin: float) -> list[Prediction]:
    alone = _best_of_each(model)
    best = max((found.throughput_per_s for found in alone), default=0.0)
    mixed = _hybrids(model)
    return [*alone, *(hybrid for hybrid, in_one in mixed if hybrid.throughput_per_s * (1 - margin) > max(best, in_one))]


def _best_of_each(model: Model) -> list[Prediction]:
    return [_best(model, name) for name in model.backends if model.shape(name) != "serial"]


def _best(model: Model, backend: str) -> Prediction:
    shape, size = model.shape(backend), _chunksize(model, backend)
    most = most_workers(model, shape)
    knee = fewest_near_best(model.rates(model.stations(shape, backend, size, model.gil_shares[1]), most))
    fixed = model.backends[backend].fixed_workers
    workers = fixed or min(plain_count(knee, math.ceil(model.machine.cpus)), most)
    to = Configuration(backend, workers, size)
    return _prediction(model, to, model.expect(to))


def _chunksize(model: Model, backend: str) -> int:
    """As it would be planned; only processes are handed more than one call at once."""
    if model.shape(backend) != "process":
        return 1
    work_s = call_s(model.demands) + model.machine.hand_over(backend).seconds
    return chunksize(work_s, None, 1, model.machine.dispatch_s.get(backend, 0.0))


def _prediction(
    model: Model,
    to: Configuration,
    expected: Expectation,
    *,
    threads: int | None = None,
    measured_per_s: float | None = None,
) -> Prediction:
    return Prediction(
        backend=to.backend,
        workers=to.workers,
        cpus=model.machine.cpus,
        throughput_per_s=expected.per_s,
        throughput_low=expected.low,
        throughput_high=expected.high,
        model_per_s=expected.per_s,
        measured_per_s=measured_per_s,
        bottleneck=expected.bottleneck,
        gil_enabled=model.machine.gil_enabled,
        threads_per_process=threads,
    )


# -- processes of several threads each --------------------------------------------------------------------------------


def _hybrids(model: Model) -> Iterator[tuple[Prediction, float]]:
    """The best split of threads over processes, for every backend of processes, and what as many threads do in one;
    none where threads need no GIL, or where a loop does for coroutines what threads do for plain functions."""
    if model.kind in LOOP_KINDS or not model.machine.gil_enabled or model.machine.cpus < 2:
        return
    threads = next((name for name in model.backends if model.shape(name) == "thread"), "")
    for name in (name for name in model.backends if model.shape(name) == "process"):
        hybrid = _hybrid(model, _Pools(name, threads, _chunksize(model, name)))
        total = hybrid.workers * (hybrid.threads_per_process or 1)
        yield hybrid, model.expect(Configuration(threads, total)).per_s


@dataclass(frozen=True)
class _Pools:
    """A pool of processes with a pool of threads in each."""

    processes: str
    threads: str
    chunksize: int

    def predict(self, model: Model, share: float, count: int, each: int) -> tuple[float, str]:
        """Calls per second of ``count`` processes with ``each`` threads, and what limits them.

        Alike, they share the CPUs and the parent's time equally: one of them is solved with its part of both.
        """
        part = replace(model, machine=replace(model.machine, cpus=model.machine.cpus / count))
        outside = model.stations("process", self.processes, self.chunksize)
        inside = part.stations("thread", self.threads, gil_share=share)
        handed_s, feeding_s = outside[0].demand_s - model.demands.cpu_s, outside[-1].demand_s
        inside[0] = replace(inside[0], demand_s=inside[0].demand_s + handed_s)
        feeder = replace(outside[-1], demand_s=feeding_s * count, off_cpu_s=feeding_s * (count - 1))
        per_s, limit = part.predict([*inside, feeder], each)
        return per_s * count, limit


def _hybrid(model: Model, pools: _Pools) -> Prediction:
    most = most_workers(model, "process")
    splits = [(2**k, each) for k in range(1, most.bit_length()) for each in THREADS_PER_PROCESS]
    rates = {split: pools.predict(model, model.gil_shares[1], *split)[0] for split in splits}
    near = [split for split, rate in rates.items() if rate >= KNEE_SHARE * max(rates.values())]
    count, each = min(near, key=lambda split: (split[0] * split[1], split[0]))
    expected = model.expected(lambda like, share: pools.predict(like, share, count, each), under_gil=True)
    return _prediction(model, Configuration(pools.processes, count), expected, threads=each)
