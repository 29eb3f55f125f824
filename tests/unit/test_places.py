"""Paths in reports."""

from __future__ import annotations

import os
import sysconfig
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gilscope.analysis.places import known_places, shortened

PLACES = {"/home/her/": "~/", "/home/her/work/": "", "/usr/lib/python3.11/": "<python>/"}


def test_the_longest_place_counts() -> None:
    assert shortened("/home/her/work/shop/orders.py", PLACES) == "shop/orders.py"
    assert shortened("/home/her/other.py", PLACES) == "~/other.py"
    assert shortened("/srv/app.py", PLACES) == "/srv/app.py"


def test_every_path_in_a_traceback_is_told_shortly() -> None:
    text = 'File "/usr/lib/python3.11/json/decoder.py", line 1\nFile "/home/her/work/a.py", line 2'
    assert shortened(text, PLACES) == 'File "<python>/json/decoder.py", line 1\nFile "a.py", line 2'


def test_this_interpreter_and_this_folder_are_known() -> None:
    places = known_places()
    assert shortened(f"{os.getcwd()}/program.py", places) == "program.py"
    assert shortened(f"{sysconfig.get_path('stdlib')}/json/decoder.py", places) == "<python>/json/decoder.py"


@given(st.text())
def test_the_root_folder_is_nobodys_place(text: str) -> None:
    assert shortened(text, {"/": ""}) == text


def test_where_there_is_neither_a_home_nor_a_working_folder_paths_are_told_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A user id without an entry in the list of users, as containers have; a target that deleted its working folder."""

    def nobody() -> Path:
        raise RuntimeError("Could not determine home directory.")

    (gone := tmp_path / "gone").mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    monkeypatch.setattr(Path, "home", nobody)
    assert set(known_places().values()) == {"<site-packages>/", "<python>/"}
