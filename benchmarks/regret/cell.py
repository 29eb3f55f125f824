"""One cell of the grid, in a process of its own: ``python -m benchmarks.regret.cell SPEC INPUTS CELL``.

Opens the executor, says so, and then runs a round for each line of its standard input, the number of passes over the
inputs; answers with the round's calls, wall clock and CPU time. Ends when its standard input does.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any, TextIO

import msgspec

from benchmarks.regret.cells import Cell
from benchmarks.regret.executors import Opened, Run, open_executor


def load(spec: str) -> Any:
    """What ``module:name`` means."""
    module, _, name = spec.partition(":")
    return getattr(importlib.import_module(module), name)


def load_inputs(spec: str) -> list[Any]:
    """The inputs: an iterable, or what a callable makes."""
    found = load(spec)
    return list(found() if callable(found) else found)


def timed(run: Run, items: Sequence[Any]) -> dict[str, float]:
    """One round."""
    cpu_s, began = time.process_time(), time.perf_counter()
    run(items)
    wall_s = time.perf_counter() - began
    return {"calls": len(items), "wall_s": wall_s, "cpu_s": time.process_time() - cpu_s}


def own_standard_output() -> TextIO:
    """The standard output for this program alone: what the function prints is dropped."""
    own = os.fdopen(os.dup(1), "w", buffering=1)
    with open(os.devnull, "wb") as nowhere:
        os.dup2(nowhere.fileno(), 1)
    return own


def serve(opened: Opened, inputs: Sequence[Any], told: TextIO) -> None:
    """Rounds, as they are asked for. A failure is told at once and ends the process: a process pool that is shut down
    while tasks of its are failing to be pickled may wait for ever."""
    try:
        opened.warm()
        print(json.dumps({"inputs": len(inputs)}), file=told)
        for line in sys.stdin:
            print(json.dumps(timed(opened.run, list(inputs) * int(line))), file=told)
    except Exception as error:
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        print(json.dumps({"failed": reason[:200]}), file=told)
        os._exit(1)


def main() -> None:
    spec, inputs_spec, cell_json = sys.argv[1:]
    told = own_standard_output()
    function: Callable[[Any], Any] = load(spec)
    inputs = load_inputs(inputs_spec)
    with open_executor(msgspec.json.decode(cell_json, type=Cell), function, inputs) as opened:
        serve(opened, inputs, told)


if __name__ == "__main__":
    main()
