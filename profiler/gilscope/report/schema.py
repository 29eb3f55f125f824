"""The JSON Schemas of saved results, made from the records: their types, and the docstrings of classes and fields."""

from __future__ import annotations

import json
from typing import Any, Final

import msgspec

from gilscope import records
from gilscope.records.programs import PROGRAM_SCHEMA, ProgramRecord
from gilscope.records.pythons import PYTHONS_SCHEMA, PythonsRecord
from gilscope.report.meanings import meaning

__all__ = ["DIALECT", "SCHEMAS", "render", "schema_of"]

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
#: What can be saved, by what it is of: the name and version of its structure, and its record.
SCHEMAS: Final[dict[str, tuple[str, type[records.Record]]]] = {
    "result": (records.SCHEMA, records.ResultRecord),
    "program": (PROGRAM_SCHEMA, ProgramRecord),
    "pythons": (PYTHONS_SCHEMA, PythonsRecord),
}


def render(kind: str = "result") -> str:
    """`schema_of` as JSON text."""
    return json.dumps(schema_of(kind), indent=2, ensure_ascii=False) + "\n"


def schema_of(kind: str = "result") -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of one saved result; a file of several holds a list of them.

    Fields that are not in it are allowed: they may be added without a new version.

    :param kind: of `SCHEMAS`
    """
    schema, whole = SCHEMAS[kind]
    urn, _, version = schema.partition("/")
    classes = {each.__name__: each for each in _subclasses(records.Record)}
    parts = msgspec.json.schema(whole)["$defs"]
    described = {
        _title(whole) if name == whole.__name__ else name: _described(classes[name], part)
        for name, part in parts.items()
    }
    top = described[_title(whole)]
    top["properties"]["schema"] |= {"const": schema}
    top["required"].insert(0, "schema")
    return {
        "$schema": DIALECT,
        "$id": f"urn:{urn.replace('.', ':')}:{version}",
        "title": schema,
        "$ref": f"#/$defs/{_title(whole)}",
        "$defs": described,
    }


def _subclasses(record: type[records.Record]) -> list[type[records.Record]]:
    """The records themselves, without the results that are made of them elsewhere."""
    own = [each for each in record.__subclasses__() if each.__module__.startswith(records.__name__)]
    return [each for one in own for each in (one, *_subclasses(one))]


def _title(record: type[records.Record]) -> str:
    return "Result" if record is records.ResultRecord else record.__name__


def _described(record: type[records.Record], part: dict[str, Any]) -> dict[str, Any]:
    """``part`` with what each of its fields means."""
    kinds = {field: _null_last(kind) for field, kind in part["properties"].items()}
    told = {field: {**kind, **_description(meaning(record, field))} for field, kind in kinds.items()}
    flat = " ".join(part["description"].split())
    return part | {"title": _title(record), "description": flat, "properties": told}


def _null_last(kind: dict[str, Any]) -> dict[str, Any]:
    """The choices in one order, whichever msgspec's version gives them in."""
    choices = kind.get("anyOf")
    return kind if choices is None else kind | {"anyOf": sorted(choices, key=lambda choice: choice == {"type": "null"})}


def _description(text: str) -> dict[str, str]:
    return {"description": text} if text else {}
