"""Starts an observer process that leaves the CPUs to others meanwhile: ``python -m gilscope.observers.patient_start
NUMBER``.

What it imports takes longer than many a request of the service that it will watch. A thread imports that, at the lowest
priority: what has lowered its own may not raise it again, and the samples must be taken in time.
"""

from __future__ import annotations

import importlib
import os
import threading
from contextlib import suppress

__all__ = ["main"]

LOWEST_PRIORITY = 19
_OBSERVER = "gilscope.observers.observer_process"


def _import_patiently() -> None:
    with suppress(OSError):  # it takes no privilege; where it is forbidden all the same, it is not done
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), LOWEST_PRIORITY)
    importlib.import_module(_OBSERVER)


def main() -> None:
    """Import the observer, and be it."""
    thread = threading.Thread(target=_import_patiently)
    thread.start()
    thread.join()
    importlib.import_module(_OBSERVER).main()


if __name__ == "__main__":
    main()
