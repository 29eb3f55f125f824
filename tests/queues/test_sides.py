"""Secret files, and who may work for whom."""

from __future__ import annotations

import os
from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest

from gilscope import __version__
from gilscope.errors import UsageError
from gilscope.options import Options
from gilscope.queues.extension import Queues
from gilscope.queues.remote.sides import Side, derived, machine_identity
from gilscope.secret_files import read_secret

URL = "redis://127.0.0.2:6379/0"


def test_a_secret_is_made_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    made = read_secret(path, create=True)
    assert len(made) == 32
    assert path.stat().st_mode & 0o777 == 0o600
    assert read_secret(path, create=True) == read_secret(path) == made
    assert read_secret(tmp_path / "other", create=True) != made


@pytest.mark.parametrize(
    ("text", "mode", "told"),
    [
        (None, 0o600, "cannot be read.*gilscope analyze writes it"),
        ("ab" * 32, 0o640, r"others may read.*its mode is 640.*chmod 600"),
        ("ab" * 31, 0o600, "holds no secret"),
        ("", 0o600, "holds no secret"),
        ("password", 0o600, "holds no secret"),
        ("\N{KEY}", 0o600, "cannot be read"),
    ],
)
def test_what_is_no_secret_is_refused(tmp_path: Path, text: str | None, mode: int, told: str) -> None:
    path = tmp_path / "secret"
    if text is not None:
        path.write_text(text, encoding="utf-8")
        path.chmod(mode)
    with pytest.raises(UsageError, match=told):
        read_secret(path)


def test_each_trial_has_a_secret_of_its_own() -> None:
    assert len({derived(*of) for of in product((b"a", b"b"), ("A", "B"), ("gilscope-1", "gilscope-2"))} | {b"a"}) == 9


def test_what_differs_is_told_and_nothing_else() -> None:
    here = Side.here()
    assert here.gilscope == __version__
    assert replace(here, host="other").mismatch(here) is None
    older = replace(here, host="old", python="3.9")
    assert older.mismatch(here) == (
        f"the host old has python 3.9, the analysis on {here.host} python {here.python}: install the same there"
    )


def test_one_process_is_in_one_place() -> None:
    told = machine_identity()
    assert told == machine_identity()
    assert told is None or os.readlink("/proc/self/ns/pid") in told


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"remote_workers": 0, "secret_file": "s"}, "remote_workers 0 makes no sense"),
        ({"remote_workers": 2}, "go together"),
        ({"secret_file": "s"}, "go together"),
        ({"remote_workers": 2, "secret_file": "s"}, "need a broker"),
        ({"remote_workers": 2, "secret_file": "s", "broker": URL}, "run the backend rq-simple"),
        (
            {"remote_workers": 2, "secret_file": "s", "broker": URL, "backends": ("rq-simple",), "rtt_s": 0.1},
            "rtt stands for a network",
        ),
    ],
)
def test_options_that_do_not_go_together(
    options: dict[str, object], told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GILSCOPE_BROKER", raising=False)
    with pytest.raises(UsageError, match=told):
        Queues(Options(**options))  # type: ignore[arg-type]


def test_trials_are_told_where_the_secret_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GILSCOPE_BROKER", URL)
    options = Options(remote_workers=2, secret_file="s", backends=("rq-simple",))
    assert Queues(options).environment == {"GILSCOPE_SECRET_FILE": os.path.abspath("s")}
