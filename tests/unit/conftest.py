"""What tests of several files look at."""

from __future__ import annotations

import pytest

from gilscope.observers import sampler

from .scene import Scene


@pytest.fixture
def scene(monkeypatch: pytest.MonkeyPatch) -> Scene:
    made = Scene()
    monkeypatch.setattr(sampler, "thread_files", lambda pid, tid: made)
    monkeypatch.setattr(sampler, "Interpreter", lambda of, layout: made)
    return made
