"""Every benchmark, one after the other: ``python -m benchmarks``."""

from __future__ import annotations

from benchmarks import observer, startup, verdict
from benchmarks.accuracy import run as accuracy


def main() -> None:
    for title, measure in (
        ("The ledger against the truth", accuracy.main),
        ("What watching costs", observer.main),
        ("Time to verdict", verdict.main),
        ("Start-up", startup.main),
    ):
        print(f"\n## {title}\n")
        measure()


if __name__ == "__main__":
    main()
