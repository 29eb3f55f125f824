"""The record of a whole program that was watched from outside: its processes, threads and functions, who held the GIL
and who waited for it."""

from __future__ import annotations

from typing import Final, Literal

import msgspec

from gilscope.records.base import Record
from gilscope.records.captures import Capture
from gilscope.records.circumstances import Environment
from gilscope.records.ledgers import Account, Ledger
from gilscope.records.traces import Timeline
from gilscope.records.verdicts import Classification

__all__ = [
    "PROGRAM_SCHEMA",
    "STOPPED_WORLD",
    "Advice",
    "Blame",
    "BlockedLoop",
    "FunctionAccount",
    "GilShare",
    "GilTrack",
    "HeldGil",
    "Holder",
    "Limit",
    "LockWaits",
    "LoopAccount",
    "Period",
    "Place",
    "ProcessAccount",
    "ProgramRecord",
    "ProgramVerdict",
    "Sampling",
    "StateStack",
    "ThreadAccount",
]

PROGRAM_SCHEMA: Final = "gilscope.program/1"

#: See `LockWaits.owner`.
STOPPED_WORLD: Final = "stopped world"

#: What keeps a program from going faster.
Limit = Literal["gil", "cpus", "loop", "wait", "lock", "idle", "unclear"]


class Place(Record, frozen=True, kw_only=True):
    """A function, by where its code begins."""

    function: str
    """Its qualified name, with its module's where that is known from its file."""
    file: str
    line: int
    """The first of its code."""
    classified: str = ""
    """What `gilscope.classify` calls it; empty of one that is not known to be decorated."""

    @property
    def shown(self) -> str:
        """What people are told that it is called."""
        return self.classified or self.function


class GilShare(Record, frozen=True, kw_only=True):
    """One of the GILs of a process."""

    interpreters: tuple[int, ...]
    """That run under it."""
    held_ratio: float
    """The fraction of the watched time in which it was held."""
    switch_interval_s: float | None = None
    """As it was last set (`sys.setswitchinterval`). None in results of earlier versions."""


class ProcessAccount(Record, frozen=True, kw_only=True):
    """One process of the program: thread-seconds of all its threads, by state."""

    pid: int
    parent: int | None = None
    """None of the first."""
    command: str = ""
    python: str | None = None
    """Its version; None of a process that runs no Python, or one that could not be read."""
    gil_enabled: bool | None = None
    """Whether threads need a GIL to run Python; None where that is not known."""
    interpreters: int = 0
    threads: int = 0
    """That were seen, those included that ended meanwhile."""
    began_s: float = 0.0
    """When it was first seen, since the watching began."""
    watched_s: float = 0.0
    """The wall clock for which it was."""
    stopped_s: float = 0.0
    """Of that, while a signal or a debugger had stopped all its threads, as sampled."""
    short_lived_cpu_s: float = 0.0
    """CPU time, by the kernel, of threads that came and went between two looks at which there are: it is in none of the
    account's states."""
    ended: bool = False
    """Whether it had ended before the watching did."""
    account: Ledger = Ledger()
    """``own_threads_cpu_s`` is that of threads which Python does not know, a part of ``cpu_free_s``."""
    gils: tuple[GilShare, ...] = ()
    """Each of its GILs, that of the main interpreter first: the account's ``gil_held_ratio`` is their average."""
    unseen: str | None = None
    """Why its GIL and functions are unknown; None where they are known."""

    @property
    def most_held_ratio(self) -> float | None:
        """Of the GIL that was held most; None when unknown."""
        return max((gil.held_ratio for gil in self.gils), default=self.account.gil_held_ratio)


class ThreadAccount(Record, frozen=True, kw_only=True):
    """One thread: its seconds by state. Of thousands that have ended, those of a kind together."""

    pid: int
    tid: int
    """Below 0 of many together: no thread's."""
    name: str = ""
    native: bool = False
    """Whether Python does not know it."""
    began_in: Place | None = None
    """The outermost function that was seen on its stack, those of `threading` left out: what it was started for."""
    ended: bool = False
    threads: int = 1
    """How many: of more, the name is that of one, which others' differ from by numbers; seconds are those of all."""
    account: Ledger = Ledger()


class FunctionAccount(Record, frozen=True, kw_only=True):
    """One function in all threads of the program: thread-seconds while it ran itself, and with what it called."""

    place: Place
    own: Account = Account()
    """While it was innermost of the functions seen."""
    total: Account = Account()
    """While it was anywhere on the stack."""
    samples: int = 0
    classification: Classification | None = None
    """Of what it does with what it calls, by the rule that judges an analyzed function; None of one that was waiting
    for work, or seen too seldom."""
    made_wait_s: float = 0.0
    """Thread-seconds that others waited for the GIL while it held it."""
    told_s: float | None = None
    """Thread-seconds, none idle, of stacks that are told of it: itself, and the libraries that it called. Those of all
    functions come to all that the program did. None in results of earlier versions."""


class Blame(Record, frozen=True, kw_only=True):
    """Who waited for the GIL while who held it."""

    waiting: Place | None
    """None where the waiting thread's stack could not be read."""
    holding: Place | None
    """None where nobody was seen to hold it, or a thread whose stack could not be read."""
    waited_s: float
    """Thread-seconds."""
    low_s: float = 0.0
    high_s: float = 0.0
    """Between which the true figure lies, in 95% of cases."""
    threads: int = 1
    """That waited."""


class HeldGil(Record, frozen=True, kw_only=True):
    """The holds of the GIL by one function: each from one hand-over to the next, as far as samples tell."""

    place: Place
    count: int
    """That were seen: short ones mostly are not."""
    held_s: float
    p50_s: float
    p99_s: float
    longest_s: float
    """As sampled: too short by up to two sampling intervals."""
    longest_at_s: float = 0.0
    """When that one was first seen, since the watching began."""
    stack: tuple[str, ...] = ()
    """Of the longest one, outermost first: ``function (file:line)``."""
    made_wait_s: float = 0.0
    blocked_s: float = 0.0
    """Of ``held_s``, while the holder was blocked itself."""
    blocked_in: str | None = None
    """The state in which it mostly was, then."""
    unyielding_ratio: float | None = None
    """Of the time of holds that others wanted, the share in those that went on for longer than a switch interval while
    the holder ran: in native code, for Python gives the GIL up after one. None where nobody wanted it."""


class BlockedLoop(Record, frozen=True, kw_only=True):
    """What kept an event loop from running anything else for long."""

    place: Place
    """The function innermost in the loop's callback that is the program's own; where the loop waited for the GIL
    (``state``), the one that held it, in another thread."""
    line: int
    """In which it mostly was."""
    callback: Place
    """The coroutine or callback that the loop ran; its own function, where it waited for the GIL before it ran any."""
    count: int
    """That were seen: short ones mostly are not."""
    longest_s: float
    """As sampled: too short by up to two sampling intervals."""
    total_s: float
    """Of all, short ones too."""
    state: str
    """In which state it mostly was meanwhile."""
    stack: tuple[str, ...] = ()


class LoopAccount(Record, frozen=True, kw_only=True):
    """One thread that runs an event loop."""

    pid: int
    tid: int
    name: str = ""
    observed_s: float
    """For which its moments stand."""
    watched_s: float | None = None
    """The same, with what was missed (`Sampling.missed`) made good. None in results of earlier versions."""
    running_s: float
    """Of ``observed_s``, in callbacks, or waiting for the GIL or a CPU, rather than for events."""
    lag_p50_s: float | None = None
    lag_p99_s: float | None = None
    lag_longest_s: float | None = None
    """How long what became ready at a random moment had to wait for the callback that ran then."""
    blocked: tuple[BlockedLoop, ...] = ()
    """The longest first."""


class LockWaits(Record, frozen=True, kw_only=True):
    """Waits for one lock other than the GIL."""

    pid: int
    address: int | None = None
    """None where locks are not told apart: before CPython 3.13.1."""
    owner: str | None = None
    """In a build of Python without a GIL, the type of the object whose own lock it is, as ``dict``; `STOPPED_WORLD` of
    waits of threads that another has stopped together with all others, to collect garbage, say. None of other locks."""
    waited_s: float
    """Thread-seconds."""
    threads: int
    """That waited."""
    waiting: tuple[tuple[Place, float], ...] = ()
    """Where, with thread-seconds; the most first."""


class Period(Record, frozen=True, kw_only=True):
    """A stretch of the program's time."""

    at_s: float
    """When it began, since the watching did."""
    lasted_s: float
    gil_held_ratio: float | None = None
    """Of the GIL that was held most."""
    gil_waiting: float | None = None
    """Threads that waited for the GIL, on average."""
    cpus_used: float | None = None
    runqueue: float | None = None
    """Threads that were ready and given no CPU, on average."""
    threads: int = 0


class Holder(Record, frozen=True, kw_only=True):
    """Who held a GIL: a function, and how it was called."""

    place: Place | None
    """None of a thread whose stack could not be read."""
    stack: tuple[str, ...] = ()
    """Outermost first: ``function (file:line)``, the line being the first of its code."""


class GilTrack(Record, frozen=True, kw_only=True):
    """Who held one GIL in the course of time."""

    pid: int
    interpreters: tuple[int, ...] = (0,)
    """That run under it."""
    edges_s: tuple[float, ...] = ()
    """Since the watching began, rising; one more than there are holders."""
    holders: tuple[int | None, ...] = ()
    """From each edge to the next who held it for most of the time, by number in `ProgramRecord.holders`; -1 where it
    was free for more than half of it, None where nobody looked."""


class StateStack(Record, frozen=True, kw_only=True):
    """A stack, and the thread-seconds in one state."""

    frames: tuple[str, ...]
    """Outermost first: ``function (file:line)``."""
    state: str
    seconds: float


class Sampling(Record, frozen=True, kw_only=True):
    """How well it was watched, and what that cost."""

    moments: int = 0
    asked_hz: float | None = None
    achieved_hz: float | None = None
    missed: int = 0
    """Moments skipped because the sampler woke too late or its budget was spent."""
    dropped: int = 0
    """Moments at which the GIL changed hands while it was read: they tell no blame."""
    torn: int = 0
    """Stacks that changed while they were read, and were not believed."""
    errors: dict[str, int] = msgspec.field(default_factory=dict)
    """Readings that failed, by what was read."""
    cpu_s: float | None = None
    """That the sampler used itself."""
    notes: tuple[str, ...] = ()
    """What could not be told here, and why."""


class Advice(Record, frozen=True, kw_only=True):
    """One thing to do about it."""

    name: str
    """A slug, as of a finding."""
    sentence: str
    to_win_s: float
    """Thread-seconds of the watched time that would not be waited any more, at most."""
    place: Place | None = None
    command: str | None = None
    """To type next."""
    takes_arguments: bool = True
    """Whether the function that it analyzes can be given any, of which real ones are to be kept before. True where that
    is unknown, as in results of earlier versions."""
    brief: str = ""
    """What is so and what to do about it, in a line; empty in results of earlier versions."""


class ProgramVerdict(Record, frozen=True, kw_only=True):
    """What limits the program, in a sentence, and what to do about it."""

    limit: Limit
    sentence: str
    advice: tuple[Advice, ...] = ()
    """By the seconds to be won."""


class ProgramRecord(Record, frozen=True, kw_only=True):
    """Everything that watching a program told."""

    schema: str = PROGRAM_SCHEMA
    created: str
    """ISO 8601, UTC."""
    command: str
    """The program's, in a line."""
    argv: tuple[str, ...] = ()
    """The same as it was typed, word by word; empty where that is unknown, as in results of earlier versions."""
    environment: Environment
    watched_s: float
    exit_status: int | None = None
    """None of a program that goes on; negative of one that a signal ended, as `subprocess` tells it."""
    interrupted: bool = False
    settings: dict[str, str | float | None] = msgspec.field(default_factory=dict)
    account: Ledger = Ledger()
    """Of all processes together."""
    processes: tuple[ProcessAccount, ...] = ()
    threads: tuple[ThreadAccount, ...] = ()
    threads_left_out: int = 0
    """Further threads, which used the least."""
    functions: tuple[FunctionAccount, ...] = ()
    blame: tuple[Blame, ...] = ()
    holds: tuple[HeldGil, ...] = ()
    loops: tuple[LoopAccount, ...] = ()
    locks: tuple[LockWaits, ...] = ()
    periods: tuple[Period, ...] = ()
    timeline: Timeline | None = None
    gils: tuple[GilTrack, ...] = ()
    holders: tuple[Holder, ...] = ()
    stacks: tuple[StateStack, ...] = ()
    sampling: Sampling = Sampling()
    capture: Capture | None = None
    """None where none was asked for."""
    verdict: ProgramVerdict
