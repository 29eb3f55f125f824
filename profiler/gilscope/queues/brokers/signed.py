"""Messages that only gilscope can have written: what is unpickled was signed with a secret that no broker ever sees
(HMAC-SHA256, RFC 2104)."""

from __future__ import annotations

import hmac
import pickle
from typing import Any

from gilscope.errors import ForgedError

__all__ = ["pack", "unpack"]

DIGEST = "sha256"
DIGEST_BYTES = 32


def pack(secret: bytes, value: Any) -> bytes:
    """The value, pickled and signed.

    :raises Exception: whatever the value raises that cannot be pickled
    """
    pickled = pickle.dumps(value, pickle.HIGHEST_PROTOCOL)
    return hmac.digest(secret, pickled, DIGEST) + pickled


def unpack(secret: bytes, blob: bytes) -> Any:
    """The value again.

    :raises ForgedError: when it was not signed with this secret; nothing of it is unpickled then
    :raises Exception: whatever unpickling raises
    """
    view = memoryview(blob)
    signature, pickled = view[:DIGEST_BYTES], view[DIGEST_BYTES:]
    if not hmac.compare_digest(signature, hmac.digest(secret, pickled, DIGEST)):
        raise ForgedError(
            "a message on the broker is not signed by this analysis: somebody else writes to its keys. Nothing of it "
            "was read; use a broker of your own, or none, so that gilscope starts one"
        )
    return pickle.loads(pickled)  # noqa: S301  signed
