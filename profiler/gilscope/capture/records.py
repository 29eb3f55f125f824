"""The file of captured calls that each process writes: records one after the other, each signed together with all
before it.

A record that is written stays, however the process ends; at worst the last one is not whole, and is left out. A place
of the sample that is given to another call is another record: there are most * (1 + ln(calls / most)) of them for each
function on the average, however long the program runs.

Unpickling runs code, so nothing is unpickled that is not signed with the key of its run, which is derived from a
secret of the user's that is not in the folder (`gilscope.capture.folder`): a file that came from elsewhere has no such
signature, whoever owns it here.
"""

from __future__ import annotations

import hmac
import json
import struct
from hashlib import blake2b

TYPE_CHECKING = False  # type checkers take it for True; importing typing would take longer than all the rest
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

__all__ = ["MAGIC", "Call", "ForeignError", "Heading", "Record", "Signer", "Totals", "read_records"]

MAGIC = b"gilscope.calls/1\n"
DIGEST_BYTES = 16
_LENGTH = struct.Struct(">I")
#: What it is, which function's, the place in the sample, the kind of call, and how many of that kind there were.
_CALL = struct.Struct(">cHIHQ")


class ForeignError(ValueError):
    """It is not what gilscope wrote here."""


class Heading:
    """Of a file: whose it is."""

    def __init__(self, run: str, pid: int, python: str, main: str | None, specs: list[str]) -> None:
        self.run = run
        self.pid = pid
        self.python = python
        """Major and minor version, as in ``3.12``."""
        self.main = main
        """The path, or the module's name, of what was ``__main__``."""
        self.specs = specs


class Call:
    """One call that was kept."""

    def __init__(self, spec: int, slot: int, stratum: int, calls: int, data: bytes) -> None:
        self.spec = spec
        """The position of its function among the heading's."""
        self.slot = slot
        """Its place in the sample: a later one takes it away from an earlier one."""
        self.stratum = stratum
        self.calls = calls
        """Calls of its stratum until then."""
        self.data = data


class Totals:
    """What a process has counted of one function."""

    def __init__(
        self,
        spec: int,
        calls: int = 0,
        passed: int = 0,
        strata: dict[str, int] | None = None,
        refused: dict[str, int] | None = None,
        file: str = "",
        whole: bool = False,
    ) -> None:
        self.spec = spec
        self.calls = calls
        """That began while they were looked at."""
        self.passed = passed
        """Of these, that were not considered: capturing had had its time, or its room."""
        self.strata = strata or {}
        """Calls that were considered, by the number of their stratum."""
        self.refused = refused or {}
        """Calls that could not be pickled, by the reason."""
        self.file = file
        """Where the function is defined."""
        self.whole = whole
        """Whether all calls until the end of the process were looked at and are counted."""


Record = Call | Totals


class Signer:
    """Makes the records of one file, in their order; each follows the one that was `written` last."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._last = self._made = b""

    def written(self) -> None:
        """What was made last is in the file."""
        self._last = self._made

    def heading(self, heading: Heading) -> bytes:
        return MAGIC + self._signed(json.dumps(vars(heading)).encode())

    def call(self, call: Call) -> bytes:
        return self._signed(_CALL.pack(b"C", call.spec, call.slot, call.stratum, call.calls) + call.data)

    def totals(self, totals: Totals) -> bytes:
        return self._signed(b"T" + json.dumps(vars(totals)).encode())

    def _signed(self, body: bytes) -> bytes:
        self._made = _digest(self._key, self._last, body)
        return _LENGTH.pack(len(body)) + body + self._made


def _digest(key: bytes, last: bytes, body: bytes) -> bytes:
    made = blake2b(last, key=key, digest_size=DIGEST_BYTES)
    made.update(body)
    return made.digest()


def read_records(data: bytes, key_of: Callable[[str], bytes]) -> tuple[Heading, list[Record], bool]:
    """The heading, the records, and whether the last one is whole.

    :param key_of: the key of a run
    :raises ForeignError: when it is none of gilscope's, or not signed with the key of its run
    """
    if not data.startswith(MAGIC):
        raise ForeignError("it is no file of captured calls")
    bodies = _bodies(data[len(MAGIC) :])
    body, digest = next(bodies, (b"", b""))
    if not body:
        raise ForeignError("it has no heading: it is unfinished")
    try:
        heading = Heading(**json.loads(body))
        key, last = key_of(heading.run), b""
    except (TypeError, ValueError) as error:
        raise ForeignError(f"its heading is none of gilscope's ({error})") from None
    found: list[Record] = []
    while body:
        last = _digest(key, last, body)
        if not hmac.compare_digest(last, digest):
            raise ForeignError("it is not signed with this user's key: it was written elsewhere, or changed")
        found += [_record(body)] if body[:1] != b"{" else []
        body, digest = next(bodies, (b"", b""))
    return heading, found, digest == b""


def _bodies(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Each body with its signature; of one that is cut off none, and a signature that is not empty."""
    at, view = 0, memoryview(data)
    while at < len(view):
        if at + _LENGTH.size > len(view):
            yield b"", b"cut off"
            return
        (size,) = _LENGTH.unpack_from(view, at)
        begins, ends = at + _LENGTH.size, at + _LENGTH.size + size
        at = ends + DIGEST_BYTES
        if at > len(view):
            yield b"", b"cut off"
            return
        yield bytes(view[begins:ends]), bytes(view[ends:at])


def _record(body: bytes) -> Record:
    """Of a body that is signed, and so what `Signer` made."""
    if body[:1] == b"T":
        told: dict[str, Any] = json.loads(body[1:])
        return Totals(**told)
    _, spec, slot, stratum, calls = _CALL.unpack_from(body)
    return Call(spec, slot, stratum, calls, body[_CALL.size :])
