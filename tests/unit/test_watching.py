"""What becomes of watching where it cannot be done as planned."""

from __future__ import annotations

import errno
import os
import random
import resource
from collections.abc import Iterator

import pytest

from gilscope.measure import watching
from gilscope.measure.watching import Watching
from gilscope.observers.descriptor_limit import opened
from gilscope.observers.gil import Gil
from gilscope.observers.psutil_ import PsutilObserver

from .moments import address


def refusing(number: int, patch: pytest.MonkeyPatch) -> Watching:
    """Watching that finds every worker refused with this error."""

    def observer(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    patch.setattr(watching, "ProcObserver", observer)
    made = Watching(Gil(), 400.0, random.Random(0))
    assert isinstance(made.observer(1, (address(),) * 400), PsutilObserver)
    return made


def test_workers_that_may_not_be_watched_are_watched_by_psutil_from_then_on(monkeypatch: pytest.MonkeyPatch) -> None:
    made = refusing(errno.EACCES, monkeypatch)
    assert made.source == "psutil"
    assert made.reason == "/proc does not let the workers be watched (Permission denied): blocked time is undivided"


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENFILE])
def test_too_many_open_files_say_nothing_of_the_next_workers(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    made = refusing(number, monkeypatch)
    assert made.source == "proc"
    assert made.reason is not None
    assert "400 workers" in made.reason
    assert "ulimit -n" in made.reason


def test_a_gil_that_a_module_enabled_is_one_whose_holder_is_unknown() -> None:
    made = Watching(Gil(enabled=False), 400.0, random.Random(0), reason="this interpreter runs without a GIL")
    made.believe_in_gil()
    assert (made.gil.enabled, made.gil.known) == (True, False)
    assert made.reason is not None
    assert made.reason.endswith("a module that was imported enabled the GIL: who holds it is unknown")
    made.believe_in_gil("lxml.etree")
    assert made.gil_enabled_by == "lxml.etree"


@pytest.fixture
def few_files() -> Iterator[int]:
    """The hard limit, with a soft one that is reached."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    used = max(map(int, os.listdir("/proc/self/fd"))) + 1
    resource.setrlimit(resource.RLIMIT_NOFILE, (used, hard))
    yield hard
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_files_are_opened_beyond_the_soft_limit_which_stays_as_it_was(few_files: int) -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert before[0] < few_files, "the hard limit is as low as the soft one"
    held = [opened("/proc/self/status") for _ in range(50)]
    assert resource.getrlimit(resource.RLIMIT_NOFILE) == before
    for file in held:
        os.close(file)
