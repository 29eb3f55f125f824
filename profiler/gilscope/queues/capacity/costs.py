"""What a task costs under a queue, from the trials that measured it, and the fleet that follows for machines."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gilscope.decide.demands import call_s, outside_wait_s
from gilscope.queues.capacity.model import Fleet

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gilscope.records import Demands, Trial

__all__ = ["LONGEST_TASK_S", "THREADED", "WORTH", "TaskCosts", "costs_of", "workers_that_fill"]

#: What a task costs beside its calls may be this part of them.
WORTH = 0.1
#: A task shall be over within this, lest a worker that dies costs too much.
LONGEST_TASK_S = 60.0
#: No call is taken to be shorter.
SHORTEST_CALL_S = 1e-9
#: Engines whose workers on a machine share one GIL.
THREADED = ("-threads", "-gevent")
#: Workers on a machine of functions that only wait: more would cost memory and connections nobody asked for.
MOST_WAITING = 64


@dataclass(frozen=True)
class TaskCosts:
    """Seconds a task costs beside its calls, and a call costs beside its own demands."""

    name: str
    enqueue_s: float
    fetch_s: float
    broker_s: float
    overhead_s: float
    """Of the worker."""
    pickle_s: float
    """A call's part of pickling and unpickling, spent half by the caller and half by the worker."""

    @property
    def per_task_s(self) -> float:
        """All that a task costs, wherever."""
        return self.enqueue_s + self.fetch_s + self.broker_s + self.overhead_s

    def caller_s(self, batch: int) -> float:
        """What a task of so many calls costs its caller."""
        return self.enqueue_s + self.fetch_s + batch * self.pickle_s / 2

    def fewest_calls(self, call_s: float, least: int = 1, keeps_up: Callable[[int], bool] = lambda _: True) -> int:
        """The fewest calls in a task, ``least`` times a power of two, with which the queue costs little and keeps up;
        where it never does, as many as a task may last."""
        batch, each_s = least, max(call_s, SHORTEST_CALL_S)
        while 2 * batch * each_s <= LONGEST_TASK_S:
            if self.per_task_s <= WORTH * batch * each_s and keeps_up(batch):
                break
            batch *= 2
        return batch

    def fleet(
        self,
        demands: Demands,
        *,
        machines: int,
        workers_each: int,
        cpus_each: int,
        batch: int,
        rtt_s: float = 0.0,
    ) -> Fleet:
        """Machines that run this engine's workers."""
        gil_s = (demands.cpu_gil_s if demands.cpu_gil_s is not None else demands.cpu_s) if self._threaded else 0.0
        return Fleet(
            machines=machines,
            workers_each=workers_each,
            cpus_each=cpus_each,
            caller_s=self.caller_s(batch),
            broker_s=self.broker_s,
            cpu_s=batch * (demands.cpu_s + self.pickle_s / 2) + self.overhead_s,
            wait_s=batch * outside_wait_s(demands),
            gil_s=batch * gil_s + (self.overhead_s if self._threaded else 0.0),
            rtt_s=rtt_s,
        )

    @property
    def _threaded(self) -> bool:
        return self.name.endswith(THREADED)


def costs_of(backend: str, trials: Sequence[Trial], demands: Demands) -> TaskCosts | None:
    """What this queue costs; None where it was not measured. The trial with the fewest workers tells it best."""
    measured = [trial for trial in trials if trial.backend == backend and trial.queue and trial.throughput_per_s]
    if not measured:
        return None
    trial = min(measured, key=lambda trial: trial.workers)
    queue, rate = trial.queue, trial.throughput_per_s
    assert queue is not None
    assert rate is not None
    broker_s, pickle_s = queue.broker_cpu_s or 0.0, trial.pickle_s or 0.0
    if queue.tasks_per_s:
        overhead_s = trial.workers / queue.tasks_per_s - broker_s
    else:
        calls_s = trial.chunksize * (call_s(demands) + pickle_s / 2)
        overhead_s = trial.workers * trial.chunksize / rate - calls_s - broker_s
    return TaskCosts(
        name=backend,
        enqueue_s=queue.enqueue_s or 0.0,
        fetch_s=queue.fetch_s or 0.0,
        broker_s=broker_s,
        overhead_s=max(overhead_s, 0.0),
        pickle_s=pickle_s,
    )


def workers_that_fill(costs: TaskCosts, demands: Demands, cpus: int, batch: int) -> int:
    """The fewest workers that keep the CPUs of a machine busy while some of them wait."""
    computing_s = demands.cpu_s + costs.pickle_s / 2 + costs.overhead_s / batch
    waiting_s = outside_wait_s(demands)
    if computing_s * MOST_WAITING <= waiting_s:
        return MOST_WAITING
    return max(1, min(math.ceil(cpus * (1 + waiting_s / computing_s)), max(MOST_WAITING, cpus)))
