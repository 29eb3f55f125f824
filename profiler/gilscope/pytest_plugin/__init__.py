"""The pytest plugin: ``pytest --gilscope`` and ``@pytest.mark.gilscope``.

pytest loads it in every run, so it imports nothing of gilscope before a table or a marker asks for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator

    from gilscope.pytest_plugin.limits import Limits

__all__ = [
    "pytest_addoption",
    "pytest_collection_modifyitems",
    "pytest_configure",
    "pytest_runtest_call",
    "pytest_terminal_summary",
]

_MARKER = (
    "gilscope(label=None, max_loop_block=None, max_gil_share=None): fail the test unless the calls it makes to "
    'functions decorated with @classify are so, as in label="io-bound", max_loop_block="5ms", max_gil_share=0.2'
)
_limits: pytest.StashKey[Limits] = pytest.StashKey()
_Outcome = TypeVar("_Outcome")


def pytest_addoption(parser: pytest.Parser) -> None:
    """``--gilscope``."""
    group = parser.getgroup("gilscope", "gilscope")
    group.addoption(
        "--gilscope", action="store_true", help="show what the calls to functions decorated with @classify have shown"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known, to ``--strict-markers`` too."""
    config.addinivalue_line("markers", _MARKER)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Read the markers before any test runs, so that a wrong one is told at once."""
    for item in items:
        # The farthest first: what a class or a module says holds where a test does not say otherwise.
        marks = list(item.iter_markers("gilscope"))[::-1]
        if marks:
            item.stash[_limits] = _read(item, marks)


def _read(item: pytest.Item, marks: list[pytest.Mark]) -> Limits:
    from gilscope.errors import UsageError
    from gilscope.pytest_plugin.limits import limits_of

    try:
        return limits_of([(mark.args, mark.kwargs) for mark in marks])
    except UsageError as error:
        raise pytest.UsageError(f"{item.nodeid}: @pytest.mark.gilscope: {error}") from error


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, _Outcome, _Outcome]:
    """Hold the calls of a marked test against its limits; a test that fails by itself is left to that."""
    limits = item.stash.get(_limits, None)
    if limits is None:
        return (yield)
    from gilscope.pytest_plugin.calls import begin, end, observation
    from gilscope.pytest_plugin.limits import exceeded
    from gilscope.pytest_plugin.table import lines

    with observation(limits.max_gil_share is not None) as catch_up:
        catch_up()
        begin()
        try:
            outcome = yield
        finally:
            catch_up()
            found = end()
    if reasons := exceeded(limits, found):
        pytest.fail("\n".join([*reasons, "", *lines(found)]), pytrace=False)
    return outcome


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """The table of all calls."""
    if not config.getoption("gilscope"):
        return
    from gilscope.production.collection import profiles
    from gilscope.pytest_plugin.table import lines

    terminalreporter.section("gilscope: calls to decorated functions")
    for line in lines(profiles()):
        terminalreporter.write_line(line)
