"""JSON: the record itself."""

from __future__ import annotations

import numbers
from typing import TYPE_CHECKING, Any

import msgspec

from gilscope.report.clean import encodable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gilscope.records import Result
    from gilscope.report.sheet import Sheet

__all__ = ["render", "render_sheet"]


def render(results: Sequence[Result]) -> str:
    """One result as an object, several as a list of them; `gilscope.load` reads it back."""
    records = [encodable(result) for result in results]
    return _indented(records[0] if len(records) == 1 else records)


def render_sheet(sheet: Sheet) -> str:
    """An object with a row for each function."""
    return _indented(encodable({"schema": sheet.schema, **sheet.about, "functions": list(sheet.rows)}))


def _indented(value: Any) -> str:
    return msgspec.json.format(msgspec.json.encode(value, enc_hook=_plain), indent=2).decode() + "\n"


def _plain(value: Any) -> Any:
    """What JSON has no type for: numpy's numbers as numbers; an object among the settings by its name."""
    if isinstance(value, numbers.Integral):
        return int(value)
    return float(value) if isinstance(value, numbers.Real) else str(value)
