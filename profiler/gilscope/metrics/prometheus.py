"""A collector for Prometheus: ``REGISTRY.register(ProfileCollector())``. Needs the extra ``gilscope[prometheus]``.

Names follow Prometheus's conventions (https://prometheus.io/docs/practices/naming/): base units, units in the name, and
``_total`` for what only grows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from gilscope.metrics.figures import FIGURES, GAUGE, Figures, Reader

try:
    from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
except ImportError as error:
    raise ImportError(f"{error}: pip install 'gilscope[prometheus]'") from error

__all__ = ["BLOCKED", "CALLS", "CPU", "FUNCTION", "LOOP_BLOCK", "WALL", "ProfileCollector"]

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
_NAMES: Final = {"calls": CALLS, "wall_s": WALL, "cpu_s": CPU, "blocked_s": BLOCKED, "longest_block_s": LOOP_BLOCK}


class ProfileCollector:
    """The calls to every function decorated in this process, read when Prometheus asks.

    What is unknown has no sample. Functions of the same name are one.
    """

    def __init__(self) -> None:
        self._reader = Reader(lambda profile: profile.name)

    def describe(self) -> Iterator[_Family]:
        """The metrics without samples, by which a registry sees that no two have the same name."""
        return _families({})

    def collect(self) -> Iterator[_Family]:
        """The metrics with their samples."""
        return _families(self._reader.read())


def _families(found: Mapping[str, Figures]) -> Iterator[_Family]:
    for figure, name in _NAMES.items():
        kind: type[_Family] = GaugeMetricFamily if figure == GAUGE else CounterMetricFamily
        family = kind(name, FIGURES[figure], labels=[FUNCTION])
        for function, figures in found.items():
            if (value := figures[figure]) is not None:
                family.add_metric([function], value)
        yield family
