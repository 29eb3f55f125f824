"""Addresses of servers as people may see them: in messages, in reports and in saved results, without a password."""

from __future__ import annotations

import re
from urllib.parse import unquote

__all__ = ["redacted", "shown"]

HIDDEN = "***"
#: Parts of an address's query that hold one.
_SECRET = re.compile(r"(?i)([?&;][\w.-]*(?:pass|pwd|secret|token|auth|cred|key)[\w.-]*=)[^&;#]*")
#: The beginning of a file's, whose name may have an ``@``.
_SOCKET = re.compile(r"^(?:unix|redis\+socket):///")
#: What stands before user and password; nothing where it was forgotten.
_SCHEME = re.compile(r"^(?:[\w.+-]+:)?//|^")


def shown(address: str) -> str:
    """The address without user, password and tokens.

    All that stands before the last ``@`` is hidden, for a password may hold every character, escaped or by mistake not:
    rather too much than a piece of it. So are the passwords of all but the last of several addresses
    (``sentinel://:secret@a;sentinel://:secret@b``).
    """
    before, hidden, behind = _parts(address)
    if hidden:
        address = f"{before}{HIDDEN}@{behind}"
    return _SECRET.sub(rf"\1{HIDDEN}", address)


def _parts(address: str) -> tuple[str, str, str]:
    """What stands before user and password, these, and what stands behind."""
    told, at, behind = address.rpartition("@")
    scheme = _SCHEME.match(told)
    place = scheme.end() if scheme else 0
    if not at or _SOCKET.match(address):
        return address, "", ""
    return told[:place], told[place:], behind


def redacted(text: object, address: str) -> str:
    """What somebody says of the address, without what `shown` hides of it, whole or in pieces."""
    told = str(text).replace(address, shown(address))
    for secret in sorted(_secrets(address), key=len, reverse=True):
        told = told.replace(secret, HIDDEN)
    return told


def _secrets(address: str) -> set[str]:
    """All that is hidden, as it stands and unescaped; and its words, which are left of it in pieces by a parser, and in
    other escapes."""
    hidden = [_parts(address)[1]]
    hidden += [match[0].partition("=")[2] for match in _SECRET.finditer(address)]
    whole = {form for each in hidden for form in (each, unquote(each)) if form}
    return whole | {word for each in whole for word in re.findall(r"[A-Za-z0-9]{3,}", each)}
