"""What is said of an error of gilscope's own: enough to mend it, and nothing that is the user's."""

from __future__ import annotations

import os
import platform

import pytest

from gilscope import __version__
from gilscope.cli.own_error import report_of, typed


def _raised(message: str) -> BaseException:
    try:
        raise KeyError(message)
    except KeyError as error:
        return error


def test_the_report_has_versions_platform_command_and_traceback() -> None:
    report = report_of(_raised("nobody thought of it"), ["analyze", "shop.orders:price", "--budget", "5s"])
    for told in (
        f"gilscope {__version__}, CPython {platform.python_version()}, {platform.platform()}",
        "psutil ",
        "$ gilscope analyze shop.orders:price --budget 5s\n",
        f"line {_raised.__code__.co_firstlineno + 2}, in _raised\n",
        "KeyError: 'nobody thought of it'\n",
    ):
        assert told in report
    assert report.startswith("gilscope: this is an error of gilscope's own")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["analyze", "a b:f"], "gilscope analyze 'a b:f'"),
        (
            ["analyze", "x:f", "--broker", "redis://me:s3cret@host/1"],
            "gilscope analyze x:f --broker redis://***@host/1",
        ),
        (["analyze", "x:f", "--broker=redis://:s3cret@host"], "gilscope analyze x:f --broker=redis://***@host"),
        (["analyze", "x:f", "--kwarg", "token='s3cret'"], "gilscope analyze x:f --kwarg token=***"),
        (["analyze", "x:f", "--arg='s3cret'", "-q"], "gilscope analyze x:f --arg=*** -q"),
        (["run", "-q", "work.py", "--password", "s3cret"], "gilscope run -q work.py ***"),
        (["run", "-m", "shop.serve", "s3cret"], "gilscope run -m shop.serve ***"),
        (["run", "-c", "login('s3cret')"], "gilscope run -c ***"),
        (["--color", "never", "run", "work.py", "s3cret"], "gilscope --color never run work.py ***"),
        (["top", "--", "work", "s3cret"], "gilscope top -- work ***"),
        ([], "gilscope"),
    ],
)
def test_the_command_is_told_without_what_may_be_secret(arguments: list[str], told: str) -> None:
    assert typed(arguments) == told


def test_neither_a_password_in_the_error_nor_the_user_s_home_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    home = os.path.dirname(os.path.dirname(__file__))
    monkeypatch.setenv("HOME", home)
    report = report_of(_raised("cannot reach redis://me:s3cret@host/1"), [])
    assert "redis://***@host/1" in report
    assert home not in report
    assert f'File "~{os.sep}' in report


def test_it_is_sent_where_the_package_says(monkeypatch: pytest.MonkeyPatch) -> None:
    class Metadata:
        @staticmethod
        def get_all(name: str) -> list[str] | None:
            return {"Project-URL": ["Homepage, https://here", "Issues, https://here/issues"]}.get(name)

    monkeypatch.setattr("gilscope.cli.own_error.metadata.metadata", lambda _: Metadata)
    assert "to https://here/issues:\n" in report_of(_raised("x"), [])
    monkeypatch.setattr(Metadata, "get_all", lambda _: None)
    assert "to gilscope's issue tracker:\n" in report_of(_raised("x"), [])
