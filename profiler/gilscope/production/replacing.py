"""Files that are whole at every moment: replaced in one step."""

from __future__ import annotations

import contextlib
import os
import secrets
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["replace_file"]


def replace_file(place: Path, data: bytes) -> None:
    """Put ``data`` in the place of what the file holds: a reader sees the old one or the new one, whenever the process
    ends. The new one is for this user alone, and made where nothing was, not even a link: others may write to the
    folder too.

    :raises OSError: when it cannot be written
    """
    temporary = place.with_name(f".{place.name}.{secrets.token_hex(4)}.tmp")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with open(descriptor, "wb") as writer:
            writer.write(data)
        os.replace(temporary, place)
    except BaseException:
        with contextlib.suppress(OSError):  # the error to tell of is the first
            temporary.unlink()
        raise
