"""A discrete-event simulator: processes that use resources and wait, in simulated time.

The process-interaction view (Law, Simulation Modeling and Analysis, 5th ed., §1.3): a process is a generator of steps.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Generator
from dataclasses import dataclass, field
from itertools import count
from typing import TypeAlias

__all__ = ["Clock", "Pause", "Process", "Resource", "Step", "Use"]


@dataclass
class Resource:
    """Something of which ``servers`` can be in use at a time; who comes later waits longer."""

    servers: int
    free: int = field(init=False)
    waiting: deque[tuple[Process, Use, int]] = field(init=False, default_factory=deque)
    busy_s: float = field(init=False, default=0.0)
    """Server-seconds of use so far."""

    def __post_init__(self) -> None:
        self.free = self.servers


@dataclass(frozen=True)
class Use:
    """Occupy one server of each resource at once for so long; they are taken in this order."""

    resources: tuple[Resource, ...]
    seconds: float


@dataclass(frozen=True)
class Pause:
    """Let so long pass."""

    seconds: float


Step: TypeAlias = Use | Pause
Process: TypeAlias = Generator[Step, None, None]


class Clock:
    """Runs processes in the order of simulated time."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self._order = count()
        self._events: list[tuple[float, int, Process, Use | None]] = []

    def start(self, process: Process) -> None:
        """Begin a process now."""
        self._after(0.0, process, None)

    def run(self) -> None:
        """Until nothing is left to happen: processes that wait for ever do not count."""
        while self._events:
            self.now_s, _, process, done = heapq.heappop(self._events)
            if done is not None:
                self._release(done)
            self._resume(process)

    def _after(self, seconds: float, process: Process, done: Use | None) -> None:
        heapq.heappush(self._events, (self.now_s + seconds, next(self._order), process, done))

    def _resume(self, process: Process) -> None:
        step = next(process, None)
        if isinstance(step, Pause):
            self._after(step.seconds, process, None)
        elif step is not None:
            self._acquire(process, step, 0)

    def _acquire(self, process: Process, use: Use, place: int) -> None:
        """Take the resources from number ``place`` on, or queue for the first that is taken."""
        for at in range(place, len(use.resources)):
            resource = use.resources[at]
            if not resource.free:
                resource.waiting.append((process, use, at))
                return
            resource.free -= 1
        self._after(use.seconds, process, use)

    def _release(self, use: Use) -> None:
        for resource in use.resources:
            resource.busy_s += use.seconds
            resource.free += 1
            if resource.waiting:
                self._acquire(*resource.waiting.popleft())
