"""Several Pythons: the examples under each, and whether what is said of one beside another is true.

``python -m benchmarks.pythons examples PYTHON PYTHON…`` analyzes the examples under these.
``python -m benchmarks.pythons truth [REPETITIONS [WORK…]]`` analyzes a function of known speed under two environments
of one interpreter: in the second it does so much more work. An analysis takes about twelve seconds; rows may be asked
for one by one.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import gilscope
from benchmarks.environments import make_environment
from gilscope.analysis import investigate_pythons
from gilscope.options import Options
from gilscope.records.pythons import Ratio
from gilscope.targets import TargetSpec
from gilscope.units import times

#: The work of the second environment, as a multiple of that of the first.
WORK = (1.0, 1.1, 1.25, 1.5)
COUNTS = [20_000, 21_000, 22_000, 23_000]
EXAMPLES = (
    TargetSpec(spec="gilscope.examples.primes:is_prime", inputs="PRIMES"),
    TargetSpec(spec="gilscope.examples.urls:load_url", inputs="URLS", kwargs={"timeout": "60"}),
    TargetSpec(spec="gilscope.examples.offload:sync_get_url", inputs="URLS"),
    TargetSpec(spec="gilscope.examples.offload:fetch", inputs="URLS"),
)


def total(count: int) -> int:
    """The same result whatever it takes."""
    found = 0
    for number in range(count):
        found += number * number
    for number in range(int(count * (_more() - 1))):
        found + number * number
    return found


def _more() -> float:
    """As the name of the environment says, where it says so."""
    name = os.path.basename(sys.prefix)
    return float(name.removeprefix("times-")) if name.startswith("times-") else 1.0


def truth(repetitions: int, works: Sequence[float]) -> Iterator[str]:
    yield "| work | speed | told, each time | within its interval | a difference is shown |"
    yield "| --- | --- | --- | --- | --- |"
    with tempfile.TemporaryDirectory() as folder:
        first = make_environment(Path(folder) / "first")
        for work in works:
            second = make_environment(Path(folder) / f"times-{work}")
            told = [_beside(first, second) for _ in range(repetitions)]
            yield _row(work, [ratio for ratio in told if ratio is not None], repetitions)


def _beside(first: Path, second: Path) -> Ratio | None:
    found = gilscope.analyze(total, COUNTS, pythons=[first, second], backends=("thread",), budget_s=8.0)
    return found.pythons[1].alone


def _row(work: float, told: Sequence[Ratio], asked: int) -> str:
    speed = 1 / work
    bounds = [(ratio.low or 0.0, ratio.high or float("inf")) for ratio in told]
    held = sum(low <= speed <= high for low, high in bounds)
    shown = sum(not low <= 1 <= high for low, high in bounds)
    words = ", ".join(times(ratio.value, ratio.low, ratio.high) for ratio in told)
    return f"| {work:g} | {speed:.2f} | {words} | {held} of {asked} | {shown} of {asked} |"


def examples(pythons: Sequence[str]) -> Iterator[str]:
    yield "| example | verdict | time to verdict |"
    yield "| --- | --- | --- |"
    for target in EXAMPLES:
        began = time.monotonic()
        found = investigate_pythons(target, Options.read({"pythons": pythons}))
        yield f"| `{target.spec.rpartition(':')[2]}` | {found.verdict} | {time.monotonic() - began:.1f} s |"


def main() -> None:
    what, *more = sys.argv[1:]
    repetitions, *works = map(float, more if what == "truth" and more else ("5",))
    for line in examples(more) if what == "examples" else truth(int(repetitions), works or WORK):
        print(line, flush=True)


if __name__ == "__main__":
    main()
