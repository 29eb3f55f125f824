"""Several Pythons in the formats for programs."""

from __future__ import annotations

from gilscope.errors import OutputError
from gilscope.records.pythons import PythonsRecord
from gilscope.report import csv, json
from gilscope.report.pythons.frames import pythons_frame

__all__ = ["render_pythons"]


def render_pythons(record: PythonsRecord, format_name: str) -> str:
    """JSON, or CSV with a row for each.

    :raises OutputError: for a viewer, which shows one analysis at a time, and where JSON could not be read back
    """
    if format_name == "json":
        return json.render_record(record, PythonsRecord)
    if format_name == "csv":
        return csv.to_csv(pythons_frame(record))
    raise OutputError(
        f"{format_name} shows one analysis, and these are those of several Pythons: analyze under one of them, or take "
        "text, html, md, json or csv"
    )
