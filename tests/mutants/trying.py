"""Running tests on a copy of a checkout in which one line is broken. Whatever happens, nothing of it stays."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import psutil

from tests.mutants.anchors import LostAnchorError, breaking
from tests.mutants.listed import Mutant

__all__ = ["Checkout", "Outcome", "Ran", "Verdict", "is_there", "run_unbroken", "try_mutant"]

#: Where a checkout has its package and its tests.
SOURCE, PACKAGE, TESTS = Path("profiler"), Path("profiler", "gilscope"), Path("tests")
LEFT_OUT = shutil.ignore_patterns(".git", ".venv*", ".*_cache", ".hypothesis", "__pycache__", "site")
#: In the environment of all that runs in a copy: the copy's folder.
MARK = "GILSCOPE_MUTANT"
_FAILED = re.compile(r"^(?:FAILED|ERROR) (?:tests/)?(.+?)(?: - .*)?$", re.MULTILINE)

Outcome = Literal["caught", "survived", "lost"]


@dataclass(frozen=True)
class Checkout:
    """What the mutants are made of, and the interpreter that its tests run in."""

    root: Path
    python: Path
    limit_s: float | None
    """How long one run of tests may take; None: each test has its own limit, which must do."""


@dataclass(frozen=True)
class Verdict:
    """What became of a mutant."""

    mutant: Mutant
    outcome: Outcome
    seconds: float
    told: str
    """The test that caught it, or why it could not be tried."""


@dataclass(frozen=True)
class Ran:
    """One run of tests."""

    status: int | None
    """pytest's; None where it was stopped at the limit."""
    output: str

    @property
    def failed(self) -> tuple[str, ...]:
        """The tests that did not pass; files, where these could not be imported."""
        return tuple(_FAILED.findall(self.output)) if self.status != 0 else ()

    @property
    def caught(self) -> str | None:
        """The first test that failed; None where all passed."""
        if self.status is None:
            return "(no end)"
        return None if self.status == 0 else next(iter(self.failed), f"(pytest's exit status {self.status})")


async def try_mutant(mutant: Mutant, checkout: Checkout, then: Sequence[str], failing: Sequence[str]) -> Verdict:
    """Break the line in a copy, and run the tests that are expected to notice, and ``then`` others.

    :param failing: tests that fail though nothing is broken, and so can tell nothing
    """
    began = time.monotonic()

    def verdict(outcome: Outcome, told: str) -> Verdict:
        return Verdict(mutant, outcome, time.monotonic() - began, told)

    with _copied(checkout.root) as copy:
        try:
            path, text = breaking(copy / PACKAGE, mutant.where, mutant.find, mutant.put)
        except LostAnchorError as error:
            return verdict("lost", str(error))
        if useless := [test for test in failing if test.startswith((*mutant.tests, *then))]:
            return verdict("lost", f"unbroken, {useless[0]} fails")
        path.write_text(text, "utf-8")
        for tests in filter(None, (mutant.tests, then)):
            if missing := [test for test in tests if not is_there(copy, test)]:
                return verdict("lost", f"no such tests as {missing[0]}: re-anchor")
            ran = await _run(copy, checkout, tests, "-x")
            if ran.caught is not None:
                return verdict("caught", ran.caught)
    return verdict("survived", "")


async def run_unbroken(mutants: Sequence[Mutant], checkout: Checkout, then: Sequence[str]) -> Ran:
    """All the tests that are expected to notice, and ``then`` others, on a copy in which nothing is broken. Those that
    are not there are left out: their mutants will tell."""
    tests = {*(test for mutant in mutants for test in mutant.tests), *then}
    there = sorted(test for test in tests if is_there(checkout.root, test))
    if not there:
        return Ran(0, "")
    with _copied(checkout.root) as copy:
        return await _run(copy, replace(checkout, limit_s=None), there)


def is_there(root: Path, test: str) -> bool:
    """Whether a checkout has such a file of tests, or such a test in it."""
    file, _, name = test.partition("::")
    place = root / TESTS / file
    return place.exists() and (not name or f"def {name.rpartition('::')[2]}(" in place.read_text("utf-8"))


@contextlib.contextmanager
def _copied(root: Path) -> Iterator[Path]:
    """A copy in a temporary folder, with a folder for temporary files beside it; no process outlives it. Names are
    short, for the paths of Unix sockets are."""
    with tempfile.TemporaryDirectory(prefix="m-", ignore_cleanup_errors=True) as folder:
        copy = Path(folder, "c")
        shutil.copytree(root, copy, symlinks=True, ignore=LEFT_OUT)
        Path(folder, "t").mkdir()
        try:
            yield copy
        finally:
            _end_all(folder)


async def _run(copy: Path, checkout: Checkout, tests: Sequence[str], *options: str) -> Ran:
    output = copy.with_name("output")
    source, folder = copy / SOURCE, copy.parent
    environment = {**os.environ, "PYTHONPATH": str(source), "TMPDIR": str(folder / "t"), MARK: str(folder)}
    # The interpreter may have the checkout itself installed: what is tested must be the copy.
    here = f"import gilscope, sys; sys.exit(not gilscope.__file__.startswith({str(source)!r}))"
    check = await asyncio.create_subprocess_exec(checkout.python, "-c", here, cwd=copy, env=environment)
    if await check.wait():
        raise RuntimeError(f"{checkout.python} imports gilscope from elsewhere than {source}")
    quiet = ("-q", "-rfE", "--tb=short", "-p", "no:cacheprovider", "-p", "no:randomly", *options)
    command = [str(checkout.python), "-m", "pytest", *quiet, *(str(TESTS / test) for test in tests)]
    with output.open("wb") as file:
        process = await asyncio.create_subprocess_exec(
            *command, cwd=copy, env=environment, stdin=asyncio.subprocess.DEVNULL, stdout=file, stderr=file,
            start_new_session=True,
        )  # fmt: skip
    try:
        async with asyncio.timeout(checkout.limit_s):
            status: int | None = await process.wait()
    except TimeoutError:
        status = None
    finally:
        _end_all(str(folder))
        await process.wait()
    return Ran(status, output.read_text("utf-8", "replace"))


def _end_all(folder: str) -> None:
    """Kill every process that was started in the copy, whatever session it is in by now, until there is none."""
    while living := [process for process in psutil.process_iter() if _mark(process) == folder]:
        for process in living:
            with contextlib.suppress(psutil.Error):
                process.kill()
        time.sleep(0.02)


def _mark(process: psutil.Process) -> str | None:
    try:
        return process.environ().get(MARK)
    except (psutil.Error, OSError):  # ended meanwhile, or another user's
        return None
