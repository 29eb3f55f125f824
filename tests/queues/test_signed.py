"""Nothing is unpickled that was not signed."""

from __future__ import annotations

import os
import pickle
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gilscope.errors import ForgedError
from gilscope.queues.brokers.signed import pack, unpack

VALUES = st.recursive(st.none() | st.integers() | st.text() | st.binary(), lambda inner: st.lists(inner, max_size=4))
SECRETS = st.binary(min_size=16, max_size=32)


class Trap:
    """Makes a folder when it is unpickled."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.folder),)


@given(SECRETS, VALUES)
def test_what_is_packed_is_unpacked(secret: bytes, value: Any) -> None:
    assert unpack(secret, pack(secret, value)) == value


@given(SECRETS, VALUES, st.data())
def test_one_flipped_bit_is_seen(secret: bytes, value: Any, data: st.DataObject) -> None:
    blob = bytearray(pack(secret, value))
    blob[data.draw(st.integers(0, len(blob) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(ForgedError, match="not signed"):
        unpack(secret, bytes(blob))


@given(SECRETS, SECRETS, VALUES)
def test_another_secret_signs_nothing(secret: bytes, other: bytes, value: Any) -> None:
    if secret != other:
        with pytest.raises(ForgedError):
            unpack(secret, pack(other, value))


@given(st.binary(max_size=64))
def test_any_bytes_are_refused(blob: bytes) -> None:
    with pytest.raises(ForgedError):
        unpack(b"secret" * 4, blob)


def test_what_is_not_signed_is_never_unpickled(tmp_path: Path) -> None:
    pickled = pickle.dumps(Trap(tmp_path / "sprung"))
    for blob in (pickled, bytes(32) + pickled, pack(b"another's", Trap(tmp_path / "sprung"))):
        with pytest.raises(ForgedError):
            unpack(b"secret" * 4, blob)
    assert not (tmp_path / "sprung").exists()
    unpack(b"secret" * 4, pack(b"secret" * 4, Trap(tmp_path / "sprung")))
    assert (tmp_path / "sprung").exists()  # the trap works
