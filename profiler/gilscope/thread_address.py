"""How a thread is found from outside its process. Workers import this."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["ThreadAddress"]


@dataclass(frozen=True)
class ThreadAddress:
    """A thread as it makes itself known to an observer. Addresses are 0 where the platform does not tell them."""

    pid: int
    tid: int
    thread_state: int
    """Address of the thread's PyThreadState: the GIL's last holder is compared with it."""
    runtime: int
    """Address of ``_PyRuntime`` in its process."""
    busy: int
    """Address of the byte that is 1 while the thread is inside a chunk of calls; of a thread of a program that is
    observed, of all that it publishes (`gilscope.observers.functions`)."""
    interpreter: int = 0
    """Address of the thread's PyInterpreterState where that may have a GIL of its own; 0 for the main interpreter,
    whose GIL is the one in ``_PyRuntime``."""
