"""How observed rounds are watched, and what becomes of that where it cannot be."""

from __future__ import annotations

import random
from dataclasses import dataclass

from gilscope.errors import UsageError
from gilscope.observers.descriptor_limit import OUT_OF_DESCRIPTORS
from gilscope.observers.gil import Gil
from gilscope.observers.psutil_ import PsutilObserver
from gilscope.observers.untold import untold_here
from gilscope.observers.watch import ProcObserver
from gilscope.thread_address import ThreadAddress
from gilscope.units import counted

__all__ = ["Observer", "Watching", "does_not_work"]

Observer = ProcObserver | PsutilObserver


def does_not_work(observer: str, why: str) -> UsageError:
    """That of an observer that was asked for by name, for which no other is taken unasked."""
    return UsageError(
        f"--observer {observer} does not work here: {why}. --observer auto takes the best that does; gilscope doctor "
        "tries them all"
    )


@dataclass
class Watching:
    """How observed rounds are watched; falls back, with the reason, when a worker may not be.

    :raises UsageError: from any of its methods, in the place of falling back, where ``required``
    """

    gil: Gil
    rate_hz: float
    rng: random.Random
    source: str = "proc"
    reason: str | None = None
    gil_enabled_by: str | None = None
    """The module that enabled the GIL while the target was imported or called; None where none did."""
    required: bool = False
    """Whether /proc was asked for by name."""

    def __post_init__(self) -> None:
        if self.source == "proc":
            for reason in untold_here(self.gil).reasons:
                self._say(reason)

    def observer(self, root: int, workers: tuple[ThreadAddress, ...]) -> Observer:
        """The best observer these workers permit."""
        if self.source == "proc":
            try:
                return ProcObserver(root, workers, self.gil, self.rate_hz, self.rng)
            except OSError as error:
                if error.errno in OUT_OF_DESCRIPTORS:  # of these workers, maybe not of the next
                    few = f"{counted(len(workers), 'worker')} not watched by /proc, for no more files can be opened"
                    self._fall_back(f"{few} ({error.strerror}; see ulimit -n)")
                else:
                    self.refuse(f"/proc does not let the workers be watched ({error.strerror})")
        return PsutilObserver(workers)

    def refuse(self, why: str) -> None:
        """Watch without /proc from now on."""
        self._fall_back(why, "blocked time is undivided")
        self.source = "psutil"

    def believe_in_gil(self, module: str | None = None) -> None:
        """The interpreter has one after all, since something was imported; where it is was not looked for."""
        self.gil_enabled_by = module or "a module that was imported"
        self._fall_back(f"{self.gil_enabled_by} enabled the GIL", "who holds it is unknown")
        self.gil = Gil()

    def _fall_back(self, why: str, so: str = "") -> None:
        if self.required:
            raise does_not_work("proc", why)
        self._say(f"{why}: {so}" if so else why)

    def _say(self, why: str) -> None:
        self.reason = why if self.reason is None else f"{self.reason}; {why}"
