"""``python -m tests.mutants``: break lines one at a time, and see whether the tests notice."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from tests.mutants.anchors import LostAnchorError, breaking
from tests.mutants.listed import Mutant, named
from tests.mutants.trying import PACKAGE, Checkout, Verdict, is_there, run_unbroken, try_mutant

ALL_CAUGHT, SURVIVED, NOT_TRIED, INTERRUPTED = 0, 1, 2, 130
STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit status: 0 when every mutant was caught; 1 when one survived; 2 when one could not be tried."""
    asked = _parser().parse_args(arguments)
    try:
        mutants = named(asked.names)
    except KeyError as error:
        print(f"no mutant is called {error}; --list shows them")
        return NOT_TRIED
    root: Path = asked.root.resolve()
    if asked.list:
        return _list(mutants, root)
    installed = root / ".venv" / "bin" / "python"
    python = asked.python or (installed if installed.exists() else Path(sys.executable))
    try:
        return asyncio.run(_judge(mutants, Checkout(root, python, asked.timeout), asked))
    except asyncio.CancelledError:
        print("interrupted; nothing is left behind", file=sys.stderr)
        return INTERRUPTED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m tests.mutants", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="which of them, as in observers-*; all unless given")
    parser.add_argument("--list", action="store_true", help="show them and where their lines are, and run nothing")
    parser.add_argument("--root", type=Path, default=Path(), help="the checkout to break (a copy of); this one")
    parser.add_argument("--python", type=Path, help="what its tests run in; ROOT/.venv/bin/python, or this one")
    parser.add_argument("-j", "--jobs", type=int, default=1, help="how many at a time")
    parser.add_argument("--then", nargs="+", default=[], metavar="TESTS", help="more tests, where those expected pass")
    parser.add_argument("--timeout", type=float, default=300.0, help="seconds for one run of tests")
    parser.add_argument("--no-baseline", action="store_true", help="do not run the tests on unbroken code first")
    return parser


def _list(mutants: Sequence[Mutant], root: Path) -> int:
    """Each with the file it breaks; what is lost."""
    lost = 0
    for mutant in mutants:
        missing = [test for test in mutant.tests if not is_there(root, test)]
        try:
            where = str(breaking(root / PACKAGE, mutant.where, mutant.find, mutant.put)[0].relative_to(root / PACKAGE))
        except LostAnchorError as error:
            where, lost = f"LOST: {error}", lost + 1
        if missing:
            where, lost = f"{where}; LOST: no {', '.join(missing)}", lost + 1
        print(f"{mutant.name}: {mutant.breaks}\n    {where}; {' '.join(mutant.tests)}")
    print(f"{len(mutants)} mutants, {lost} anchors lost")
    return NOT_TRIED if lost else ALL_CAUGHT


async def _judge(mutants: Sequence[Mutant], checkout: Checkout, asked: argparse.Namespace) -> int:
    _cancel_on_signals()
    failing: tuple[str, ...] = ()
    if not asked.no_baseline:
        ran = await run_unbroken(mutants, checkout, asked.then)
        failing = ran.failed
        if ran.caught is not None:
            print(f"{ran.output[-4000:]}\nnothing is broken, and yet tests fail", file=sys.stderr)
        if ran.caught is not None and not failing:
            return NOT_TRIED
    gate = asyncio.Semaphore(asked.jobs)

    async def one(mutant: Mutant) -> Verdict:
        async with gate:
            verdict = await try_mutant(mutant, checkout, asked.then, failing)
        print(_line(verdict), file=sys.stderr, flush=True)
        return verdict

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one(mutant)) for mutant in mutants]
    return _told([task.result() for task in tasks])


def _cancel_on_signals() -> None:
    """The first Ctrl-C ends all in order; what follows is over soon, and a second one would only spoil it."""
    task, loop = asyncio.current_task(), asyncio.get_running_loop()
    assert task is not None

    def cancel() -> None:
        for number in STOPPING:
            loop.add_signal_handler(number, lambda: None)
        task.cancel()

    for number in STOPPING:
        loop.add_signal_handler(number, cancel)


def _line(verdict: Verdict) -> str:
    return f"{verdict.outcome:8} {verdict.seconds:6.1f} s  {verdict.mutant.name:32} {verdict.told}".rstrip()


def _told(verdicts: Sequence[Verdict]) -> int:
    """The table, and the exit status."""
    print("\n".join(map(_line, verdicts)))
    count = Counter(verdict.outcome for verdict in verdicts)
    print(f"{len(verdicts)} mutants: {count['caught']} caught, {count['survived']} survived, {count['lost']} lost")
    return SURVIVED if count["survived"] else NOT_TRIED if count["lost"] else ALL_CAUGHT


if __name__ == "__main__":
    sys.exit(main())
