"""What no configuration can exceed, whatever the rounds say: the asymptotic bounds of operational analysis.

Denning & Buzen (1978), The operational analysis of queueing network models: throughput never exceeds the servers of
a resource over what a call asks of it. A measurement above its bound is noise.
"""

from __future__ import annotations

import math

from gilscope.decide.demands import outside_wait_s
from gilscope.decide.model import Model
from gilscope.decide.traits import Shape
from gilscope.records import Demands

__all__ = ["most_speedup"]


def most_speedup(model: Model, shape: Shape) -> float:
    """The most times the serial throughput that a backend of this shape can reach, with any number of workers.

    Where the share of the GIL is uncertain the low end of its interval counts, so that nothing is ruled out by a
    few samples; where it is unknown, it bounds nothing.
    """
    if shape == "serial":
        return 1.0
    if shape == "loop":
        return math.inf  # alone, each call pays for a loop of its own, which company spares it
    serial_s = model.demands.cpu_s + outside_wait_s(model.demands)
    busiest_s = max(_all_cpu_s(model.demands) / model.machine.cpus, _alone_s(model, shape))
    return serial_s / busiest_s if busiest_s > 0 else math.inf


def _all_cpu_s(demands: Demands) -> float:
    return demands.cpu_s + (demands.own_threads_cpu_s or 0.0) + (demands.children_cpu_s or 0.0)


def _alone_s(model: Model, shape: Shape) -> float:
    """Seconds of a call that only one worker of a process at a time can spend: with the GIL."""
    if shape != "thread" or not model.machine.gil_enabled:
        return 0.0
    return model.demands.cpu_s * model.gil_shares[0] + (model.demands.gil_held_off_cpu_s or 0.0)
