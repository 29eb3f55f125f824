"""`pytest --gilscope` and its marker, in pytest runs of their own."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from gilscope.production import profile as made
from gilscope.pytest_plugin import calls

pytest_plugins = ["pytester"]

MODULE = """
import asyncio, time
import pytest
from gilscope import classify

@classify(name="waits")
def waits():
    time.sleep(0.002)

@classify(name="computes")
def computes():
    end = time.thread_time() + 0.002
    while time.thread_time() < end:
        pass

@classify(name="handler")
async def handler(block_s):
    time.sleep(block_s)
    await asyncio.sleep(0)

def serve(block_s):
    asyncio.run(handler(block_s))
"""


LINUX = pytest.mark.skipif(sys.platform != "linux", reason="watching from outside reads Linux's /proc")


def run(pytester: pytest.Pytester, tests: str, *options: str) -> pytest.RunResult:
    pytester.makepyfile(test_shop=f"{MODULE}\n{tests}")
    return pytester.runpytest_inprocess("--strict-markers", *options)


def marked(limits: str, body: str, before: str = "pass") -> str:
    return f"""
def test_before():
    {before}

@pytest.mark.gilscope({limits})
def test_marked():
    {body}
"""


# ---- the table ----


def test_the_table_tells_what_the_calls_have_shown(pytester: pytest.Pytester) -> None:
    tests = "def test_shop():\n    for _ in range(12): waits()\n    computes()"
    result = run(pytester, tests, "--gilscope")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(
        [
            "*= gilscope: calls to decorated functions =*",
            "function * calls * wall * CPU * blocked  label * confidence",
            "waits * 12  * io-bound *%",
            "computes * 1  * inconclusive",
        ]
    )
    result.stdout.no_fnmatch_line("handler *")


def test_a_table_without_calls_says_so(pytester: pytest.Pytester) -> None:
    result = run(pytester, "def test_nothing(): pass", "--gilscope")
    result.stdout.fnmatch_lines(["no function decorated with @classify was called in this process"])


def test_without_the_option_there_is_no_table(pytester: pytest.Pytester) -> None:
    result = run(pytester, "def test_shop(): waits()")
    result.assert_outcomes(passed=1)
    result.stdout.no_fnmatch_line("*calls to decorated functions*")


def test_when_off_nothing_of_gilscope_is_loaded_but_the_plugin(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import sys

        def test_loaded():
            loaded = {name for name in sys.modules if name.startswith("gilscope")}
            assert loaded == {"gilscope", "gilscope.pytest_plugin", "gilscope.version"}
        """
    )
    alone = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}  # what else is installed takes long to load
    command = [sys.executable, "-m", "pytest", "-q", "-p", "gilscope"]
    done = subprocess.run(command, cwd=pytester.path, env=alone, capture_output=True, text=True)
    assert "1 passed" in done.stdout, done.stdout


def test_calls_of_marked_tests_are_in_the_table_too(pytester: pytest.Pytester) -> None:
    tests = marked('label="io-bound"', "for _ in range(20): waits()", "for _ in range(100): waits()")
    result = run(pytester, tests, "--gilscope")
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["waits * 120 *"])


# ---- the marker ----


@pytest.mark.parametrize(
    ("limits", "body"),
    [
        ('label="io-bound"', "for _ in range(20): waits()"),
        ('label="compute-bound"', "for _ in range(20): computes()"),
        ('max_loop_block="1h"', "serve(0.001)"),
        ('label="io-bound", max_loop_block="1h"', "for _ in range(20): waits(); serve(0.005)"),
        pytest.param("max_gil_share=0.5", "for _ in range(300): waits()", marks=LINUX),
    ],
)
def test_calls_within_their_limits_pass(pytester: pytest.Pytester, limits: str, body: str) -> None:
    run(pytester, marked(limits, body)).assert_outcomes(passed=2)


@pytest.mark.parametrize(
    ("limits", "body", "reason"),
    [
        (
            'label="io-bound"',
            "for _ in range(20): computes()",
            "gilscope: computes: it is compute-bound, not io-bound (confidence *): * of a call is computing*",
        ),
        (
            'label="mixed"',
            "waits()",
            "gilscope: waits: whether it is mixed is unknown: 1 call was measured, 10 are needed: 9 more will do*",
        ),
        ('max_loop_block="5ms"', "serve(0.05)", "gilscope: handler: it kept its event loop for * the limit is 5.00 ms"),
        (
            'max_loop_block="5ms"',
            "waits()",
            "gilscope: max_loop_block: unknown, for the test called no coroutine function *",
        ),
        (
            "max_gil_share=0.2",
            "waits()",
            "gilscope: waits: how long it holds the GIL is unknown, * (the limit is 20% of its wall clock): * "
            "gilscope analyze test_shop:waits measures it",
        ),
        pytest.param(
            "max_gil_share=0.2",
            "for _ in range(600): computes()",
            "gilscope: computes: it holds the GIL for * of its wall clock, the limit is 20%",
            marks=[LINUX, pytest.mark.timing],
        ),
        ('label="io-bound"', "pass", "gilscope: unknown, for the test called no function decorated with @classify"),
    ],
)
def test_calls_beyond_their_limits_fail_with_the_figures(
    pytester: pytest.Pytester, limits: str, body: str, reason: str
) -> None:
    result = run(pytester, marked(limits, body))
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines([reason, "function *calls *confidence" if body != "pass" else "no function *"])


def test_without_a_gil_none_is_held(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    for reader in (calls, made):
        monkeypatch.setattr(reader, "gil_enabled", lambda: False)
    run(pytester, marked("max_gil_share=0.2", "waits()")).assert_outcomes(passed=2)


def test_a_test_is_not_judged_by_the_calls_of_others(pytester: pytest.Pytester) -> None:
    result = run(pytester, marked('max_loop_block="1s"', "serve(0)", before="serve(1)"))
    result.assert_outcomes(passed=2)
    result = run(pytester, marked('label="io-bound"', "for _ in range(20): waits()", before="computes(); serve(0.01)"))
    result.assert_outcomes(passed=2)


def test_a_short_function_that_was_called_often_before_can_still_be_judged(pytester: pytest.Pytester) -> None:
    short = "f = classify(name='short')(lambda: None)"
    tests = marked('label="overhead-bound"', "for _ in range(20): f()", before="for _ in range(2000): f()")
    run(pytester, f"{short}\n{tests}").assert_outcomes(passed=2)


def test_a_single_long_block_among_many_short_ones_is_seen(pytester: pytest.Pytester) -> None:
    body = "[serve(0.05 if n == 300 else 0) for n in range(400)]"
    result = run(pytester, marked('max_loop_block="40ms"', body))
    result.assert_outcomes(passed=1, failed=1)


def test_functions_decorated_during_the_test_are_judged(pytester: pytest.Pytester) -> None:
    body = "f = classify(name='late')(lambda: time.sleep(0.002)); [f() for _ in range(20)]"
    result = run(pytester, marked('label="compute-bound"', body))
    result.stdout.fnmatch_lines(["gilscope: late: it is io-bound, not compute-bound *"])


def test_a_test_that_fails_by_itself_is_not_judged(pytester: pytest.Pytester) -> None:
    result = run(pytester, marked('label="io-bound"', "computes(); assert 1 == 2"))
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*assert 1 == 2"])
    result.stdout.no_fnmatch_line("gilscope: *")


def test_the_nearest_marker_wins_limit_by_limit(pytester: pytest.Pytester) -> None:
    module = 'pytestmark = pytest.mark.gilscope(label="compute-bound", max_loop_block="1h")\n'
    tests = module + '@pytest.mark.gilscope(label="io-bound")\ndef test_both():\n    for _ in range(20): waits()'
    result = run(pytester, tests)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["gilscope: max_loop_block: unknown, *"])
    result.stdout.no_fnmatch_line("*not compute-bound*")


def test_a_wrong_marker_is_a_usage_error(pytester: pytest.Pytester) -> None:
    result = run(pytester, marked("max_block='5ms'", "waits()"))
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        [
            "ERROR: test_shop.py::test_marked: @pytest.mark.gilscope: there is no limit 'max_block'; known are label, "
            "max_loop_block, max_gil_share"
        ]
    )


def test_the_marker_is_documented_by_pytest(pytester: pytest.Pytester) -> None:
    pytester.runpytest_inprocess("--markers").stdout.fnmatch_lines(["@pytest.mark.gilscope(label=None, *"])
