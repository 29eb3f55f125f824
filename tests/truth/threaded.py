"""A program that has a thread of its own from the moment it is imported."""

from __future__ import annotations

import threading

threading.Thread(target=threading.Event().wait, daemon=True).start()


def nothing() -> None:
    """Does nothing."""
