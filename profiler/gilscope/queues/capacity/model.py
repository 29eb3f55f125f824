"""Many machines under one task queue, as a closed queueing network in product form (Baskett, Chandy, Muntz & Palacios,
J. ACM 22(2), 1975), solved exactly.

The customers are the workers. Each asks the broker for a task, does it on its own machine, and tells the broker its
result. A machine is solved by itself (`gilscope.decide.mva`): its GIL where its workers are threads, its CPUs, and the
waiting. The broker is one server that all share.

What is assumed: the caller has a backlog, and its tasks wait on the broker, not for workers, so that it sets the pace
or does not matter; machines are alike; only the means of what a task asks for count, not how they vary, as in all
networks of this kind. The broker's part of the enqueueing is counted where the workers visit it.
"""

from __future__ import annotations

import functools
import math
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gilscope.decide.mva import Station, throughputs

__all__ = ["BROKER_VISITS", "Fleet", "Outcome"]

#: The broker handles a task three times: taken in, handed out, its result stored.
BROKER_VISITS = 3
#: A worker's round trips to the broker for a task: to fetch it, and to store its result.
ROUND_TRIPS = 2
#: A part that is in use for more of the time than this is what limits.
BUSY = 0.9
#: No task is shorter.
SHORTEST_TASK_S = 1e-9


@dataclass(frozen=True)
class Outcome:
    """What a fleet does in the long run."""

    tasks_per_s: float
    latency_s: float
    """From a worker's asking for a task to its result being stored, on average."""
    utilization: Mapping[str, float]
    """Of caller, broker, cpus and gil: the share of the time in which they are in use."""

    @property
    def bottleneck(self) -> str:
        """The busiest part; ``workers`` where each has time to spare, and there are too few workers."""
        name, busy = max(self.utilization.items(), key=lambda item: item[1])
        return name if busy >= BUSY else "workers"


@dataclass(frozen=True)
class Fleet:
    """Machines of workers that take tasks from a broker, and what a task asks of each part; seconds per task."""

    machines: int
    workers_each: int
    cpus_each: int
    caller_s: float
    """CPU of the caller: to enqueue a task, its part of the pickling included, and to fetch its result."""
    broker_s: float
    """CPU of the broker, which has one thread."""
    cpu_s: float
    """CPU on the worker's machine, the engine's own included."""
    wait_s: float
    """Spent by the worker waiting for the outside world."""
    gil_s: float = 0.0
    """The part of ``cpu_s`` that only one of the workers of a machine can spend at a time, where they are threads."""
    rtt_s: float = 0.0
    """A round trip between two machines."""

    @property
    def workers(self) -> int:
        return self.machines * self.workers_each

    @property
    def caller_per_s(self) -> float:
        """Tasks that the caller can enqueue a second: each is a round trip, and a visit to the broker."""
        each_s = self.caller_s + self.rtt_s + self.broker_s / BROKER_VISITS
        return 1 / each_s if each_s > 0 else math.inf

    @property
    def broker_per_s(self) -> float:
        """Tasks that the broker can handle a second."""
        return 1 / self.broker_s if self.broker_s > 0 else math.inf

    def outcome(self) -> Outcome:
        """What it does with a backlog that never ends."""
        machine = self._machine()
        workers_per_s = self._workers_per_s(machine, self.workers)
        per_s = min(workers_per_s, self.caller_per_s)
        return Outcome(
            tasks_per_s=per_s,
            latency_s=self._latency_s(machine, per_s) if per_s < workers_per_s else self.workers / per_s,
            utilization={
                "caller": per_s / self.caller_per_s,
                "broker": per_s * self.broker_s,
                "cpus": per_s * self.cpu_s / (self.machines * self.cpus_each),
                **({"gil": per_s * self.gil_s / self.machines} if self.gil_s else {}),
            },
        )

    def _machine(self) -> tuple[float, ...]:
        """Tasks a second that one machine does with 1, 2, … of its workers, were the broker no hindrance."""
        away_s = max(self.wait_s + ROUND_TRIPS * self.rtt_s, SHORTEST_TASK_S)
        return _one_machine(self.workers_each, self.cpus_each, self.cpu_s, self.gil_s, away_s)

    def _workers_per_s(self, machine: Sequence[float], busy: int) -> float:
        """Tasks a second that so many of the workers do, spread evenly over the machines."""
        from gilscope.queues.capacity.product_form import sharing  # only here: it takes numpy, which most need not

        each, more = divmod(busy, self.machines)
        groups = {each: self.machines - more, each + 1: more}
        return sharing(machine, {size: count for size, count in groups.items() if size and count}, self.broker_s)

    def _latency_s(self, machine: Sequence[float], per_s: float) -> float:
        """With as many workers busy as do what the caller enqueues (Little's law)."""
        busy = 1 + bisect_left(range(1, self.workers), per_s, key=lambda count: self._workers_per_s(machine, count))
        return busy / self._workers_per_s(machine, busy)


@functools.lru_cache
def _one_machine(workers: int, cpus: int, cpu_s: float, gil_s: float, away_s: float) -> tuple[float, ...]:
    stations = [
        Station("gil", gil_s),
        Station("cpus", cpu_s - gil_s, cpus),
        Station("away", away_s, math.inf),
    ]
    ceiling = cpus / cpu_s if cpu_s > 0 else math.inf  # who holds the GIL has a CPU too
    return tuple(min(rate, ceiling) for rate in throughputs(stations, workers))
