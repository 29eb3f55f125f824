"""What every record is."""

from __future__ import annotations

import msgspec

__all__ = ["Record"]


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """The base of every record: immutable, fields by name, unknown fields of newer files ignored."""
