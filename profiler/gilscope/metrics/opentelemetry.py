"""Instruments for OpenTelemetry: ``instrument()``. Needs the extra ``gilscope[otel]``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Final

from gilscope.metrics.catalog import ALONE, METRICS, PROCESS_METRICS, Metric
from gilscope.metrics.figures import MAX_FUNCTIONS, PROCESS, InMemory, Reader, now
from gilscope.version import __version__

try:
    from opentelemetry.metrics import CallbackOptions, Meter, Observation, get_meter
except ImportError as error:
    raise ImportError(f"{error}: pip install 'gilscope[otel]'") from error

if TYPE_CHECKING:
    from gilscope.production.profile import Profile

__all__ = ["FUNCTION", "METER", "instrument"]

METER: Final = "gilscope"
"""The name of the instrumentation scope."""
FUNCTION: Final = "code.function.name"
"""The attribute of every metric, of OpenTelemetry's own: ``package.module.qualname``."""

_Callback = Callable[[CallbackOptions], Iterator[Observation]]


def instrument(meter: Meter | None = None, *, max_functions: int = MAX_FUNCTIONS) -> None:
    """Create observable instruments that tell of every function decorated in this process, read at each collection.

    What is unknown is not observed. To be called once for each meter.

    :param meter: where to create them; the global provider's unless given
    :param max_functions: how many functions have series of their own; the rest are one, ``(others)``
    """
    meter = meter or get_meter(METER, __version__)
    reader = Reader(now, _name, InMemory(), max_functions)
    for metric in (*METRICS, *PROCESS_METRICS):
        create = meter.create_observable_gauge if metric.kind == "gauge" else meter.create_observable_counter
        create(metric.opentelemetry, [_observed(reader, metric)], metric.opentelemetry_unit, metric.about)


def _name(profile: Profile) -> str:
    return profile.spec.replace(":", ".")


def _observed(reader: Reader, metric: Metric) -> _Callback:
    """A histogram that was counted already cannot be handed over as one: it is the counter of its buckets."""

    def observe(_: CallbackOptions) -> Iterator[Observation]:
        for function, figures in reader.read().items():
            own = {} if function == PROCESS else {FUNCTION: function}
            for label, value in figures.get(metric.prometheus, {}).items():
                if metric.kind != "histogram" or label != ALONE:
                    yield Observation(value, own | ({metric.attribute: label} if metric.label else {}))

    return observe
