"""How long a verdict takes: ``python -m benchmarks.verdict [RUNS]``."""

from __future__ import annotations

import json
import platform
import statistics
import subprocess
import sys
import time

EXAMPLES = {
    "primes": ["gilscope.examples.primes:is_prime", "--inputs", "PRIMES"],
    "urls": ["gilscope.examples.urls:load_url", "--inputs", "URLS", "--kwarg", "timeout=60"],
    "offload, from a coroutine": ["gilscope.examples.offload:sync_get_url", "--inputs", "URLS", "--context", "async"],
    "offload, native": ["gilscope.examples.offload:fetch", "--inputs", "URLS"],
}


def seconds(command: list[str]) -> tuple[float, str]:
    """Wall clock of a whole process, and what it printed."""
    began = time.perf_counter()
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return time.perf_counter() - began, done.stdout


def verdicts(runs: int) -> None:
    print("| example | verdicts | wall clock: median | longest | recommended |")
    print("| --- | --- | --- | --- | --- |")
    for name, arguments in EXAMPLES.items():
        walls, advice = [], []
        for _ in range(runs):
            wall, printed = seconds([sys.executable, "-m", "gilscope", "analyze", *arguments, "--json"])
            record = json.loads(printed)
            walls.append(wall)
            label = record["classification"]["label"], record["classification"]["subtype"]
            advice.append(f"{'/'.join(part for part in label if part)} → {record['recommendation']['backend']}")
        told = ", ".join(f"{advice.count(one)}× {one}" for one in sorted(set(advice)))
        print(f"| {name} | {runs} | {statistics.median(walls):.1f} s | {max(walls):.1f} s | {told} |", flush=True)


def main() -> None:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 10
    print(f"### CPython {platform.python_version()}\n")
    verdicts(runs)


if __name__ == "__main__":
    main()
