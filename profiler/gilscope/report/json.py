"""JSON: the record itself."""

from __future__ import annotations

import numbers
from typing import TYPE_CHECKING, Any

import msgspec

from gilscope.errors import OutputError
from gilscope.records import ResultRecord
from gilscope.report.clean import encodable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gilscope.report.sheet import Sheet

__all__ = ["render", "render_record", "render_sheet"]


def render(results: Sequence[ResultRecord]) -> str:
    """One result as an object, several as a list of them; `gilscope.load` reads it back. JSON has neither NaN nor
    infinity: such a figure is written as null, unknown.

    :raises OutputError: when it could not be read back: a field is of a wrong type, or unknown where none may be
    """
    records = list(results)
    return render_record(records[0] if len(records) == 1 else records, ResultRecord | list[ResultRecord])


def render_record(record: Any, kind: Any) -> str:
    """A record that is to be read back as this ``kind``.

    :raises OutputError: when it could not be
    """
    text = _indented(encodable(record))
    try:
        msgspec.json.decode(text, type=kind)
    except msgspec.ValidationError as error:
        raise OutputError(f"cannot write the result as JSON: {error}; correct it, or take another format") from error
    return text


def render_sheet(sheet: Sheet) -> str:
    """An object that holds the rows."""
    return _indented(encodable({"schema": sheet.schema, **sheet.about, sheet.rows_name: list(sheet.rows)}))


def _indented(value: Any) -> str:
    return msgspec.json.format(msgspec.json.encode(value, enc_hook=_plain), indent=2).decode() + "\n"


def _plain(value: Any) -> Any:
    """What JSON has no type for: numpy's numbers as numbers; an object among the settings by its name."""
    if isinstance(value, numbers.Integral):
        return int(value)
    return float(value) if isinstance(value, numbers.Real) else str(value)
