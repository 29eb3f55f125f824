"""What the pools of all task queues do alike: a chunk of calls is a task; what tasks cost is measured, and what their
failures mean is judged."""

from __future__ import annotations

import abc
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from time import perf_counter, perf_counter_ns
from typing import Any, ClassVar, Generic, Literal, TypeVar

from gilscope.backends.base import Backend, Calls, ChunkReport, OpenPool, Refusal, Work, WorkerDied
from gilscope.errors import ForgedError
from gilscope.queues.meter import IDLE_TASKS, Meter
from gilscope.queues.processes import WorkersLost
from gilscope.records import QueueFigures
from gilscope.unpicklable import explain_calls

__all__ = ["QueueBackend", "QueuePool", "unpickled"]

Task = TypeVar("Task")
T = TypeVar("T")


class QueueBackend(Backend):
    """A task queue, with one of its kinds of workers."""

    executor = "queue"
    empty_chunks: ClassVar[int] = 20


class QueuePool(OpenPool, abc.ABC, Generic[Task]):
    """Workers that take tasks from a queue, and who sends them these."""

    def __init__(self, work: Work, broker: Literal["redis", "rabbitmq"] | None = None) -> None:
        self.work = work.stripped()
        self.meter = Meter(broker)
        self.here = True
        """Whether all workers read the same clock as this process."""

    def run(self, chunks: Sequence[Calls], report: Callable[[ChunkReport], None]) -> None:
        with self._judging(chunks):
            if not self.meter.round_trip:
                self._time_round_trips()
            with self.meter.round(chunks, self.cpu_s):
                self.run_tasks(chunks, report)
        self.queue = self.figures

    def run_tasks(self, chunks: Sequence[Calls], report: Callable[[ChunkReport], None]) -> None:
        """Send all tasks, then wait for one after the other."""
        tasks: deque[Task] = deque()
        try:
            tasks.extend(map(self._sent, chunks))
            while tasks:
                done = self.result(tasks[0])
                self.release(tasks.popleft())
                report(self.noted(done))
        finally:
            for left in tasks:
                self.abandon(left)

    def noted(self, done: ChunkReport) -> ChunkReport:
        """What became of a task, for the reports of its chunk."""
        self.meter.executed(done)
        return done if self.here else replace(done, one_clock=False)

    @contextmanager
    def _judging(self, chunks: Sequence[Calls]) -> Iterator[None]:
        """What a failure of the machinery means: the target's own exceptions travel in the reports."""
        try:
            with self.translated_failures(chunks):
                yield
        except WorkersLost as lost:
            raise WorkerDied(lost.during("in the middle of its work")) from lost

    def _time_round_trips(self) -> None:
        """By tasks without calls, one at a time."""
        for number in range(IDLE_TASKS):
            began = perf_counter()
            task = self._sent([])
            done = self.noted(self.result(task))
            ended = perf_counter()
            self.fetch_again(task)
            self.meter.idle(number, began, ended, perf_counter(), done)
            self.release(task)
        self.meter.enqueue.clear()  # what a task with arguments takes is asked

    def _sent(self, chunk: Calls) -> Task:
        began_ns = perf_counter_ns()
        try:
            message = self.packed(chunk, began_ns)
        except Exception as error:
            told = explain_calls(self.work.kwargs, [chunk])
            raise Refusal(told or f"a task cannot be pickled: {error}") from error
        task = self.send(message)
        self.meter.enqueue.append((perf_counter_ns() - began_ns) / 1e9)
        return task

    @abc.abstractmethod
    def packed(self, chunk: Calls, submitted_ns: int) -> Any:
        """The message of a task, its arguments pickled."""

    @abc.abstractmethod
    def send(self, message: Any) -> Task:
        """Put the message on the queue."""

    @abc.abstractmethod
    def result(self, task: Task) -> ChunkReport:
        """Wait for a task.

        :raises WorkersLost: when who should do it ends before
        """

    @abc.abstractmethod
    def fetch_again(self, task: Task) -> None:
        """Read the result of a task that is done once more."""

    def release(self, task: Task) -> None:
        """A task is done with."""

    def abandon(self, task: Task) -> None:
        """A task is no longer waited for, after a failure."""

    @abc.abstractmethod
    def translated_failures(self, chunks: Sequence[Calls]) -> AbstractContextManager[None]:
        """Within, what the engine raises becomes `WorkersLost`, `WorkerDied`, `Refusal` or a `GilscopeError`."""

    @property
    def figures(self) -> QueueFigures:
        """What the queue took so far."""
        return self.meter.figures

    @abc.abstractmethod
    def cpu_s(self) -> tuple[float | None, float | None]:
        """CPU of the broker so far, and of the workers; None where unknown, or where each task tells it."""


def unpickled(load: Callable[[], T]) -> T:
    """A result as ``load`` reads it.

    :raises Refusal: when it cannot be
    """
    try:
        return load()
    except ForgedError:
        raise
    except Exception as error:
        raise Refusal(f"a result cannot be unpickled: {type(error).__name__}: {error}") from error
