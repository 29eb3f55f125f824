"""Instruments for OpenTelemetry: ``instrument()``. Needs the extra ``gilscope[otel]``.

Names and units follow OpenTelemetry's conventions (https://opentelemetry.io/docs/specs/semconv/general/metrics/): the
unit is a property of the instrument and not in its name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from gilscope.metrics.figures import FIGURES, GAUGE, Reader
from gilscope.version import __version__

try:
    from opentelemetry.metrics import CallbackOptions, Meter, Observation, get_meter
except ImportError as error:
    raise ImportError(f"{error}: pip install 'gilscope[otel]'") from error

__all__ = ["BLOCKED", "CALLS", "CPU", "FUNCTION", "LOOP_BLOCK", "METER", "WALL", "instrument"]

METER: Final = "gilscope"
"""The name of the instrumentation scope."""
CALLS: Final = "gilscope.function.calls"
"""``{call}``: outermost calls that have ended."""
WALL: Final = "gilscope.function.wall.time"
"""``s``: wall clock of all calls; those that overlap in time count each."""
CPU: Final = "gilscope.function.cpu.time"
"""``s``: CPU of the calling threads."""
BLOCKED: Final = "gilscope.function.blocked.time"
"""``s``: off the CPU by its own doing, awaiting included."""
LOOP_BLOCK: Final = "gilscope.function.loop.block.max"
"""``s``, a gauge: the longest step of a coroutine so far, in which nothing else ran on its event loop."""
FUNCTION: Final = "code.function.name"
"""The one attribute, of OpenTelemetry's own: ``package.module.qualname``."""

_Callback = Callable[[CallbackOptions], Iterator[Observation]]


def instrument(meter: Meter | None = None) -> None:
    """Create observable instruments that tell of every function decorated in this process, read at each collection.

    What is unknown is not observed. To be called once for each meter.

    :param meter: where to create them; the global provider's unless given
    """
    meter = meter or get_meter(METER, __version__)
    reader = Reader(lambda profile: profile.spec.replace(":", "."))
    for figure, name in _COUNTERS.items():
        unit = "{call}" if figure == "calls" else "s"
        meter.create_observable_counter(name, [_observed(reader, figure)], unit, FIGURES[figure])
    meter.create_observable_gauge(LOOP_BLOCK, [_observed(reader, GAUGE)], "s", FIGURES[GAUGE])


_COUNTERS: Final = {"calls": CALLS, "wall_s": WALL, "cpu_s": CPU, "blocked_s": BLOCKED}


def _observed(reader: Reader, figure: str) -> _Callback:
    def observe(_: CallbackOptions) -> Iterator[Observation]:
        for function, figures in reader.read().items():
            if (value := figures[figure]) is not None:
                yield Observation(value, {FUNCTION: function})

    return observe
