"""A collector for Prometheus: ``REGISTRY.register(ProfileCollector())``. Needs the extra ``gilscope[prometheus]``."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from gilscope.metrics.catalog import ALONE, METRICS, PROCESS_METRICS, Metric, Values
from gilscope.metrics.figures import MAX_FUNCTIONS, PROCESS, Figures, InMemory, Reader, now
from gilscope.metrics.folder import InFolder, recorded
from gilscope.production.unavailable import tell

try:
    from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
except ImportError as error:
    raise ImportError(f"{error}: pip install 'gilscope[prometheus]'") from error

if TYPE_CHECKING:
    from gilscope.production.profile import Profile

__all__ = ["FUNCTION", "ProfileCollector"]

FUNCTION: Final = "function"
"""The label of every metric: the name given to ``@classify``, or ``package.module:qualname``."""
#: What prometheus_client's multiprocess mode is asked for by.
_MULTIPROCESS: Final = "PROMETHEUS_MULTIPROC_DIR"

_Family = CounterMetricFamily | GaugeMetricFamily | HistogramMetricFamily


class ProfileCollector:
    """The calls to every decorated function, read when Prometheus asks: those of this process, or of all that write to
    a folder.

    What is unknown has no sample. Functions of the same name are one.

    :param folder: the folder that ``GILSCOPE_OUT`` names to every worker of a server: whichever of them is asked tells
        of all of them, and of those that have ended
    :param max_functions: how many functions have series of their own; the rest are one, ``(others)``
    """

    def __init__(self, folder: str | os.PathLike[str] | None = None, *, max_functions: int = MAX_FUNCTIONS) -> None:
        if folder is None:
            _tell_of_workers()
            self._reader = Reader(now, _name, InMemory(), max_functions)
        else:
            place = Path(folder).absolute()
            self._reader = Reader(partial(recorded, place), _name, InFolder(place), max_functions)

    def describe(self) -> Iterator[_Family]:
        """The metrics without samples, by which a registry sees that no two have the same name."""
        return _families({})

    def collect(self) -> Iterator[_Family]:
        """The metrics with their samples."""
        return _families(self._reader.read())


def _name(profile: Profile) -> str:
    return profile.name


def _tell_of_workers() -> None:
    if os.environ.get(_MULTIPROCESS):
        tell(
            "Prometheus is told of this process alone",
            f"{_MULTIPROCESS} is set, and MultiProcessCollector leaves out other collectors: set GILSCOPE_OUT to a "
            "folder and register ProfileCollector(folder=...) beside it",
        )


def _families(found: Mapping[str, Figures]) -> Iterator[_Family]:
    functions = {name: figures for name, figures in found.items() if name != PROCESS}
    for metric in METRICS:
        family = _family(metric, [FUNCTION])
        for function, figures in functions.items():
            _add(family, metric, [function], figures[metric.prometheus])
        yield family
    for metric in PROCESS_METRICS:
        family = _family(metric, [])
        _add(family, metric, [], found.get(PROCESS, {}).get(metric.prometheus, {}))
        yield family


def _family(metric: Metric, labels: list[str]) -> _Family:
    if metric.kind == "histogram":
        return HistogramMetricFamily(metric.prometheus, metric.about, labels=labels)
    kind = GaugeMetricFamily if metric.kind == "gauge" else CounterMetricFamily
    return kind(metric.prometheus, metric.about, labels=[*labels, *([metric.label] if metric.label else [])])


def _add(family: _Family, metric: Metric, labels: list[str], values: Values) -> None:
    if isinstance(family, HistogramMetricFamily):
        if values:
            buckets = [(bound, count) for bound, count in values.items() if bound != ALONE]
            family.add_metric(labels, buckets, values[ALONE])
        return
    for label, value in values.items():
        family.add_metric([*labels, *([label] if metric.label else [])], value)
