"""The line that an instruction belongs to: ``co_linetable`` of 3.11 and later (Objects/locations.md in CPython's tree,
since 3.13 InternalDocs/code_objects.md). Pure."""

from __future__ import annotations

__all__ = ["line_of"]

#: Codes of entries: 10 to 12 tell columns after so many lines, 13 lines without columns, 14 everything, 15 no line.
ONE_LINE, NO_COLUMNS, LONG, NO_LINE = (10, 11, 12), 13, 14, 15


def line_of(table: bytes, first_line: int, instruction: int) -> int | None:
    """The line of an instruction; None of one that has none, or that lies beyond the table.

    :param first_line: of the function (``co_firstlineno``)
    :param instruction: its number, in code units of two bytes; -1 of a function that has not begun
    """
    line, begins, at = first_line, 0, 0
    if instruction < 0:
        return first_line
    while at < len(table):
        code, units = table[at] >> 3 & 15, (table[at] & 7) + 1
        at += 1
        if code in (NO_COLUMNS, LONG):
            delta, _ = _signed_varint(table, at)
            line += delta
        elif code in ONE_LINE:
            line += code - ONE_LINE[0]
        begins += units
        if instruction < begins:
            return None if code == NO_LINE else line
        while at < len(table) and not table[at] & 0x80:  # only the first byte of an entry has its highest bit set
            at += 1
    return None


def _signed_varint(table: bytes, at: int) -> tuple[int, int]:
    """Six bits a byte, the lowest first; the lowest of all is the sign."""
    value = shift = 0
    while at < len(table):
        byte = table[at]
        at += 1
        value |= (byte & 63) << shift
        shift += 6
        if not byte & 64:
            break
    return -(value >> 1) if value & 1 else value >> 1, at
