"""Writing reports to files: checked before anything is measured, and never half written."""

from __future__ import annotations

import os
import secrets
import stat
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from gilscope.errors import OutputError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["check_writable", "write_text"]


def write_text(path: str | Path, text: str) -> None:
    """Write ``text`` to ``path`` in UTF-8, making missing folders and replacing an existing file in one step.

    :raises OutputError: when it cannot be written; nothing new is left behind but the folders
    """
    with _explained(path):
        place = _real(path)
        place.parent.mkdir(parents=True, exist_ok=True)
        if place.exists() and not place.is_file():
            with open(place, "w", encoding="utf-8", newline="") as file:  # a device or a pipe: written to, not replaced
                file.write(text)
        else:
            _replace(place, text)


def check_writable(path: str | Path) -> None:
    """See whether `write_text` could write to ``path``, leaving nothing behind.

    :raises OutputError: when it could not: a folder of that name, a read-only place, an impossible name
    """
    with _explained(path):
        place = _real(path)
        if place.is_dir():
            raise IsADirectoryError("it is a folder")
        # Permission bits tell neither of read-only file systems nor of root's rights; a file that opens does.
        with tempfile.TemporaryFile(dir=_nearest_folder(place)):
            pass


def _real(path: str | Path) -> Path:
    """The file itself: a symbolic link is written through, not replaced.

    :raises PermissionError: when it is one that another user put into a folder open to all, such as /tmp: he would
        choose which of our files is overwritten. Linux refuses to follow these where it is told to (proc_sys_fs(5),
        protected_symlinks); a path that is resolved first does not ask it.
    """
    place = Path(os.path.abspath(path))
    for each in (place, *place.parents):
        if each.is_symlink() and _planted(os.lstat(each), os.stat(each.parent)):
            raise PermissionError(f"{each} is a link that another user made in a folder open to all")
    return Path(os.path.realpath(place))


def _planted(link: os.stat_result, folder: os.stat_result) -> bool:
    open_to_all = folder.st_mode & stat.S_ISVTX and folder.st_mode & stat.S_IWOTH
    return bool(open_to_all) and link.st_uid not in (os.geteuid(), folder.st_uid)


def _nearest_folder(place: Path) -> Path:
    """The nearest ancestor of ``place`` that exists.

    The name itself is looked up too, for that raises when it is too long or has a forbidden character.
    """
    for candidate in (place, *place.parents):
        try:
            os.stat(candidate)
        except FileNotFoundError:
            continue
        return candidate if candidate != place else place.parent
    return place.parent


def _replace(place: Path, text: str) -> None:
    temporary = place.with_name(f".gilscope-{secrets.token_hex(8)}.tmp")
    try:
        with open(temporary, "x", encoding="utf-8", newline="") as file:  # never one that is there, nor through a link
            file.write(text)
        os.replace(temporary, place)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def _explained(path: str | Path) -> Iterator[None]:
    """Turn what the operating system says into an `OutputError`; ValueError is a null byte in the name."""
    try:
        yield
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise OutputError(f"cannot write {str(path)!r}: {reason}; give another place with -o") from error
