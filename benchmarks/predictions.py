"""Predictions against measurements, up to 16 workers: ``python -m benchmarks.predictions [RESULTS.json …]``.

Reads saved regret benchmarks, or results of ``gilscope analyze`` saved as JSON. A pair is a configuration that was
predicted and measured; each prediction is by the model and by what that was off by in all other configurations of the
same analysis.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from benchmarks.regret.results import load
from gilscope.decide.model_error import Seen, learned
from gilscope.decide.traits import BackendTraits
from gilscope.quantiles import quantile
from gilscope.records import LOOP_KINDS, Prediction, ResultRecord

REGRET = Path(__file__).parent / "regret" / "results.json"
#: Pairs of more workers than this are not counted.
MOST_WORKERS = 16


@dataclass(frozen=True)
class Pair:
    """A configuration of a function, in calls per second."""

    function: str
    predicted: float
    measured: float
    low: float
    high: float

    @property
    def error(self) -> float:
        return abs(self.predicted / self.measured - 1)

    @property
    def within(self) -> bool:
        return self.low <= self.measured <= self.high


def pairs(name: str, found: Sequence[Prediction], *, on_loop: bool) -> list[Pair]:
    """Of one analysis; those that the model alone predicted, in results of older versions, are predicted from the
    others here."""
    if all(each.model_per_s is not None for each in found):
        return [pair for each in found if (pair := _pair(name, each))]
    seen = [
        Seen(_shape(each, on_loop), each.workers, math.log(each.measured_per_s / each.throughput_per_s))
        for each in found
        if each.measured_per_s
    ]
    told = []
    for number, each in enumerate(found):
        by = learned([*seen[:number], *seen[number + 1 :]], seen[number].shape, each.workers)
        per_s = each.throughput_per_s * math.exp(by.shift)
        low, high = (per_s * math.exp(half) for half in (-by.half_width, by.half_width))
        with_error = {"throughput_per_s": per_s, "throughput_low": low, "throughput_high": high}
        told.append(_pair(name, msgspec.structs.replace(each, **with_error)))
    return [pair for pair in told if pair]


def _shape(each: Prediction, on_loop: bool) -> Any:
    return BackendTraits(each.backend, each.backend != "process").shape("coroutine" if on_loop else "sync")


def _pair(name: str, each: Prediction) -> Pair | None:
    ends = (each.throughput_low, each.throughput_high)
    if each.workers > MOST_WORKERS or not each.measured_per_s or ends[0] is None or ends[1] is None:
        return None
    return Pair(name, each.throughput_per_s, each.measured_per_s, ends[0], ends[1])


def of_regret(path: Path) -> list[Pair]:
    """Of a saved regret benchmark."""
    found = []
    for name, judged in load(path).functions.items():
        told = judged.advice.predictions if judged.advice else []
        records = [
            Prediction(
                backend=each.backend,
                workers=each.workers,
                cpus=judged.cpus,
                throughput_per_s=each.predicted,
                throughput_low=each.low,
                throughput_high=each.high,
                model_per_s=each.model,
                measured_per_s=each.measured,
            )
            for each in told
        ]
        found += pairs(name, records, on_loop=judged.kind.startswith("coroutine"))
    return found


def of_results(path: Path) -> list[Pair]:
    """Of results that were saved as JSON."""
    saved = json.loads(path.read_bytes())
    found = []
    for each in saved if isinstance(saved, list) else [saved]:
        result = msgspec.convert(each, ResultRecord)
        here = [told for told in result.predictions if told.measured_per_s]
        found += pairs(result.target.spec, here, on_loop=result.target.kind in LOOP_KINDS)
    return found


def table(found: Iterable[Pair]) -> str:
    """The figures, in Markdown."""
    known = list(found)
    errors = [each.error for each in known]
    median, high, most = (quantile(errors, share) or 0.0 for share in (0.5, 0.9, 1.0))
    inside = sum(each.within for each in known) / len(known)
    wide = quantile([each.high / each.low for each in known], 0.5) or 0.0
    return (
        "| pairs | median error | 90th percentile | largest | within their interval | interval, high ÷ low: median |\n"
        "| --- | --- | --- | --- | --- | --- |\n"
        f"| {len(known)} | {median:.1%} | {high:.0%} | {most:.0%} | {inside:.0%} | {wide:.2f} |"
    )


def main() -> None:
    paths = [Path(name) for name in sys.argv[1:]] or [REGRET]
    found = []
    for path in paths:
        is_regret = "functions" in path.read_text(encoding="utf-8")[:2000]
        found += of_regret(path) if is_regret else of_results(path)
    if not found:
        sys.exit("no pair of a prediction and a measurement is in these files")
    print(table(found))
    for each in sorted(found, key=lambda pair: -pair.error)[:10]:
        interval = f"{each.low:.4g} to {each.high:.4g}"
        print(f"{each.function}: predicted {each.predicted:.4g} ({interval}), measured {each.measured:.4g} calls/s")


if __name__ == "__main__":
    main()
