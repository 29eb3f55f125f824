"""Every test begins with nothing counted."""

from __future__ import annotations

import pytest

from gilscope.production.function import functions


@pytest.fixture(autouse=True)
def _anew() -> None:
    for function in functions():
        function.forget()
