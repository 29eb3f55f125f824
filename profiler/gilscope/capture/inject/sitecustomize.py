"""What an interpreter runs first whose program's calls are captured: begin, and leave no trace but that.

The folder of this file was put on ``PYTHONPATH``; what the program finds in ``sys.path`` is what it would be without.
The user's own ``sitecustomize``, if there is one, is imported in the place of this module: whatever it does, prints or
raises, it does as ever.
"""

import os
import sys


def _begin() -> None:
    """Never raises, and never prints: this is before the user's program begins."""
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
    sys.path.insert(0, root)
    try:
        from gilscope.capture.beginning import begin

        begin()
    except Exception:
        return  # a Python that is too old for it, say: the report tells which processes were not reached
    finally:
        sys.path.remove(root)


if os.environ.get("GILSCOPE_CAPTURE") and __name__ == "sitecustomize":
    _folder = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [entry for entry in sys.path if entry != _folder]
    sys.path_importer_cache.pop(_folder, None)
    _begin()
    del sys.modules["sitecustomize"]
    import sitecustomize  # type: ignore[import-not-found]  # noqa: F401  the user's: where there is none, the error is what site expects then
