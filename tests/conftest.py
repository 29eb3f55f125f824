"""What holds for every test."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest
from hypothesis import settings

from tests.leftovers import leaving_nothing

# How long an example takes is the machine's affair: no test is judged by absolute times.
settings.register_profile("gilscope", deadline=None)
settings.load_profile("gilscope")

# Under nohup and in a script's background jobs these are ignored, and what the tests start would inherit that; what is
# handled here is not ignored there.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
for _name in ("SIGHUP", "SIGQUIT"):
    _number = getattr(signal, _name, None)  # Windows has neither
    if _number is not None and signal.getsignal(_number) is signal.SIG_IGN:
        signal.signal(_number, lambda *_: None)


@pytest.fixture(scope="session", autouse=True)
def _nothing_is_left() -> Iterator[None]:
    with leaving_nothing():
        yield
