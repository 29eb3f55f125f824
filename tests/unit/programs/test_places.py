"""Which function a stack is told of."""

from __future__ import annotations

import pytest

from gilscope.programs.moments import Frame
from gilscope.programs.places import is_started_module, telling
from tests.unit.programs.builders import STDLIB, frame

SITE = "/srv/venv/lib/python3.13/site-packages/"
SELECT = frame("EpollSelector.select", STDLIB + "selectors.py")
TURN = frame("BaseEventLoop._run_once", STDLIB + "asyncio/base_events.py")
UVLOOP = (frame("Runner.run", STDLIB + "asyncio/runners.py"), frame("main"))
WAIT = frame("Condition.wait", STDLIB + "threading.py")
GET = frame("Queue.get", STDLIB + "queue.py")
BOOTSTRAP = frame("Thread._bootstrap", STDLIB + "threading.py")


@pytest.mark.parametrize(
    ("stack", "name"),
    [
        ((frame("loads", STDLIB + "json/__init__.py"), frame("parse"), frame("main")), "parse"),
        ((SELECT, TURN, frame("main")), "BaseEventLoop._run_once"),
        ((frame("send", SITE + "h11/_connection.py"), TURN, frame("main")), "send"),
        (UVLOOP, "Runner.run"),
        ((frame("answer"), *UVLOOP), "answer"),
        ((WAIT, GET, frame("WorkerThread.run", SITE + "anyio/_backends/_asyncio.py"), BOOTSTRAP), "WorkerThread.run"),
        (
            (
                WAIT,
                frame("Pool.get", SITE + "sqlalchemy/pool.py"),
                frame("handle", SITE + "gunicorn/util.py"),
                BOOTSTRAP,
            ),
            "Pool.get",
        ),
        ((WAIT, GET, BOOTSTRAP), "Condition.wait"),
        ((frame("parse.<locals>.<genexpr>"), frame("parse"), frame("main")), "parse"),
        ((frame("by_name.<locals>.<lambda>"), frame("apply", SITE + "pandas/apply.py"), frame("by_name")), "by_name"),
        ((frame("<listcomp>"), frame("<module>")), "<module>"),
        ((frame("<lambda>"), frame("<module>", "/srv/app/other.py")), "<lambda>"),
        ((frame("outer.<locals>.inner"), frame("outer")), "outer.<locals>.inner"),
    ],
)
def test_it_is_the_one_that_can_be_changed(stack: tuple[Frame, ...], name: str) -> None:
    found = telling(stack)
    assert found is not None
    assert found.name == name


def test_of_no_stack_none_is_named() -> None:
    assert telling(None) is None
    assert telling(()) is None


@pytest.mark.parametrize(
    ("argv", "own"),
    [
        (("python", "-m", "app.jobs", "10"), True),
        (("/usr/bin/python3", "-X", "dev", "-m", "app.jobs"), True),
        (("python", "-m", "app"), False),
        (("python", "-m", "jobs"), True),
        (("python", "app/jobs.py", "-m"), False),
        ((), False),
    ],
)
def test_the_module_that_a_program_is_started_as_is_its_own_also_where_it_is_installed(
    argv: tuple[str, ...], own: bool
) -> None:
    assert is_started_module("/v/lib/python3.11/site-packages/app/jobs.py", argv) is own
