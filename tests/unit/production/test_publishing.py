"""Where threads publish: side by side, in memory that is found from outside, each in a place of its own."""

from __future__ import annotations

import ctypes
import threading

from gilscope.observers.functions import FUNCTIONS, ROW_BYTES
from gilscope.production.cells import Cells
from gilscope.production.publishing import Publisher
from gilscope.production.rows import Rows
from gilscope.thread_address import ThreadAddress

MANY = 2 * ROW_BYTES // FUNCTIONS + 1


def at(address: int) -> bytes:
    """What an observer would read there."""
    return ctypes.string_at(address, FUNCTIONS)


def test_places_lie_side_by_side_in_rows() -> None:
    rows = Rows(FUNCTIONS, ROW_BYTES)
    places = [rows.take() for _ in range(MANY)]
    assert len({place.address for place in places}) == MANY
    assert all(place.address % FUNCTIONS == 0 for place in places)
    assert len({place.address // ROW_BYTES for place in places}) == 3


def test_what_is_written_to_a_place_is_found_at_its_address() -> None:
    rows = Rows(FUNCTIONS, ROW_BYTES)
    first, second = rows.take(), rows.take()
    second.row[second.begin + 7] = 1
    assert not any(at(first.address))
    assert [number for number, byte in enumerate(at(second.address)) if byte] == [7]


def test_a_place_that_was_given_back_is_taken_again_and_empty() -> None:
    rows = Rows(FUNCTIONS, ROW_BYTES)
    place = rows.take()
    place.row[place.begin] = place.row[place.begin + FUNCTIONS - 1] = 1
    rows.give_back(place)
    assert rows.take() == place
    assert not any(at(place.address))


def published(publisher: Publisher, function: Cells) -> list[int]:
    """What a thread publishes in a call of a function, as its observer reads it."""
    found: list[int] = []

    def call() -> None:
        cell = function.cell()
        publisher.publish(function, cell)
        cell.begin(0)
        found.extend(at(told[-1].busy))
        cell.end()

    told: list[ThreadAddress] = []
    publisher.tell(told.append)
    thread = threading.Thread(target=call)
    thread.start()
    thread.join()
    publisher.tell(None)
    assert not any(at(told[-1].busy)), "of an ended thread nothing is left"
    return [number for number, byte in enumerate(found) if byte]


def test_a_thread_publishes_the_functions_it_is_in_until_it_ends() -> None:
    publisher, functions = Publisher(FUNCTIONS), [Cells(tracked=False), Cells(tracked=False)]
    assert [published(publisher, function) for function in functions] == [[0, 1], [0, 2]]
    assert published(publisher, functions[0]) == [0, 1]
