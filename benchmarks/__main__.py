"""Every benchmark, one after the other: ``python -m benchmarks``."""

from __future__ import annotations

from benchmarks import observer, verdict
from benchmarks.accuracy import run as accuracy


def main() -> None:
    for title, measure in (
        ("The ledger against the truth", accuracy.main),
        ("What watching costs", observer.main),
        ("Time to verdict and start-up", verdict.main),
    ):
        print(f"\n## {title}\n")
        measure()


if __name__ == "__main__":
    main()
