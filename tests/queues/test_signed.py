"""Nothing is unpickled that was not signed."""

from __future__ import annotations

import os
import pickle
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gilscope.backends.base import Work
from gilscope.errors import ForgedError
from gilscope.queues.brokers.signed import Once, pack, unpack

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
    assert unpack(secret, "task", pack(secret, "task", value)) == value


@given(SECRETS, VALUES, st.data())
def test_one_flipped_bit_is_seen(secret: bytes, value: Any, data: st.DataObject) -> None:
    blob = bytearray(pack(secret, "task", value))
    blob[data.draw(st.integers(0, len(blob) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(ForgedError, match="not signed"):
        unpack(secret, "task", bytes(blob))


@given(SECRETS, SECRETS, VALUES)
def test_another_secret_signs_nothing(secret: bytes, other: bytes, value: Any) -> None:
    if secret != other:
        with pytest.raises(ForgedError):
            unpack(secret, "task", pack(other, "task", value))


@given(st.binary(max_size=64))
def test_any_bytes_are_refused(blob: bytes) -> None:
    with pytest.raises(ForgedError):
        unpack(b"secret" * 4, "task", blob)


def test_what_is_not_signed_is_never_unpickled(tmp_path: Path) -> None:
    pickled = pickle.dumps(Trap(tmp_path / "sprung"))
    for blob in (pickled, bytes(32) + pickled, pack(b"another's", "task", Trap(tmp_path / "sprung"))):
        with pytest.raises(ForgedError):
            unpack(b"secret" * 4, "task", blob)
    assert not (tmp_path / "sprung").exists()
    unpack(b"secret" * 4, "task", pack(b"secret" * 4, "task", Trap(tmp_path / "sprung")))
    assert (tmp_path / "sprung").exists()  # the trap works


@given(SECRETS, st.text(), st.text(), VALUES)
def test_what_was_signed_for_one_purpose_is_refused_for_another(
    secret: bytes, purpose: str, other: str, value: Any
) -> None:
    if purpose.partition("\0")[0] != other.partition("\0")[0]:
        with pytest.raises(ForgedError, match="not signed"):
            unpack(secret, other, pack(secret, purpose, value))


@given(SECRETS, st.lists(VALUES, min_size=1), st.data())
def test_of_a_stream_no_message_is_taken_twice(secret: bytes, values: list[Any], data: st.DataObject) -> None:
    blobs = [pack(secret, "news", value) for value in values]
    assert len(set(blobs)) == len(blobs), "the same value, said twice, is two messages"
    once = Once(secret, "news")
    assert [once.unpack(blob) for blob in blobs] == values
    with pytest.raises(ForgedError, match="came twice"):
        once.unpack(data.draw(st.sampled_from(blobs)))


def test_a_task_or_a_result_in_the_place_of_another_is_refused() -> None:
    worker = pytest.importorskip("gilscope.queues.rq.worker")
    work = Work(func=abs, kind="sync", kwargs={}, star=False, bare=False, setup=None, teardown=None, session=None)
    worker._State.task = "gilscope-1"
    assert worker.perform("gilscope-1", work, [-1], 0).task == "gilscope-1"
    with pytest.raises(ForgedError, match="of another task"):
        worker.perform("gilscope-2", work, [-1], 0)
    app = pytest.importorskip("gilscope.queues.celery.app")
    asked = SimpleNamespace(request=SimpleNamespace(id="gilscope-1"))
    blob = pickle.dumps((abs, (-1,)))
    assert app._run(asked, "gilscope-1", blob) == ("gilscope-1", pickle.dumps(1, pickle.HIGHEST_PROTOCOL))
    with pytest.raises(ForgedError, match="of another task"):
        app._run(asked, "gilscope-2", blob)
