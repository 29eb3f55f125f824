"""JSON: the record itself."""

from __future__ import annotations

import numbers
from typing import TYPE_CHECKING, Any

import msgspec

from gilscope.report.clean import encodable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gilscope.records import Result

__all__ = ["render"]


def render(results: Sequence[Result]) -> str:
    """One result as an object, several as a list of them; `gilscope.load` reads it back."""
    records = [encodable(result) for result in results]
    encoded = msgspec.json.encode(records[0] if len(records) == 1 else records, enc_hook=_plain)
    return msgspec.json.format(encoded, indent=2).decode() + "\n"


def _plain(value: Any) -> Any:
    """What JSON has no type for: numpy's numbers as numbers; an object among the settings by its name."""
    if isinstance(value, numbers.Integral):
        return int(value)
    return float(value) if isinstance(value, numbers.Real) else str(value)
