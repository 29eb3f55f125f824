"""Secrets that are kept in a file which nobody but the user may read."""

from __future__ import annotations

import os
import secrets

from gilscope.errors import UsageError

__all__ = ["read_secret"]

SECRET_BYTES = 32
#: The permissions of others.
OTHERS = 0o077


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
