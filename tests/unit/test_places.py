"""Paths in reports."""

from __future__ import annotations

import os
import sysconfig

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
