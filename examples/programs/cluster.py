"""A scheduler of Dask and two workers with two threads each, in processes or not: ``python cluster.py [COUNT]
[threads]`` hands them so many tasks."""

from __future__ import annotations

import sys

from distributed import Client, LocalCluster


def parse(size: int) -> int:
    """In Python."""
    return sum(len(word) for word in ("the quick brown fox " * size).split() for _ in range(3))


def main() -> None:
    count = next((int(word) for word in sys.argv[1:] if word.isdigit()), 60)
    options = {"n_workers": 2, "threads_per_worker": 2, "processes": "threads" not in sys.argv}
    with LocalCluster(dashboard_address=None, **options) as cluster, Client(cluster) as client:
        print("begins", flush=True)
        print(sum(client.gather(client.map(parse, range(20_000, 20_000 + count)))))


if __name__ == "__main__":
    main()
