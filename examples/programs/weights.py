"""A job whose calls compute in a pool of interpreters, each with a GIL of its own (Python 3.14 and later).

``python -c "import weights; weights.main()"``
"""

from __future__ import annotations

from concurrent import futures

from gilscope import classify


@classify
def weigh(count: int) -> int:
    return sum(number * number for number in range(count))


def main() -> None:
    with futures.InterpreterPoolExecutor(2) as pool:  # type: ignore[attr-defined]  # of newer Pythons
        print(sum(pool.map(weigh, [100_000] * 4_000)))
