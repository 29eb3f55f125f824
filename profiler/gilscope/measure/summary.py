"""Summing up a round while it runs, in the trial's process: counts at once, figures when it is over."""

from __future__ import annotations

from collections.abc import Sequence

from gilscope.backends.base import ChunkReport
from gilscope.measure.histogram import counted
from gilscope.measure.messages import RoundDone
from gilscope.measure.steady import steady_s
from gilscope.quantiles import observed_quantile

__all__ = ["Summary"]


class Summary:
    """Gathers the chunk reports of one round."""

    def __init__(self) -> None:
        self._reports: list[ChunkReport] = []

    def add(self, report: ChunkReport) -> None:
        self._reports.append(report)

    def done(
        self,
        wall_s: float,
        loop_lags_ns: Sequence[int],
        order: Sequence[int] | None,
        default_pool_threads: int | None = None,
        workers: int = 1,
        alone_s: float | None = None,
    ) -> RoundDone:
        """The round's figures.

        :param order: the input number of each call, to tell the cost of each input; only where chunks are reported in
            order (the serial backend)
        :param workers: chunks that were run at a time
        :param alone_s: mean seconds of these calls alone
        """
        reports = self._reports
        latencies = sorted(_latencies(reports))
        lags = sorted(loop_lags_ns)
        return RoundDone(
            calls=sum(report.calls for report in reports),
            errors=sum(report.errors for report in reports),
            wall_s=wall_s,
            steady_s=steady_s(reports, workers, alone_s) if workers > 1 else None,
            latency_p50_s=_quantile_s(latencies, 0.5),
            latency_p99_s=_quantile_s(latencies, 0.99),
            queue_wait_p50_s=_quantile_s(_queue_waits(reports), 0.5),
            loop_lag_p50_s=_quantile_s(lags, 0.5),
            loop_lag_p99_s=_quantile_s(lags, 0.99),
            loop_lag_max_s=_quantile_s(lags, 1.0),
            error=next((report.error for report in reports if report.error is not None), None),
            latencies=counted(latency for report in reports for latency in report.latencies_ns),
            costs_s={} if order is None else _costs(reports, order),
            cpu_costs_s={} if order is None else _by_input([ns for r in reports for ns in r.cpu_ns], order),
            first_calls=tuple(report.first for report in reports if report.first is not None)[:workers],
            digests=_digests(reports),
            default_pool_threads=default_pool_threads,
        )


def _quantile_s(ordered_ns: Sequence[int], fraction: float) -> float | None:
    found_ns = observed_quantile(ordered_ns, fraction)
    return None if found_ns is None else found_ns / 1e9


def _digests(reports: Sequence[ChunkReport]) -> dict[str, list[str]]:
    told: dict[str, list[str]] = {}
    for report in reports:
        if report.digest is not None:
            key, digest = report.digest
            told.setdefault(key, []).append(digest)
    return told


def _queue_waits(reports: Sequence[ChunkReport]) -> list[int]:
    """Of each chunk, sorted, where it is known."""
    return sorted(report.started_ns - report.submitted_ns for report in reports if report.one_clock)


def _latencies(reports: Sequence[ChunkReport]) -> list[int]:
    """Of each call where calls were timed; otherwise the mean of each chunk, once: its calls are too many and too short
    to be told apart."""
    latencies: list[int] = []
    for report in reports:
        mean = (report.ended_ns - report.started_ns) // max(1, report.calls)
        latencies.extend(report.latencies_ns or [mean] * min(report.calls, 1))
    return latencies


def _costs(reports: Sequence[ChunkReport], order: Sequence[int]) -> dict[int, float]:
    """The mean seconds of each input; the same for all of them where only chunks were timed."""
    if all(report.latencies_ns for report in reports):
        return _by_input(_latencies(reports), order)
    calls = sum(report.calls for report in reports)
    mean_s = sum(report.ended_ns - report.started_ns for report in reports) / max(1, calls) / 1e9
    return dict.fromkeys(order, mean_s)


def _by_input(times_ns: Sequence[int], order: Sequence[int]) -> dict[int, float]:
    """The mean seconds of each input; none where no call was timed."""
    totals: dict[int, list[float]] = {}
    for index, nanoseconds in zip(order, times_ns, strict=bool(times_ns)):
        totals.setdefault(index, []).append(nanoseconds / 1e9)
    return {index: sum(values) / len(values) for index, values in totals.items()}
