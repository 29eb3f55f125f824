"""Throughput against workers, backend by backend: what was measured, what the model expects, and where it bends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from gilscope.report.foresight import is_here

if TYPE_CHECKING:
    from gilscope.records import ResultRecord, Trial

__all__ = ["KNEE_SHARE", "Curve", "Point", "curves"]

#: The knee: the fewest workers with this part of the backend's best throughput.
KNEE_SHARE: Final = 0.95


@dataclass(frozen=True)
class Point:
    """A configuration's throughput, in calls per second."""

    name: str
    workers: int
    per_s: float
    low: float
    """The interval's ends; the median where they are unknown."""
    high: float
    has_interval: bool


@dataclass(frozen=True)
class Curve:
    """A backend's throughput against its workers."""

    backend: str
    points: tuple[Point, ...]
    """Every configuration, by its workers."""
    model: tuple[tuple[int, float], ...] = ()
    """What the model expects with so many workers, from the solo run on; joined by straight lines."""

    @property
    def line(self) -> tuple[Point, ...]:
        """The best configuration of each number of workers."""
        best: dict[int, Point] = {}
        for point in self.points:
            if point.workers not in best or point.per_s > best[point.workers].per_s:
                best[point.workers] = point
        return tuple(best.values())

    @property
    def knee(self) -> Point | None:
        """Where more workers gain nothing worth having; None while the throughput still rises."""
        line = self.line
        enough = KNEE_SHARE * max(point.per_s for point in line)
        knee = next(point for point in line if point.per_s >= enough)
        return None if knee.workers == line[-1].workers else knee


def curves(result: ResultRecord) -> tuple[Curve, ...]:
    """A curve for each backend with a throughput, in the order they were measured."""
    backends = dict.fromkeys(trial.backend for trial in result.trials)
    found = (Curve(backend, _points(result, backend), _model(result, backend)) for backend in backends)
    return tuple(curve for curve in found if curve.points)


def _points(result: ResultRecord, backend: str) -> tuple[Point, ...]:
    measured = [
        (trial, trial.throughput_per_s)
        for trial in result.trials
        if trial.backend == backend and trial.throughput_per_s and trial.workers > 0
    ]
    return tuple(sorted((_point(trial, per_s) for trial, per_s in measured), key=lambda point: point.workers))


def _point(trial: Trial, per_s: float) -> Point:
    low, high = trial.throughput_low, trial.throughput_high
    known = low is not None and high is not None
    return Point(
        trial.name, trial.workers, per_s, per_s if low is None else low, per_s if high is None else high, known
    )


def _model(result: ResultRecord, backend: str) -> tuple[tuple[int, float], ...]:
    """The model gives the solo run the throughput that it had, so every curve begins there."""
    expected = {
        found.workers: found.throughput_per_s
        for found in result.predictions
        if found.backend == backend and is_here(found, result) and found.threads_per_process is None
    }
    solo = next((trial.throughput_per_s for trial in result.trials if trial.backend == "serial"), None)
    if backend == "serial" or not expected:
        return ()
    return tuple(sorted(({1: solo} | expected if solo else expected).items()))
