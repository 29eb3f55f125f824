"""From within which decorated function a call is made: the nearest one on the calling thread's stack, or none.

It is seen by the frames of the functions that stand in their place (`gilscope.production.template`), whether their
calls are measured or pass. What another thread or task does for a function is not called from within it.
"""

from __future__ import annotations

import sys

from gilscope.production.template import is_wrapper_code, spec_of

__all__ = ["LOOKED_AT", "nearest_caller"]

#: One of so many calls that are measured with all clocks is looked at, beyond the first: a look takes microseconds.
LOOKED_AT = 8
#: Frames looked through: beyond, the caller is not looked for.
MOST_FRAMES = 100


def nearest_caller() -> str:
    """The caller's spec, ``package.module:qualname``; an empty string without one. To be asked within the call."""
    frame, own = sys._getframe(1), True
    for _ in range(MOST_FRAMES):
        if is_wrapper_code(frame.f_code):
            if not own:
                return spec_of(frame.f_globals.get("__name__"), frame.f_code.co_qualname)
            own = False
        if frame.f_back is None:
            break
        frame = frame.f_back
    return ""
