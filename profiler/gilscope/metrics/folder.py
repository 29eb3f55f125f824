"""What the processes of a folder were exported as last: kept in the folder, for whichever of them is asked next.

Of several workers behind one port any may be asked for the figures of all. An estimate that one of them exported must
not fall when the next one is asked: the monitoring system would take that for a counter that began anew.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import msgspec

from gilscope.errors import LoadError
from gilscope.metrics.catalog import Values
from gilscope.metrics.figures import Figures, InMemory
from gilscope.production.files import Loaded, load_profiles
from gilscope.production.replacing import replace_file
from gilscope.production.unavailable import tell

__all__ = ["InFolder", "recorded"]

#: No name of a file of profiles.
NAME: Final = "gilscope-exported"
TROUBLE: Final = "what several workers export may seem to begin anew"


def recorded(folder: Path) -> Loaded:
    """What all processes have seen that write there; nothing as long as none has."""
    try:
        return load_profiles(folder)
    except LoadError:
        return Loaded(profiles=(), processes=0)


class InFolder:
    """What was exported last of a folder, by any process."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._alone = InMemory()

    def update(self, step: Callable[[dict[str, Figures]], dict[str, Figures]]) -> dict[str, Figures]:
        """Replace it by what ``step`` makes of it, one process after the other. Where the folder cannot be written,
        each goes by what it has exported itself, which is logged."""
        if not self._folder.is_dir():  # nobody has made a call yet
            return step({})
        try:
            with self._locked():
                exported = step(self._read())
                replace_file(self._folder / NAME, msgspec.json.encode(exported))
                return exported
        except OSError as error:
            tell(TROUBLE, error)
            return self._alone.update(step)

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        import fcntl  # not on Windows, where nothing is recorded

        descriptor = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)  # until it is closed
            yield
        finally:
            os.close(descriptor)

    def _read(self) -> dict[str, Figures]:
        exported: dict[str, Figures] = {}
        with contextlib.suppress(FileNotFoundError, msgspec.DecodeError):  # none yet, or damaged: to be written anew
            exported = msgspec.json.decode((self._folder / NAME).read_bytes(), type=dict[str, dict[str, Values]])
        return exported
