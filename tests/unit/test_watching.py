"""What becomes of watching where it cannot be done as planned."""

from __future__ import annotations

import errno
import os
import random
import resource
from collections.abc import Iterator
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest

from gilscope.errors import UsageError
from gilscope.measure import watching
from gilscope.measure.watching import Watching
from gilscope.measure.watching_by import watching_by
from gilscope.observers.descriptor_limit import opened
from gilscope.observers.gil import Gil
from gilscope.observers.psutil_ import PsutilObserver
from gilscope.observers.pyspy import Hot, HotRecorder

from .moments import address

if TYPE_CHECKING:
    from gilscope.measure.live import LiveTrial
    from gilscope.measure.messages import Hello

UNKNOWN = Gil()


def refusing(number: int, patch: pytest.MonkeyPatch, *, required: bool = False) -> Watching:
    """Watching that finds every worker refused with this error."""

    def observer(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    patch.setattr(watching, "ProcObserver", observer)
    made = Watching(Gil(), 400.0, random.Random(0), required=required)
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


def test_what_was_asked_for_by_name_and_cannot_be_is_an_error_that_says_what_would(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told = r"^--observer proc does not work here: .*Permission denied.*\. --observer auto takes the best that does"
    with pytest.raises(UsageError, match=told):
        refusing(errno.EACCES, monkeypatch, required=True)
    with pytest.raises(UsageError, match="400 workers not watched"):
        refusing(errno.EMFILE, monkeypatch, required=True)
    with pytest.raises(UsageError, match=r"does not work here: lxml\.etree enabled the GIL"):
        Watching(Gil(enabled=False), 400.0, random.Random(0), required=True).believe_in_gil("lxml.etree")
    with pytest.raises(UsageError, match="could not be read"):
        Watching(Gil(), 400.0, random.Random(0), required=True).refuse("a reading could not be read")


def by(asked: str, gil: Gil = UNKNOWN) -> Watching:
    """As it would be watched where this is what calibration finds."""
    trial = SimpleNamespace(calibrate=lambda hello, deadline: (gil, "no word of it behaved like the GIL"))
    hello = SimpleNamespace(pid=os.getpid(), gil_enabled=True)
    return watching_by(asked, cast("LiveTrial", trial), cast("Hello", hello), 400.0, random.Random(0), 1.0)


def test_where_the_gil_is_not_found_only_who_asked_for_it_by_name_is_refused() -> None:
    assert (by("auto").source, by("auto").reason) == ("proc", "no word of it behaved like the GIL")
    with pytest.raises(UsageError, match="--observer proc does not work here: no word of it behaved like the GIL"):
        by("proc")
    assert by("proc", Gil(enabled=False)).required
    assert (by("psutil").source, by("psutil").reason) == ("psutil", None)


@pytest.mark.parametrize(
    ("hot", "told"),
    [
        (Hot(None, "py-spy is not installed: pip install py-spy"), "py-spy is not installed: pip install py-spy"),
        (Hot((), seen=0), "took no sample"),
        (Hot((), seen=3), None),
    ],
)
def test_py_spy_is_tried_before_it_is_relied_upon(hot: Hot, told: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(HotRecorder, "start", lambda self, pid: None)
    monkeypatch.setattr(HotRecorder, "look", lambda self, seconds: hot)
    if told is None:
        assert (by("py-spy").source, by("py-spy").reason) == ("psutil", None)
    else:
        with pytest.raises(UsageError, match=f"^--observer py-spy does not work here: .*{told}"):
            by("py-spy")


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
