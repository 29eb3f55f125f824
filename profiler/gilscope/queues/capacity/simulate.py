"""A task queue in simulated time: a caller that enqueues a backlog, a broker, and workers on machines."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from gilscope.queues.capacity.events import Clock, Pause, Process, Resource, Use

__all__ = ["Fleet", "Outcome", "simulate"]

#: The broker handles a task three times: taken in, handed out, its result stored.
BROKER_VISITS = 3
#: A worker's round trips to the broker for a task: to fetch it, and to store its result.
ROUND_TRIPS = 2
#: Of the tasks, the first part and the last are left out: the pool fills, then drains.
SETTLED = (0.2, 0.8)
#: Tasks for each worker, and in all at least: enough for means to settle.
TASKS_EACH, TASKS_AT_LEAST = 3, 2_000


@dataclass(frozen=True)
class Fleet:
    """Machines of workers that take tasks from a broker, and what a task asks of each part; seconds per task."""

    machines: int
    workers_each: int
    cpus_each: int
    enqueue_s: float
    """CPU of the caller, with its part of the pickling."""
    fetch_s: float
    """CPU of the caller for the result."""
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
    together: bool = False
    """Whether caller and broker run on the CPUs of the first machine."""
    factors: tuple[float, ...] = field(default=(1.0,), repr=False)
    """By what a task's own demands are multiplied, drawn at random: their distribution, with a mean of 1."""

    @property
    def workers(self) -> int:
        return self.machines * self.workers_each


@dataclass(frozen=True)
class Outcome:
    """What the simulation showed in its settled part."""

    tasks_per_s: float
    latency_s: float
    """From a worker's asking for a task to its result being stored, on average."""
    utilization: dict[str, float]
    """Of caller, broker, cpus and gil: the share of the whole time in which they were in use; of the caller, in which
    it had tasks left to enqueue."""

    @property
    def bottleneck(self) -> str:
        """The busiest part; ``workers`` where each had time to spare, and there are too few workers."""
        name, busy = max(self.utilization.items(), key=lambda item: item[1])
        return name if busy >= 0.9 else "workers"


def simulate(fleet: Fleet, seed: int = 0, tasks: int | None = None) -> Outcome:
    """Run a backlog of ``tasks`` through the fleet; by default, enough for its means to settle."""
    return _Run(fleet, random.Random(seed)).outcome(tasks or max(TASKS_AT_LEAST, TASKS_EACH * fleet.workers))


class _Run:
    def __init__(self, fleet: Fleet, rng: random.Random) -> None:
        self._fleet, self._rng = fleet, rng
        self._clock = Clock()
        self._cpus = [Resource(fleet.cpus_each) for _ in range(fleet.machines)]
        self._gils = [Resource(1) for _ in range(fleet.machines)]
        self._caller, self._broker = Resource(1), Resource(1)
        self._shared = (self._cpus[0],) if fleet.together else ()
        self._queued, self._idle = 0, deque[Process]()
        self._left = 0
        self._called_s = 0.0
        self._ended: list[float] = []
        self._latencies: list[float] = []

    def outcome(self, tasks: int) -> Outcome:
        self._left = tasks
        self._clock.start(self._call(tasks))
        for worker in range(self._fleet.workers):
            self._clock.start(self._work(worker % self._fleet.machines))
        self._clock.run()
        return self._settled()

    def _settled(self) -> Outcome:
        first, last = (int(part * len(self._ended)) for part in SETTLED)
        times = self._ended[first:last]
        elapsed_s = times[-1] - times[0]
        latencies = self._latencies[first:last]
        return Outcome(
            tasks_per_s=(len(times) - 1) / elapsed_s if elapsed_s > 0 else float("inf"),
            latency_s=sum(latencies) / len(latencies),
            utilization={
                "caller": self._called_s / max(self._clock.now_s, 1e-12),
                "broker": self._busy([self._broker]),
                "cpus": self._busy(self._cpus),
                **({"gil": self._busy(self._gils)} if self._fleet.gil_s else {}),
            },
        )

    def _busy(self, resources: Sequence[Resource]) -> float:
        servers = sum(resource.servers for resource in resources)
        return sum(resource.busy_s for resource in resources) / (servers * max(self._clock.now_s, 1e-12))

    def _call(self, tasks: int) -> Process:
        """Enqueue every task, one after the other, and take a result for each."""
        for _ in range(tasks):
            yield Use((self._caller, *self._shared), self._fleet.enqueue_s + self._fleet.fetch_s)
            yield from self._asked()
            self._queued += 1
            if self._idle:
                self._clock.start(self._idle.popleft())
        self._called_s = self._clock.now_s

    def _asked(self) -> Iterator[Use | Pause]:
        """One visit to the broker, and the way there and back."""
        if self._fleet.rtt_s and not self._fleet.together:
            yield Pause(self._fleet.rtt_s)
        yield Use((self._broker, *self._shared), self._fleet.broker_s / BROKER_VISITS)

    def _work(self, machine: int) -> Process:
        """One worker: task after task, until none is left to come."""
        while self._left > 0:
            if not self._queued:
                self._idle.append(self._work(machine))  # it begins anew when there is one
                return
            self._queued -= 1
            self._left -= 1
            asked_s = self._clock.now_s
            yield from self._asked()
            yield from self._execute(machine)
            yield from self._asked()
            self._ended.append(self._clock.now_s)
            self._latencies.append(self._clock.now_s - asked_s)

    def _execute(self, machine: int) -> Iterator[Use | Pause]:
        factor = self._rng.choice(self._fleet.factors)
        if self._fleet.gil_s:
            yield Use((self._gils[machine], self._cpus[machine]), factor * self._fleet.gil_s)
        if self._fleet.cpu_s > self._fleet.gil_s:
            yield Use((self._cpus[machine],), factor * (self._fleet.cpu_s - self._fleet.gil_s))
        if self._fleet.wait_s:
            yield Pause(factor * self._fleet.wait_s)
