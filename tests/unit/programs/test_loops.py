"""What kept an event loop, and how late others ran for it."""

from __future__ import annotations

import pytest

from gilscope.programs import tables
from gilscope.programs.callbacks import running
from gilscope.programs.loops import Loops, lag_quantile
from gilscope.programs.moments import Frame, ProcessMoment, ThreadLook
from gilscope.programs.views import ProcessViews
from gilscope.records.programs import LoopAccount
from tests.unit.programs.builders import SPAN_S, STDLIB, feed, frame, holding, moment, numbered, stack

TURN = frame("BaseEventLoop._run_once", STDLIB + "asyncio/base_events.py")
RUN = (TURN, frame("BaseEventLoop.run_forever", STDLIB + "asyncio/base_events.py"), frame("main"))
IDLE = (frame("EpollSelector.select", STDLIB + "selectors.py"), *RUN)


def in_callback(*inner: Frame) -> tuple[Frame, ...]:
    return (*inner, frame("Handle._run", STDLIB + "asyncio/events.py"), *RUN)


def running_look(*names: str, turn: int | None = None, wait: str | None = None) -> ThreadLook:
    return ThreadLook(
        1, 0, wait, wait is None, True if wait is None else None, stack=in_callback(*stack(*names)), turn=turn
    )


def idle_look() -> ThreadLook:
    return ThreadLook(1, 0, "other", call="epoll_wait", stack=IDLE)


def loop_of(views: ProcessViews) -> LoopAccount:
    views.finish()
    (found,) = tables.loops(7, (views, {}), {1: "MainThread"})
    return found


def test_what_a_loop_is_doing_is_told_by_what_stands_above_its_turn() -> None:
    busy = running(in_callback(*stack("tokenize", "handle")))
    assert busy is not None
    assert busy.callback is not None
    assert busy.callback.name == "handle"
    idle = running(IDLE)
    assert idle is not None
    assert idle.callback is None
    assert running(stack("main")) is None


def test_a_loop_that_is_no_python_is_known_by_its_runner() -> None:
    seen = running((*stack("handle"), frame("Runner.run", STDLIB + "asyncio/runners.py"), frame("main")))
    assert seen is not None
    assert seen.callback is not None
    assert seen.callback.name == "handle"


def test_a_long_callback_is_told_with_the_function_and_line_that_it_was_in() -> None:
    views = ProcessViews(0.0)
    feed(views, [moment(0, idle_look())])
    feed(views, [moment(at, running_look("tokenize", "handle")) for at in numbered(30)])
    feed(views, [moment(31, idle_look())])
    loop = loop_of(views)
    (block,) = loop.blocked
    assert (block.place.function, block.line, block.callback.function) == ("tokenize", 12, "handle")
    assert block.longest_s == pytest.approx(0.3, abs=2 * SPAN_S)
    assert (block.count, block.state) == (1, "cpu_gil")
    assert loop.running_s / loop.observed_s == pytest.approx(30 / 32)


def test_many_short_callbacks_of_a_busy_loop_are_no_long_one() -> None:
    """A loop that is never seen to wait has gone round all the same."""
    views = ProcessViews(0.0)
    feed(views, [moment(at, running_look("tokenize", "handle", turn=at)) for at in numbered(100)])
    loop = loop_of(views)
    assert loop.blocked == ()
    assert loop.lag_longest_s is not None
    assert loop.lag_longest_s <= 2 * SPAN_S


def test_a_callback_that_sleeps_blocks_its_loop_too() -> None:
    views = ProcessViews(0.0)
    feed(views, [moment(at, running_look("nap", "handle", wait="sleep", turn=3)) for at in numbered(30)])
    (block,) = loop_of(views).blocked
    assert (block.place.function, block.state) == ("nap", "sleep")


def test_short_blocks_that_are_seen_once_each_count_in_the_whole() -> None:
    """Of a function that takes little longer than from one look to the next, few are seen twice."""
    views = ProcessViews(0.0)
    feed(views, [moment(at, running_look("nap", "handle", wait="sleep", turn=min(at, 98))) for at in numbered(100)])
    (block,) = loop_of(views).blocked
    assert block.count == 98
    assert block.total_s == pytest.approx(1.0)


def kept_by_the_gil(number: int, stack: tuple[Frame, ...], turn: int) -> ProcessMoment:
    loop = ThreadLook(1, 0, "gil_wait", call="futex", stack=stack, turn=turn)
    return moment(number, loop, holding(2, "dump"))


def test_a_loop_that_waits_for_the_gil_is_late_though_it_has_called_nothing() -> None:
    """The event came, and who holds the GIL keeps the loop from looking at it."""
    views = ProcessViews(0.0)
    feed(views, [moment(0, idle_look())])
    feed(views, [kept_by_the_gil(at, IDLE, 1) for at in numbered(30)])
    feed(views, [moment(31, idle_look())])
    loop = loop_of(views)
    (block,) = loop.blocked
    assert (block.place.function, block.callback.function) == ("dump", "BaseEventLoop._run_once")
    assert block.state == "gil_wait"
    assert loop.lag_longest_s == block.longest_s == pytest.approx(0.3, abs=2 * SPAN_S)
    assert loop.running_s / loop.observed_s == pytest.approx(30 / 32, abs=0.05)


def test_a_loop_that_is_ready_and_given_no_cpu_is_late_by_nobody() -> None:
    views = ProcessViews(0.0)
    feed(views, [moment(0, idle_look())])
    feed(views, [moment(at, ThreadLook(1, 0, None, False, False, stack=IDLE, turn=1)) for at in numbered(30)])
    loop = loop_of(views)
    assert loop.blocked == ()
    assert loop.lag_longest_s == pytest.approx(0.3, abs=2 * SPAN_S)


def test_a_callback_that_waits_for_the_gil_is_kept_by_who_holds_it() -> None:
    views = ProcessViews(0.0)
    feed(views, [moment(at, running_look("handle", turn=1)) for at in numbered(4)])
    feed(views, [kept_by_the_gil(at, in_callback(*stack("handle")), 1) for at in numbered(26, 5)])
    (block,) = loop_of(views).blocked
    assert (block.place.function, block.callback.function, block.state) == ("dump", "handle", "gil_wait")


def test_a_loop_that_waits_for_a_thread_to_begin_waits_for_the_gil_that_this_takes() -> None:
    """As in each first call of ``asyncio.to_thread``."""
    waits = frame("Condition.wait", STDLIB + "threading.py")
    starts = (waits, frame("Event.wait", STDLIB + "threading.py"), frame("Thread.start", STDLIB + "threading.py"))
    loop = ThreadLook(1, 0, "lock", call="futex", stack=in_callback(*starts, frame("handle")), turn=1)
    views = ProcessViews(0.0)
    feed(views, [moment(at, loop, holding(2, "dump")) for at in numbered(30)])
    (block,) = loop_of(views).blocked
    assert (block.place.function, block.callback.function, block.state) == ("dump", "handle", "gil_wait")


def test_moments_that_were_missed_make_no_block_longer_than_its_loop() -> None:
    views = ProcessViews(0.0)
    feed(views, [moment(at, running_look("nap", "handle", wait="sleep", turn=3)) for at in range(0, 90, 3)])
    loop = loop_of(views)
    assert loop.blocked[0].total_s <= loop.observed_s == pytest.approx(0.87, abs=2 * SPAN_S)


def test_a_loop_that_nothing_keeps_has_no_lag() -> None:
    views = ProcessViews(0.0)
    feed(views, [moment(at, idle_look()) for at in numbered(100)])
    assert (loop_of(views).lag_p99_s, loop_of(views).blocked) == (0.0, ())


def test_lag_is_what_is_left_of_the_callback_that_runs() -> None:
    """A callback of one second in every ten: for 5 % of all moments more than half a second of it is left."""
    assert lag_quantile([(1.0, 1.0)], 10.0, 0.95) == pytest.approx(0.5)
    assert lag_quantile([(1.0, 1.0)], 10.0, 0.5) == pytest.approx(0.0, abs=1e-9)
    assert lag_quantile([(1.0, 10.0)], 10.0, 0.5) == pytest.approx(0.5)


def test_threads_without_a_loop_are_none() -> None:
    loops = Loops()
    feed(loops, [moment(1, ThreadLook(1, 0, "sleep", stack=stack("nap")))])
    assert loops.threads == {}
