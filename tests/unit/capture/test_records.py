"""The files of captured calls: what is whole stays, and what gilscope did not write for this user is refused."""

from __future__ import annotations

import os
import pickle
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gilscope.capture import folder
from gilscope.capture.folder import captured_files, prepared
from gilscope.capture.records import Call, ForeignError, Heading, Signer, Totals, read_records
from gilscope.errors import InputsError, UsageError

KEY = b"k" * 32
HEADING = Heading("ab12", 7, "3.12", "/work.py", ["lib:f"])


def written(*calls: Call, key: bytes = KEY, heading: Heading = HEADING) -> list[bytes]:
    signer = Signer(key)
    parts = [signer.heading(heading)]
    for call in calls:
        signer.written()
        parts.append(signer.call(call))
    return parts


def call(number: int) -> Call:
    return Call(0, number, 0, number + 1, pickle.dumps(((number,), {})))


def read(data: bytes) -> tuple[list[int], bool]:
    _, records, is_whole = read_records(data, lambda run: KEY)
    return [record.slot for record in records if isinstance(record, Call)], is_whole


def test_records_come_back_as_they_were_written() -> None:
    signer = Signer(KEY)
    data = signer.heading(HEADING)
    signer.written()
    told = Totals(0, calls=5, passed=1, strata={"0": 4}, refused={"a lock": 2}, file="/lib.py", whole=True)
    heading, records, is_whole = read_records(data + signer.totals(told), lambda run: KEY)
    assert (vars(heading), [vars(record) for record in records], is_whole) == (vars(HEADING), [vars(told)], True)


@given(st.integers(0, 400))
def test_what_is_cut_off_keeps_all_records_that_are_whole(cut: int) -> None:
    parts = written(*map(call, range(4)))
    data = b"".join(parts)[: len(parts[0]) + cut]
    ends = [len(b"".join(parts[: number + 1])) for number in range(len(parts))]
    assert read(data) == ([number for number in range(4) if ends[number + 1] <= len(data)], len(data) in ends)


@given(st.data())
def test_no_byte_can_be_changed(data: st.DataObject) -> None:
    whole = bytearray(b"".join(written(call(0), call(1))))
    at = data.draw(st.integers(0, len(whole) - 1))
    whole[at] ^= 1 << data.draw(st.integers(0, 7))
    try:
        slots, is_whole = read(bytes(whole))
    except ForeignError:
        return
    assert slots in ([], [0])  # a length that reaches beyond the end looks cut off
    assert not is_whole


def test_records_cannot_be_left_out_or_change_places_or_files() -> None:
    heading, first, second = written(call(0), call(1))
    other = written(call(1))[1]
    for data in (heading + second, heading + second + first, heading + first + other):
        with pytest.raises(ForeignError, match="not signed"):
            read(data)


def test_another_key_and_another_sort_of_file_are_refused() -> None:
    with pytest.raises(ForeignError, match="not signed with this user's key"):
        read(b"".join(written(call(0), key=b"stranger")))
    with pytest.raises(ForeignError, match="no file of captured calls"):
        read(pickle.dumps("anything"))
    with pytest.raises(ForeignError, match="unfinished"):
        read(written()[0][:30])


@pytest.fixture
def captured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with one file of this user's."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    place = tmp_path / "captured"
    place.mkdir(mode=0o700)
    path = place / "gilscope-ab12-7-ffff.calls"
    path.write_bytes(b"".join(written(call(0), key=folder.run_key("ab12"))))
    path.chmod(0o600)
    return path


def test_what_this_user_wrote_is_read(captured: Path) -> None:
    (only,) = captured_files(captured.parent)
    assert [pickle.loads(each.data) for each in only.calls] == [((0,), {})]


def test_a_folder_or_a_file_that_others_may_have_written_to_is_refused(captured: Path) -> None:
    captured.chmod(0o660)
    with pytest.raises(InputsError, match=r"gilscope-ab12-7-ffff.calls .*others may read or write it.*660"):
        list(captured_files(captured.parent))
    captured.chmod(0o600)
    captured.parent.chmod(0o770)
    with pytest.raises(InputsError, match=r"others may write to it.*770.*chmod go-w"):
        list(captured_files(captured.parent))


def test_what_belongs_to_another_user_is_refused(captured: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    with pytest.raises(InputsError, match="it belongs to another user"):
        list(captured_files(captured.parent))


def test_a_link_to_a_file_elsewhere_is_refused(captured: Path) -> None:
    moved = captured.parent.parent / "elsewhere"
    captured.rename(moved)
    captured.symlink_to(moved)
    with pytest.raises(InputsError, match="not loaded, for to unpickle it runs code"):
        list(captured_files(captured.parent))


def test_a_file_that_another_user_was_given_is_refused(captured: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As one that was unpacked here, which is this user's by owner and mode."""
    monkeypatch.setenv("XDG_STATE_HOME", str(captured.parents[1] / "another user's"))
    with pytest.raises(InputsError, match="not signed with this user's key: it was written elsewhere"):
        list(captured_files(captured.parent))


def test_what_is_no_folder_of_calls_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputsError, match="is no folder of captured calls"):
        list(captured_files(tmp_path / "none"))


def test_the_folder_is_for_its_owner_alone_and_nothing_in_it_is_touched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    place = tmp_path / "new" / "captured"
    with prepared(str(place), ["lib:f"], 5) as settings:
        assert place.stat().st_mode & 0o777 == 0o700
        assert {path.stat().st_mode & 0o777 for path in place.iterdir()} == {0o600}
        (place / "theirs").write_text("kept")
        Path(settings.path("settings")).unlink()
    assert [path.name for path in place.iterdir()] == ["theirs"]
    place.chmod(0o777)
    with pytest.raises(UsageError, match=r"--capture-to .*others may write to it"), prepared(str(place), ["lib:f"], 5):
        pytest.fail("it was used")
    with pytest.raises(UsageError, match="it cannot be made"), prepared(str(place / "theirs"), ["lib:f"], 5):
        pytest.fail("it was used")
