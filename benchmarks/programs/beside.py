"""What 3.15's own sampler says of the same program at the same time, where it measures the same."""

from __future__ import annotations

import json
import math
import subprocess
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from benchmarks.programs.pythons import Python

__all__ = ["HELD", "WAITING", "OwnSampler", "sampled_beside"]

#: As it names them.
HELD, WAITING = "Has GIL", "Waiting for GIL"
FIRST: Final = "3.15"
RATE_HZ = 500


class OwnSampler:
    """What it said, once it has ended."""

    def __init__(self) -> None:
        self._shares: dict[int, dict[str, float]] = {}

    def hear(self, profile: Any) -> None:
        for thread in profile["threads"]:
            names, markers = profile["shared"]["stringArray"], thread["markers"]
            ms: defaultdict[str, float] = defaultdict(float)
            for at in range(markers["length"]):
                ms[names[markers["name"][at]]] += (markers["endTime"][at] or 0) - markers["startTime"][at]
            lasted = ms[HELD] + ms["No GIL"]
            self._shares[int(thread["tid"])] = {name: each / lasted for name, each in ms.items()} if lasted else {}

    def share(self, tids: Sequence[int], name: str) -> float | None:
        """Of the time of these threads; None where it did not see them."""
        found = [self._shares[tid].get(name, 0.0) for tid in tids if tid in self._shares]
        return sum(found) / len(found) if found else None


@contextmanager
def sampled_beside(python: Python, pid: int, seconds: float) -> Iterator[OwnSampler | None]:
    """Watch a program for so long, in whole seconds; None where its Python has no sampler of its own."""
    if python.minor != FIRST:
        yield None
        return
    said = OwnSampler()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "gecko.json")
        command = [python.path, "-m", "profiling.sampling", "attach", "-a", "-r", str(RATE_HZ)]
        command += ["-d", str(math.ceil(seconds)), "--gecko", "-o", str(path), str(pid)]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            yield said
            process.wait()
        said.hear(json.loads(path.read_text()))
