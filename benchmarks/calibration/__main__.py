"""Whether verdicts hold as often as they say: ``python -m benchmarks.calibration``.

Simulates analyses of functions whose truth is known, and reads the verdicts of the saved regret benchmark beside them.
Draws the tables and the picture: ``README.md`` and ``calibration.svg`` in this folder.
"""

from __future__ import annotations

import argparse
import math
import random
import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean

from benchmarks.calibration.measured import measured
from benchmarks.calibration.reliability import bins, picture, table
from benchmarks.calibration.simulate import Said, simulated, truths
from benchmarks.regret.results import load

HERE = Path(__file__).parent


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.calibration", description=__doc__)
    parser.add_argument("--each", type=int, default=100, help="analyses of each function that are simulated")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--regret", type=Path, default=HERE.parent / "regret" / "results.json", help="saved results")
    parser.add_argument("--folder", type=Path, default=HERE, help="where README.md and calibration.svg are written")
    return parser.parse_args()


def main() -> None:
    options = _options()
    results = load(options.regret)
    known = truths(results.functions)
    said = [
        simulated(truth, random.Random(f"{options.seed} {truth.name} {number}"))
        for truth in known
        for number in range(options.each)
    ]
    command = " ".join(["python -m benchmarks.calibration", *sys.argv[1:]])
    page = _page(command, len(known), said, measured(results.functions), f"{results.date}, {results.machine}")
    options.folder.mkdir(parents=True, exist_ok=True)
    (options.folder / "README.md").write_text(page, encoding="utf-8")
    title = "Simulated verdicts: held against said"
    (options.folder / "calibration.svg").write_text(picture(bins(said), title), encoding="utf-8")
    print(page)


def _page(command: str, functions: int, said: Sequence[Said], real: Sequence[Said], of: str) -> str:
    ratio = math.exp(fmean(math.log(each.ratio) for each in said))
    return f"""# Do verdicts hold as often as they say?

`{command}`

A verdict said with 80 to 90 % should be within the noise floor of the best in 80 to 90 % of cases: neither less
(boasting) nor more (needless doubt).

## Simulated: {len(said):,} analyses of {functions} functions

The truth is what an exhaustive search found ([regret](../regret/README.md)), for some of its configurations. Rounds are
drawn with the noise that its cells show: from function to function and from configuration to configuration, a process
that is off by some percent, a weather that all rounds of a pass share, a drift, and what plain code and gilscope's
rounds differ by. The leader, and in doubt its rivals, run in two processes; races end when the verdict is 95 % sure
(99 % after a single pass), when next to nothing could be gained by going on, or with the budget. All that is decided
from the rounds is gilscope's own code ([simulate.py](simulate.py)).

![What held against what was said](calibration.svg)

{table(bins(said))}

What is recommended reaches {ratio:.3f} of the best (geometric mean), {min(each.ratio for each in said):.2f} at worst.

## Measured: the {len(real)} verdicts of the regret benchmark

{of}; the best is that of the exhaustive search, measured by code that has nothing of gilscope's in it, and known to
some percent only. Where no floor was saved, the least is taken.

{table(bins(real))}
"""


if __name__ == "__main__":
    main()
