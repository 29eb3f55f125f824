"""A real service under load: what its profiles say is what an engineer on call needs to know."""

from __future__ import annotations

import sys

import pytest

from gilscope import report
from gilscope.production.blocking import blocking
from gilscope.production.files import Loaded, load_profiles
from gilscope.production.opportunities import opportunities
from gilscope.production.profile import Profile
from gilscope.report.profiles import opportunities_sheet, profiles_sheet
from tests.production import service
from tests.production.service import serving

pytest.importorskip("uvicorn")
pytest.importorskip("starlette")
pytestmark = [
    pytest.mark.timing,
    pytest.mark.skipif(sys.platform != "linux", reason="what threads do is read from Linux's /proc"),
]


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    folder = tmp_path_factory.mktemp("profiles")
    with serving(folder, GILSCOPE_OBSERVE="1", FLUSH="1") as served:
        served.get("awaits")
        for name in ("sleeps", "computes", "to_thread"):
            served.load(name, 40)
        served.load("awaits", 40, at_once=8)
        served.load("in_executor", 40, at_once=16)
    return load_profiles(folder)


def of(loaded: Loaded, name: str) -> Profile:
    return next(each for each in loaded.profiles if each.spec.endswith(f":{name}"))


def test_coroutines_that_block_their_loop_are_told_before_all_else(recorded: Loaded) -> None:
    sheet = profiles_sheet(recorded)
    text = report.render(sheet, "text")
    first, rest = text.split("\nFigures\n")
    assert "What blocks event loops" in first
    assert all(f"  {name}: It keeps its event loop" in first for name in ("sleeps", "computes"))
    assert all(f"  {name}: It keeps" not in text for name in ("awaits", "to_thread", "in_executor"))
    assert "It leaves the event loop free" not in rest.split("  sleeps: ")[1].split("\n  ")[0]


def test_where_it_is_blocked_and_what_to_do_is_told(recorded: Loaded) -> None:
    slept, computed = (blocking(of(recorded, name)) for name in ("sleeps", "computes"))
    assert slept is not None
    assert slept.where is not None
    assert computed is not None
    assert computed.where is not None
    assert (slept.meanwhile, slept.where.callee, slept.where.source) == ("waits", "time.sleep", "time.sleep(BUSY_S)")
    assert (computed.where.file, computed.where.function) == (service.__file__, "spin")
    assert computed.meanwhile in ("computes", "holds")
    assert all(found.share is not None and found.share > 0.8 for found in (slept, computed))
    assert "await asyncio.sleep instead" in of(recorded, "sleeps").advice
    assert "hand it to a process pool" in of(recorded, "computes").advice


def test_one_that_awaits_its_own_threads_does_not_wait_for_the_outside_world(recorded: Loaded) -> None:
    computes, waits, free = (of(recorded, name) for name in ("to_thread", "in_executor", "awaits"))
    for profile, kind in ((computes, "threads"), (waits, "threads"), (free, "outside")):
        awaited = profile.awaited_by_s
        assert awaited[kind] > 0.9 * sum(awaited.values())
    assert computes.classification.label != "io-bound"
    assert "awaits threads of its own program" in computes.advice
    assert "other threads computed" in computes.advice
    assert "they mostly wait" in waits.advice


def test_calls_that_queue_for_a_thread_of_an_executor_show_it(recorded: Loaded) -> None:
    waits = of(recorded, "waits_in_thread").queue_waits
    assert waits is not None
    assert waits.longest_s > service.BUSY_S / 2


def test_callbacks_are_late_by_the_blocks(recorded: Loaded) -> None:
    lag = recorded.loop_lag
    assert lag is not None
    assert lag.longest_s > service.BUSY_S / 2


def test_more_calls_at_once_are_not_recommended_of_what_blocks_the_loop(recorded: Loaded) -> None:
    found = opportunities(recorded.profiles, 2)
    slept = next(each for each in found if each.profile.spec.endswith(":sleeps"))
    assert "many calls can do at the same time" not in slept.reason
    assert "What blocks event loops" in report.render(opportunities_sheet(found, 2), "text")
