"""The JSON Schema of a saved result, made from the record: its types, and the docstrings of its classes and fields."""

from __future__ import annotations

import json
from typing import Any, Final

import msgspec

from gilscope import records
from gilscope.report.meanings import meaning

__all__ = ["DIALECT", "render", "result_schema"]

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_NAME, _, _VERSION = records.SCHEMA.partition("/")


def render() -> str:
    """`result_schema` as JSON text."""
    return json.dumps(result_schema(), indent=2, ensure_ascii=False) + "\n"


def result_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of one result; a file of several holds a list of them.

    Fields that are not in it are allowed: they may be added without a new version.
    """
    parts = msgspec.json.schema(records.ResultRecord)["$defs"]
    described = {
        part["title"]: part for part in (_described(getattr(records, name), part) for name, part in parts.items())
    }
    described["Result"]["properties"]["schema"] |= {"const": records.SCHEMA}
    described["Result"]["required"].insert(0, "schema")
    return {
        "$schema": DIALECT,
        "$id": f"urn:{_NAME.replace('.', ':')}:{_VERSION}",
        "title": records.SCHEMA,
        "$ref": "#/$defs/Result",
        "$defs": described,
    }


def _described(record: type[records.Record], part: dict[str, Any]) -> dict[str, Any]:
    """``part`` with what each of its fields means."""
    kinds = {field: _null_last(kind) for field, kind in part["properties"].items()}
    told = {field: {**kind, **_description(meaning(record, field))} for field, kind in kinds.items()}
    flat = " ".join(part["description"].split())
    title = "Result" if record is records.ResultRecord else record.__name__
    return part | {"title": title, "description": flat, "properties": told}


def _null_last(kind: dict[str, Any]) -> dict[str, Any]:
    """The choices in one order, whichever msgspec's version gives them in."""
    choices = kind.get("anyOf")
    return kind if choices is None else kind | {"anyOf": sorted(choices, key=lambda choice: choice == {"type": "null"})}


def _description(text: str) -> dict[str, str]:
    return {"description": text} if text else {}
