"""What a process and the observer process that samples it say to each other, over a socket (SOCK_SEQPACKET: a message
is whole or not there).

The watched process sends `Start`, then a `Thread` for each of its threads; it is answered by `Refused`, or else by a
`Report` each second, and at once when asked to `Tell`. When the watched process shuts its end,
the last report follows.
"""

from __future__ import annotations

import msgspec

from gilscope.observers.functions import Seen
from gilscope.thread_address import ThreadAddress

#: Bytes of a message at most.
LARGEST = 1 << 17


class Start(msgspec.Struct, tag=True, frozen=True):
    """Watch this process, the sender."""

    pid: int
    runtime: int
    python: str
    gil_enabled: bool
    rate_hz: float


class Thread(msgspec.Struct, tag=True, frozen=True):
    """A thread of it."""

    address: ThreadAddress
    begin: int = 0
    """What is added to the numbers of the functions that it publishes: interpreters number theirs apart."""


class Tell(msgspec.Struct, tag=True, frozen=True):
    """Report what was seen by now."""


class Refused(msgspec.Struct, tag=True, frozen=True):
    """It cannot be watched."""

    reason: str


class Report(msgspec.Struct, tag=True, frozen=True):
    """What was seen since the last report, by the functions' numbers."""

    seen: dict[int, Seen]
    asked: bool = False
    """Whether it answers `Tell`."""
    trouble: str | None = None
    """Why not all was seen, for people."""


Request = Start | Thread | Tell
Reply = Refused | Report

encode = msgspec.msgpack.encode
decode_request = msgspec.msgpack.Decoder(Request).decode
#: The replies hold counters, which msgspec gives as plain dictionaries.
decode_reply = msgspec.msgpack.Decoder(Reply, dec_hook=lambda kind, value: kind(value)).decode
