"""Accounts: where seconds went, by state."""

from __future__ import annotations

from typing import Final

from gilscope.records.base import Record

__all__ = ["STATES", "WAIT_STATES", "Account", "Demands", "Ledger", "ShareInterval"]

#: The states a worker thread can be in. Their seconds sum to the thread's wall clock. The order is the order in
#: which every report shows them.
STATES: Final = (
    "cpu_gil",  # on a CPU, holding the GIL
    "cpu_free",  # on a CPU without the GIL
    "gil_wait",  # blocked, wanting the GIL
    "runqueue",  # runnable, but given no CPU
    "network",  # blocked on a socket
    "disk",  # blocked on a file or a page fault
    "sleep",  # asleep for a time it chose
    "lock",  # blocked on a lock other than the GIL
    "child",  # blocked on a process it started
    "other",  # blocked on something else
    "idle",  # blocked outside any call: waiting for the executor to hand it one
)

#: The states in which the thread is blocked inside a call on something other than the interpreter or the machine.
WAIT_STATES: Final = ("network", "disk", "sleep", "lock", "child", "other")


class Account(Record, frozen=True, kw_only=True):
    """Seconds by state. Conservation: ``cpu_s + runqueue_s + blocked_s == wall_s``."""

    wall_s: float = 0.0
    cpu_s: float = 0.0
    """On a CPU: ``cpu_gil_s + cpu_free_s`` where the split is known."""
    blocked_s: float = 0.0
    """Off the CPU by its own doing: ``gil_wait_s``, the waits and ``idle_s`` where the split is known. With the
    psutil instrument it includes the run queue, which psutil cannot tell apart."""
    cpu_gil_s: float | None = None
    cpu_free_s: float | None = None
    gil_wait_s: float | None = None
    runqueue_s: float | None = None
    network_s: float | None = None
    disk_s: float | None = None
    sleep_s: float | None = None
    lock_s: float | None = None
    child_s: float | None = None
    other_s: float | None = None
    idle_s: float | None = None
    own_threads_cpu_s: float | None = None
    """CPU of threads the target's libraries started themselves (BLAS, DuckDB, Polars); beside the wall clock."""
    children_cpu_s: float | None = None
    """CPU of processes the target started; beside the wall clock."""
    gil_held_off_cpu_s: float | None = None
    """Held the GIL while blocked; a part of the wait states above, not an addition to them."""

    def state_s(self, state: str) -> float | None:
        """Seconds in ``state``, one of `STATES`; None when unknown."""
        value: float | None = getattr(self, f"{state}_s")
        return value

    def share(self, state: str) -> float | None:
        """The fraction of the wall clock spent in ``state``; None when unknown or when there is no wall clock."""
        seconds = self.state_s(state)
        return None if seconds is None or self.wall_s <= 0 else seconds / self.wall_s

    @property
    def wait_s(self) -> float | None:
        """Seconds blocked inside calls on the outside world (`WAIT_STATES`); None when the split is unknown."""
        parts = [self.state_s(state) for state in WAIT_STATES]
        known = [part for part in parts if part is not None]
        return sum(known) if len(known) == len(parts) else None


class ShareInterval(Record, frozen=True, kw_only=True):
    """Between which shares of the wall clock a state of the ledger lies, in 95% of cases."""

    state: str
    low: float
    high: float


class Ledger(Account, frozen=True, kw_only=True):
    """Where the wall clock of a trial's worker threads went, summed over the threads, in its observed rounds."""

    threads: int = 0
    samples: int = 0
    """Samples taken of each thread (the moments, not moments × threads)."""
    calls: int = 0
    gil_held_s: float | None = None
    """Seconds in which anybody held the GIL, of ``gil_observed_s`` (wall clock × interpreters)."""
    gil_observed_s: float | None = None
    longest_hold_s: float | None = None
    """The longest that one thread kept the GIL while another wanted it, without passing it on in between: as sampled,
    so that it reads too short by up to two sampling intervals. Python code passes it on when asked, a switch
    interval after another wanted it; what is much longer is C code that does not let go (json, re, pickle), or a holder
    that was given no CPU."""
    cpu_samples: int | None = None
    """Samples of all threads together that tell how ``cpu_s`` divides."""
    blocked_samples: int | None = None
    """Those that tell how ``blocked_s`` divides."""
    intervals: tuple[ShareInterval, ...] = ()
    """Of each sampled state; exact ones have none."""
    driver_cpu_s: float | None = None
    """CPU of the threads that feed the workers: the submitting thread, the queue's feeder, the event loop."""

    @property
    def gil_held_ratio(self) -> float | None:
        """The fraction of the watched time in which the GIL was held; None when unknown."""
        if self.gil_held_s is None or not self.gil_observed_s:
            return None
        return self.gil_held_s / self.gil_observed_s


class Demands(Account, frozen=True, kw_only=True):
    """What one call asks of each resource: the solo ledger divided by its calls (service demands)."""

    calls: int = 0
    """Calls the average is taken over."""
    accelerator_s: float | None = None
    """Of ``other_s``, what the call waits for an accelerator that it has open, the spinning of its driver included,
    which a ledger tells as ``cpu_free_s``. None where it waits for none."""
