"""What removes a trial's folder when gilscope itself is killed, and can no longer."""

from __future__ import annotations

import os
import subprocess

from gilscope.subprocesses import pipe

__all__ = ["Reaper"]

#: Reads until whoever may write has ended, and removes what is named; once more where a process that was killed at the
#: same moment still wrote. Python would take twenty times as long to start.
SCRIPT = 'while read -r _; do :; done; rm -rf -- "$1" || { sleep 1; rm -rf -- "$1"; }'


class Reaper:
    """A shell beside this process that removes a folder when this process ends, in whatever way, before `close`.

    It is in a session of its own, bears no trial's mark, and does nothing until then. Where the system permits no such
    process there is none.
    """

    def __init__(self, folder: str) -> None:
        reads, writes = pipe()
        self._writes = os.fdopen(writes, "wb")
        self._shell: subprocess.Popen[bytes] | None
        try:
            self._shell = _start(reads, folder)
        except OSError:
            self._shell = None
        finally:
            os.close(reads)

    def close(self) -> None:
        """End it; it removes nothing. Once more is no error."""
        if self._shell is not None:
            self._shell.kill()
            self._shell.wait()
        self._writes.close()


def _start(reads: int, folder: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        ["/bin/sh", "-c", SCRIPT, "gilscope-reaper", folder],
        stdin=reads,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd="/",
        env={"PATH": os.defpath},
        start_new_session=True,
    )
