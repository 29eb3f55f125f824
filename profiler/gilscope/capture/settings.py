"""What is to be captured, as the program that is run is told: by a file in the folder, for this user alone."""

from __future__ import annotations

import json
import os

TYPE_CHECKING = False  # type checkers take it for True; importing typing would take longer than all the rest
if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Settings", "read_settings", "write_private"]


class Settings:
    """Of one run of a program."""

    def __init__(self, folder: str, run: str, key: str, specs: Sequence[str], most: int) -> None:
        self.folder = folder
        self.run = run
        """Which run it is: a number in hexadecimal digits."""
        self.key = key
        """What its files are signed with, in hexadecimal digits."""
        self.specs = tuple(specs)
        self.most = most
        """Calls of each function that a process keeps."""

    def path(self, name: str) -> str:
        """A file of this run."""
        return os.path.join(self.folder, f"gilscope-{self.run}.{name}")

    def write(self) -> str:
        """Write them, and give the path.

        :raises OSError: when that cannot be done
        """
        path = self.path("settings")
        write_private(path, json.dumps(vars(self)).encode())
        write_private(self.path("reached"), b"")
        write_private(self.path("room"), b"")
        return path


def read_settings(path: str) -> Settings:
    """
    :raises OSError: when they cannot be read
    :raises ValueError: when they are none
    """
    with open(path, "rb") as file:
        return Settings(**json.loads(file.read()))


def write_private(path: str, data: bytes) -> None:
    """Write a file that was not there before, not even as a link, for this user alone.

    :raises OSError: when that cannot be done
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    with open(descriptor, "wb") as file:
        file.write(data)
