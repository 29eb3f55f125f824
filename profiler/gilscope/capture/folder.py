"""The folder of captured calls, from outside the program: made ready for a run, and what the run left there."""

from __future__ import annotations

import hmac
import os
import secrets
import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from gilscope.capture import VARIABLE
from gilscope.capture.own_file import MOST_FOLDER_BYTES, OTHERS_WRITE
from gilscope.capture.records import Call, ForeignError, Heading, Totals, read_records
from gilscope.capture.settings import Settings
from gilscope.errors import InputsError, UsageError
from gilscope.secret_files import read_secret

__all__ = ["PATTERN", "CapturedFile", "captured_files", "environment", "prepared", "run_key"]

#: The files that processes write.
PATTERN = "gilscope-*-*-*.calls"
_KEY = "capture.key"
_INJECTED = Path(__file__).parent / "inject"
#: Permissions of others on a file.
_OTHERS = 0o077


class CapturedFile(NamedTuple):
    """What a process left."""

    path: Path
    heading: Heading
    calls: tuple[Call, ...]
    """Those that hold their places at the end."""
    totals: tuple[Totals, ...]
    """The last of each function."""
    is_whole: bool
    """Whether its last record is."""


def run_key(run: str) -> bytes:
    """What the files of a run are signed with: from a secret in the user's own folder, so that no other folder can say
    it.

    :raises UsageError: when there is no such secret to be had
    """
    return hmac.digest(read_secret(_secret_path(), create=True), run.encode(), "sha256")


def _secret_path() -> Path:
    try:
        state = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "gilscope"
        state.mkdir(mode=0o700, parents=True, exist_ok=True)
    except (OSError, RuntimeError) as error:
        raise UsageError(
            f"there is no folder for the key that captured calls are signed with ({error}): set XDG_STATE_HOME to one "
            "that is yours"
        ) from error
    return state / _KEY


# ---- a run ----


@contextmanager
def prepared(folder: str, specs: Sequence[str], most: int) -> Iterator[Settings]:
    """A folder that is made ready; at the end no further process begins to capture.

    :raises UsageError: when it cannot be made, or is not the user's alone
    """
    path = os.path.realpath(folder)
    try:
        os.makedirs(path, mode=0o700, exist_ok=True)
    except OSError as error:
        raise UsageError(f"--capture-to {folder}: it cannot be made ({error.strerror}): name another folder") from error
    if (why := _others_folder(path)) is not None:
        raise UsageError(f"--capture-to {folder}: {why}; name a folder that is yours alone")
    run = secrets.token_hex(8)
    settings = Settings(path, run, run_key(run).hex(), specs, most)
    try:
        settings.write()
    except OSError as error:
        raise UsageError(f"--capture-to {folder}: {error.strerror}; name another folder") from error
    try:
        yield settings
    finally:
        for name in ("settings", "reached", "room"):
            with suppress(OSError):
                os.unlink(settings.path(name))


def environment(settings: Settings, given: Mapping[str, str]) -> dict[str, str]:
    """The program's, and that of all it starts: an interpreter that is told to heed neither PYTHONPATH nor its site
    (``-E``, ``-I``, ``-S``) captures nothing."""
    path = [str(_INJECTED), *([given["PYTHONPATH"]] if given.get("PYTHONPATH") else [])]
    return {**given, VARIABLE: settings.path("settings"), "PYTHONPATH": os.pathsep.join(path)}


# ---- what is there ----


def captured_files(folder: str | Path, *, run: str = "*") -> Iterator[CapturedFile]:
    """What processes left there, each checked before anything of it is looked at; nothing is unpickled.

    :raises InputsError: when there is no such folder, or anybody else may have written there
    """
    place = Path(os.path.realpath(folder))
    if not place.is_dir():
        raise InputsError(f"{folder} is no folder of captured calls: gilscope run --capture makes one")
    if (why := _others_folder(str(place))) is not None:
        raise InputsError(f"the calls in {folder} are not loaded, for to unpickle them runs code: {why}")
    for path in sorted(place.glob(PATTERN.replace("*", run, 1))):
        try:
            yield _read(path)
        except (ForeignError, OSError) as error:
            reason = error.strerror if isinstance(error, OSError) and error.strerror else error
            raise InputsError(
                f"{path.name} in {folder} is not loaded, for to unpickle it runs code: {reason}; remove the file, or "
                "capture anew"
            ) from error


def _others_folder(path: str) -> str | None:
    """Why a folder is not the user's alone; None where it is."""
    status = os.stat(path)
    if status.st_uid != os.geteuid():
        return f"it belongs to another user (its owner is {status.st_uid}, not {os.geteuid()})"
    if status.st_mode & OTHERS_WRITE:
        return f"others may write to it (its mode is {stat.S_IMODE(status.st_mode):o}): chmod go-w {path}"
    return None


def _read(path: Path) -> CapturedFile:
    """
    :raises ForeignError: when it is not what gilscope wrote for this user
    :raises OSError: when it cannot be read
    """
    heading, records, is_whole = read_records(_own_bytes(path), _key_of())
    places = {(record.spec, record.slot): record for record in records if isinstance(record, Call)}
    totals = {record.spec: record for record in records if isinstance(record, Totals)}
    return CapturedFile(path, heading, tuple(places.values()), tuple(totals.values()), is_whole)


def _key_of() -> Callable[[str], bytes]:
    def key(run: str) -> bytes:
        try:
            return run_key(run)
        except UsageError as error:
            raise ForeignError(str(error)) from error

    return key


def _own_bytes(path: Path) -> bytes:
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with open(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise ForeignError("it is no regular file")
        if status.st_uid != os.geteuid():
            raise ForeignError(f"it belongs to another user ({status.st_uid})")
        if status.st_mode & _OTHERS:
            raise ForeignError(f"others may read or write it (its mode is {stat.S_IMODE(status.st_mode):o})")
        if status.st_size > MOST_FOLDER_BYTES:
            raise ForeignError("it is larger than any that gilscope writes")
        return file.read()
