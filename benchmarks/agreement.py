"""Does `@classify` say what `gilscope analyze` says? ``python -m benchmarks.agreement [FUNCTION...]``.

Each function of the regret benchmark is analyzed by the command line, then called one call after another for a while
in a program of its own, decorated, once by itself and once with `gilscope.observe()`. The labels are compared.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import nullcontext
from itertools import cycle
from typing import Any, NamedTuple

from benchmarks.regret.advice import ROOT, ask
from benchmarks.regret.harness import end_group
from benchmarks.regret.results import machine
from benchmarks.regret.services import services
from benchmarks.regret.workload import Workload, catalogue
from gilscope import classify, observe

CALLS_S = 1.5
TIMEOUT_S = 60.0
FEWEST_CALLS = 12


class Told(NamedTuple):
    """What one function is said to be."""

    expected: str
    analyze: str
    alone: str
    observed: str


def call_for_a_while(function: Callable[[Any], object], inputs: Iterable[Any]) -> None:
    """Call after call, round the inputs."""
    end = time.monotonic() + CALLS_S
    for calls, item in enumerate(cycle(inputs), 1):
        function(item)
        if time.monotonic() >= end and calls >= FEWEST_CALLS:
            return


async def await_for_a_while(function: Callable[[Any], Any], inputs: Iterable[Any]) -> None:
    """The same of a coroutine function."""
    end = time.monotonic() + CALLS_S
    for calls, item in enumerate(cycle(inputs), 1):
        await function(item)
        if time.monotonic() >= end and calls >= FEWEST_CALLS:
            return


def program(name: str, watched: bool) -> None:
    """Call one function, decorated, and print what it is said to be."""
    work = found(name)
    module = importlib.import_module(work.module)
    made = getattr(module, work.inputs)
    inputs, decorated = list(made() if callable(made) else made), classify(getattr(module, name))
    with observe() if watched else nullcontext():
        if work.coroutine:
            asyncio.run(await_for_a_while(decorated, inputs))
        else:
            call_for_a_while(decorated, inputs)
    said = decorated.__gilscope__.profile().classification
    print(json.dumps({"label": said.label, "reason": said.reason}))


def found(name: str) -> Workload:
    """The workload of this name."""
    return next(work for work in catalogue()[0] if work.name == name)


def label_in_a_program(work: Workload, *options: str) -> str:
    """What `@classify` says in a fresh process."""
    command = [sys.executable, "-m", "benchmarks.agreement", "--program", work.name, *options]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, start_new_session=True) as running:
        try:
            printed, _ = running.communicate(timeout=TIMEOUT_S)
        except subprocess.TimeoutExpired:
            return "no end"
        finally:
            end_group(running, 0)
    lines = [line for line in printed.splitlines() if line.startswith('{"label"')]
    said = json.loads(lines[-1]) if lines else {"label": f"exit status {running.returncode}", "reason": ""}
    print(f"{work.name}{''.join(options)}: {said['label']}: {said['reason']}", file=sys.stderr, flush=True)
    return str(said["label"])


def told_of(work: Workload) -> Told:
    """What is said of one function, and what is right: a row of the table."""
    advice = ask(work)
    analyze = (advice.label or advice.failed or "").partition("/")[0]
    expected = " or ".join(dict.fromkeys(label.partition("/")[0] for label in work.expect))
    told = Told(expected, analyze, label_in_a_program(work), label_in_a_program(work, "--observed"))
    shown = (text if text in told.expected else f"**{text}**" for text in told[1:])
    print(f"| {work.name} | {told.expected} | {' | '.join(shown)} |", flush=True)
    return told


def main(names: list[str]) -> None:
    """Print the table."""
    if names[:1] == ["--program"]:
        return program(names[1], "--observed" in names)
    works, missing = catalogue()
    print(f"### {machine()}, {CALLS_S:g} s of calls\n")
    print("| function | right | `gilscope analyze` | `@classify` | `@classify`, observed |")
    print("| --- | --- | --- | --- | --- |")
    with services():
        table = {work.name: told_of(work) for work in works if not names or work.name in names}
    for column, title in (("alone", "`@classify`"), ("observed", "`@classify`, observed")):
        same = sum(getattr(told, column) == told.analyze for told in table.values())
        print(f"\n{title} agrees with `gilscope analyze` on {same} of {len(table)} functions.")
    for module, why in missing.items():
        print(f"\nNot measured: {module} ({why}).")
    return None


if __name__ == "__main__":
    main(sys.argv[1:])
