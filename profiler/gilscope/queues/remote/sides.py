"""The two sides of a fleet on several machines: what each says of itself, and the secret that both have."""

from __future__ import annotations

import hmac
import os
import secrets
import socket
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gilscope import __version__
from gilscope.errors import UsageError
from gilscope.queues.brokers.signed import DIGEST

__all__ = ["Side", "derived", "machine_identity", "read_secret"]

SECRET_BYTES = 32
#: The permissions of others.
OTHERS = 0o077


@dataclass(frozen=True)
class Side:
    """What takes part: an analysis, or a host of workers."""

    host: str
    python: str
    """Major and minor version; pickles and bytecode are alike within one."""
    gilscope: str

    @classmethod
    def here(cls) -> Side:
        """This process."""
        return cls(socket.gethostname(), ".".join(map(str, sys.version_info[:2])), __version__)

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Side:
        """What another one said of itself, among other things."""
        return cls(str(told["host"]), str(told["python"]), str(told["gilscope"]))

    def mismatch(self, analysis: Side) -> str | None:
        """Why this host cannot work for ``analysis``; None where it can."""
        differing = [name for name in ("python", "gilscope") if getattr(self, name) != getattr(analysis, name)]
        if not differing:
            return None
        has, needs = (" and ".join(f"{name} {getattr(side, name)}" for name in differing) for side in (self, analysis))
        return f"the host {self.host} has {has}, the analysis on {analysis.host} {needs}: install the same there"


def machine_identity() -> str | None:
    """What two processes have in common that see the same process ids and read the same clocks: the boot of the
    machine, and the namespaces of both. None where that is not told."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        spaces = [os.readlink(f"/proc/self/ns/{name}") for name in ("pid", "time")]
    except OSError:
        return None
    return " ".join([boot, *spaces])


def read_secret(path: str | os.PathLike[str], *, create: bool = False) -> bytes:
    """The secret in a file that nobody else may read.

    :param create: make the file, with a new secret, where there is none
    :raises UsageError: when it cannot be read, others may read it too, or it is no secret
    """
    try:
        if create and not os.path.exists(path):
            _write_secret(path)
        with open(path, encoding="ascii") as file:
            mode, text = os.fstat(file.fileno()).st_mode & 0o777, file.read(4096).strip()
    except (OSError, ValueError) as error:
        raise UsageError(
            f"the secret file {os.fspath(path)} cannot be read ({error}): gilscope analyze writes it where there is "
            "none; copy it from there, with scp -p"
        ) from error
    if mode & OTHERS and os.name == "posix":
        raise UsageError(f"others may read the secret file {os.fspath(path)} (its mode is {mode:o}): chmod 600 it")
    try:
        secret = bytes.fromhex(text)
    except ValueError:
        secret = b""
    if len(secret) < SECRET_BYTES:
        raise UsageError(
            f"the file {os.fspath(path)} holds no secret of gilscope's, {SECRET_BYTES} bytes in hexadecimal digits: "
            "name another, or delete it, and gilscope analyze writes a new one"
        )
    return secret


def _write_secret(path: str | os.PathLike[str]) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
        file.write(f"{secrets.token_hex(SECRET_BYTES)}\n")


def derived(secret: bytes, analysis: str, prefix: str) -> bytes:
    """The secret of one trial of one analysis: what was signed for another is not taken for this one's."""
    return hmac.digest(secret, f"{analysis} {prefix}".encode(), DIGEST)
