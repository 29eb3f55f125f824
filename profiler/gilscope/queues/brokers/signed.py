"""Messages that only gilscope can have written, for this place and once: what is unpickled was signed with a secret
that no broker ever sees (HMAC-SHA256, RFC 2104).

Whoever may write to the broker can read what is there and write it again, elsewhere or later. So what a message is for
is signed with it, a secret belongs to one trial of one analysis (`gilscope.queues.remote.sides.derived`), and each
message has a number that no other has, by which one that comes twice is known (`Once`).
"""

from __future__ import annotations

import hmac
import pickle
import secrets
from typing import Any

from gilscope.errors import ForgedError

__all__ = ["NOT_OURS", "Once", "pack", "unpack"]

DIGEST = "sha256"
DIGEST_BYTES = 32
NUMBER_BYTES = 16
NOT_OURS = (
    "somebody else writes to the keys of this analysis; use a broker of your own, or none, so that gilscope starts one"
)


def pack(secret: bytes, purpose: str, value: Any) -> bytes:
    """The value, pickled and signed.

    :param purpose: what the message is for: in the place of another it is refused
    :raises Exception: whatever the value raises that cannot be pickled
    """
    signed = secrets.token_bytes(NUMBER_BYTES) + pickle.dumps(value, pickle.HIGHEST_PROTOCOL)
    return _signature(secret, purpose, signed) + signed


def unpack(secret: bytes, purpose: str, blob: bytes) -> Any:
    """The value again.

    :raises ForgedError: when it was not signed with this secret, for this purpose; nothing of it is unpickled then
    :raises Exception: whatever unpickling raises
    """
    view = memoryview(blob)
    signature, signed = view[:DIGEST_BYTES], view[DIGEST_BYTES:]
    if not hmac.compare_digest(signature, _signature(secret, purpose, signed)):
        raise ForgedError(
            f"a message on the broker is not signed by this analysis, and nothing of it was read: {NOT_OURS}"
        )
    return pickle.loads(signed[NUMBER_BYTES:])  # noqa: S301  signed


def _signature(secret: bytes, purpose: str, signed: bytes | memoryview) -> bytes:
    return hmac.digest(secret, b"%s\0%s" % (purpose.encode(), signed), DIGEST)


class Once:
    """The messages of one stream, none of which may come twice."""

    def __init__(self, secret: bytes, purpose: str) -> None:
        self._secret, self._purpose = secret, purpose
        self._known: set[bytes] = set()

    def unpack(self, blob: bytes) -> Any:
        """As `unpack` does.

        :raises ForgedError: also when it was here before
        """
        value = unpack(self._secret, self._purpose, blob)
        signature = bytes(blob[:DIGEST_BYTES])
        if signature in self._known:
            raise ForgedError(f"a message on the broker came twice: {NOT_OURS}")
        self._known.add(signature)
        return value
