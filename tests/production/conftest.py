"""Every test begins with nothing counted."""

from __future__ import annotations

import pytest

from gilscope.production import forks


@pytest.fixture(autouse=True)
def _anew() -> None:
    forks.forget()
