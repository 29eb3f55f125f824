"""A collector for Prometheus: ``REGISTRY.register(ProfileCollector())``. Needs the extra ``gilscope[prometheus]``.

Names follow Prometheus's conventions (https://prometheus.io/docs/practices/naming/): base units, units in the name, and
``_total`` for what only grows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from gilscope.metrics.figures import Figures, Reader

try:
    from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
except ImportError as error:
    raise ImportError(f"{error}: pip install 'gilscope[prometheus]'") from error

__all__ = [
    "BLOCKED",
    "CALLS",
    "CPU",
    "FUNCTION",
    "LOOP_BLOCK",
    "WALL",
    "ProfileCollector",
]

CALLS: Final = "gilscope_function_calls_total"
"""Outermost calls that have ended."""
WALL: Final = "gilscope_function_wall_seconds_total"
"""Wall clock of all calls; those that overlap in time count each."""
CPU: Final = "gilscope_function_cpu_seconds_total"
"""CPU of the calling threads."""
BLOCKED: Final = "gilscope_function_blocked_seconds_total"
"""Off the CPU by its own doing, awaiting included."""
LOOP_BLOCK: Final = "gilscope_function_loop_block_seconds"
"""A gauge: the longest step of a coroutine so far, in which nothing else ran on its event loop."""
FUNCTION: Final = "function"
"""The one label: the name given to ``@classify``, or ``package.module:qualname``."""

_Family = CounterMetricFamily | GaugeMetricFamily
#: Name, kind, the field of `Figures`, and what Prometheus shows beside it.
_METRICS: Final[tuple[tuple[str, type[_Family], str, str], ...]] = (
    (CALLS, CounterMetricFamily, "calls", "Calls that have ended."),
    (WALL, CounterMetricFamily, "wall_s", "Wall clock of the calls."),
    (CPU, CounterMetricFamily, "cpu_s", "CPU time of the calling threads."),
    (BLOCKED, CounterMetricFamily, "blocked_s", "Time off the CPU by the function's own doing, awaiting included."),
    (LOOP_BLOCK, GaugeMetricFamily, "longest_block_s", "The longest step of a coroutine on its event loop."),
)


class ProfileCollector:
    """The calls to every function decorated in this process, read when Prometheus asks.

    What is unknown has no sample. Functions of the same name are one.
    """

    def __init__(self) -> None:
        self._reader = Reader(lambda profile: profile.name)

    def describe(self) -> Iterator[_Family]:
        """The metrics without samples, by which a registry sees that no two have the same name."""
        return _families([])

    def collect(self) -> Iterator[_Family]:
        """The metrics with their samples."""
        return _families(self._reader.read())


def _families(found: Sequence[Figures]) -> Iterator[_Family]:
    for name, kind, field, description in _METRICS:
        family = kind(name, description, labels=[FUNCTION])
        for each in found:
            value = getattr(each, field)
            if value is not None:
                family.add_metric([each.function], value)
        yield family
