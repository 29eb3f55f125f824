"""Every metric, declared once: its name in either system, its unit, and the figure of a profile that it tells.

Names follow the systems' conventions. Prometheus's (https://prometheus.io/docs/practices/naming/): base units, units in
the name, ``_total`` for what only grows. OpenTelemetry's (https://opentelemetry.io/docs/specs/semconv/general/metrics/):
the unit is a property of the instrument and not in its name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

from gilscope.production.sketch import middle_s

if TYPE_CHECKING:
    from gilscope.production.delays import Delays
    from gilscope.production.profile import Profile

__all__ = ["ALONE", "BOUNDS_S", "METRICS", "PROCESS_METRICS", "Metric", "Values", "histogram"]

#: The figures of one metric of one function, by the value of the metric's own label; nothing of what is unknown.
Values: TypeAlias = Mapping[str, float]
#: The label value of a metric that has no label of its own; of a histogram, the sum of what is in it.
ALONE: Final = ""

#: Upper bounds of a histogram's buckets, in seconds: three for each power of ten.
BOUNDS_S: Final = (
    *(0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5),
    *(1.0, 2.5, 5.0, 10.0, 25.0, 50.0, 100.0),
)


@dataclass(frozen=True)
class Metric:
    """What is told of each function, or of a process."""

    name: str
    """In Prometheus, without the prefix that all have."""
    dotted: str
    """In OpenTelemetry, without the prefix."""
    unit: str
    """As OpenTelemetry writes it (UCUM): ``s``, ``{call}``."""
    about: str
    read: Callable[[Any], Values]
    """From a profile; of a process from what it has recorded (`gilscope.metrics.figures.Recorded`)."""
    kind: Literal["counter", "gauge", "histogram"] = "counter"
    label: str = ""
    """What else than the function tells its series apart."""
    of: Literal["function", "process"] = "function"

    @property
    def prometheus(self) -> str:
        """The whole name, of a counter with its ``_total``."""
        prefix = "gilscope_function" if self.of == "function" else "gilscope"
        return f"{prefix}_{self.name}{'_total' if self.kind == 'counter' else ''}"

    @property
    def opentelemetry(self) -> str:
        """The whole name; of a histogram, that of the counter of its buckets."""
        prefix = "gilscope.function" if self.of == "function" else "gilscope"
        return f"{prefix}.{self.dotted}{'.bucket' if self.kind == 'histogram' else ''}"

    @property
    def attribute(self) -> str:
        """The label in OpenTelemetry, where names have a namespace; ``le`` is what readers of histograms look for."""
        return f"gilscope.{self.label}" if self.label == "state" else self.label

    @property
    def opentelemetry_unit(self) -> str:
        """A bucket counts calls."""
        return "{call}" if self.kind == "histogram" else self.unit


def _figure(name: str) -> Callable[[Profile], Values]:
    def read(profile: Profile) -> Values:
        return _known({ALONE: getattr(profile, name)})

    return read


def _known(values: Mapping[str, float | None]) -> Values:
    return {label: value for label, value in values.items() if value is not None}


def _states(profile: Profile) -> Values:
    """What was awaited by what that was, where it is known."""
    states = dict(profile.wall_by_state_s)
    if awaited := profile.awaited_by_s:
        states.pop("awaited", None)
    return _known({**states, **{f"awaited_{kind}": seconds for kind, seconds in awaited.items()}})


def _gil_held(profile: Profile) -> Values:
    ratio, wall_s = profile.gil_held_ratio, profile.wall_s
    return {} if ratio is None or wall_s is None else {ALONE: ratio * wall_s}


def _samples(profile: Profile) -> Values:
    return {} if profile.observed is None else {ALONE: profile.observed.samples}


def histogram(counts: Mapping[int, int], sum_s: float) -> Values:
    """A sketch of durations (`gilscope.production.sketch`) in `BOUNDS_S`, as Prometheus counts: each bucket has those
    before it. A bound is met to within the sketch's own 5.9%."""
    middles = [(middle_s(index), count) for index, count in counts.items()]
    within = {str(bound): sum(count for middle, count in middles if middle <= bound) for bound in BOUNDS_S}
    return {**within, "+Inf": sum(counts.values()), ALONE: sum_s}


def _durations(profile: Profile) -> Values:
    return histogram(profile.durations, profile.timed_wall_s) if profile.durations else {}


def _blocks(profile: Profile) -> Values:
    """Of a function that was on a loop, with none where it never kept it."""
    if profile.on_loops is None:
        return {}
    blocks = profile.on_loops.blocks
    return histogram(blocks, sum(count * middle_s(index) for index, count in blocks.items()))


def _delays(delays: Delays | None) -> Values:
    return {} if delays is None else histogram(delays.lengths, delays.total_s)


METRICS: Final = (
    Metric("calls", "calls", "{call}", "Outermost calls that have ended.", _figure("calls")),
    Metric("errors", "errors", "{call}", "Outermost calls that raised.", _figure("errors")),
    Metric(
        *("duration_seconds", "duration", "s", "Wall clock of a call."),
        *(_durations, "histogram", "le"),
    ),
    Metric(
        *("wall_seconds", "wall.time", "s", "Wall clock of the calls; those that overlap in time count each."),
        _figure("wall_s"),
    ),
    Metric(
        *("wall_error_seconds", "wall.error", "s", "The standard error of the wall clock from sampling."),
        *(_figure("wall_error_s"), "gauge"),
    ),
    Metric("cpu_seconds", "cpu.time", "s", "CPU time of the calling threads.", _figure("cpu_s")),
    Metric(
        *("cpu_error_seconds", "cpu.error", "s", "The standard error of the CPU time from sampling."),
        *(_figure("cpu_error_s"), "gauge"),
    ),
    Metric(
        *("blocked_seconds", "blocked.time", "s", "Time off the CPU by the function's own doing, awaiting included."),
        _figure("blocked_s"),
    ),
    Metric(
        *("state_seconds", "state.time", "s", "The wall clock by what the calling threads did: a state of the ledger."),
        *(_states, "counter", "state"),
    ),
    Metric(
        *("gil_held_seconds", "gil.held.time", "s", "Time in which a call held the GIL, as observed."),
        _gil_held,
    ),
    Metric(
        *("possible_gil_wait_seconds", "gil.possible_wait.time", "s"),
        "The part of the blocked time in which others in the process computed: what may have been a wait for the GIL.",
        _figure("possible_gil_wait_s"),
    ),
    Metric(
        *("on_loop_seconds", "loop.time", "s", "Time in which nothing else ran on the event loops of its calls."),
        _figure("on_loop_s"),
    ),
    Metric(
        *("loop_block_seconds", "loop.block", "s", "Blocks of the event loop: steps of a millisecond and more."),
        *(_blocks, "histogram", "le"),
    ),
    Metric(
        *("queue_wait_seconds", "queue.wait", "s", "How long calls had to wait for a thread of their pool, as probed."),
        *(lambda profile: _delays(profile.queue_waits), "histogram", "le"),
    ),
    Metric(
        *("samples", "samples", "{sample}", "Samples that an observer took of threads in a call."),
        _samples,
    ),
)

PROCESS_METRICS: Final = (
    Metric(
        *("loop_lag_seconds", "loop.lag", "s", "How late callbacks ran on the event loops, as a heartbeat was."),
        *(lambda recorded: _delays(recorded.loop_lag), "histogram", "le", "process"),
    ),
)
