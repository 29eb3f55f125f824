"""The published JSON Schema, judged by another library than the one that made it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest

import gilscope
from gilscope.drawn import Drawn
from gilscope.records import SCHEMA, Finding, Histogram, Lane, Stack, Timeline
from gilscope.report.schema import DIALECT, SCHEMAS, render, schema_of
from gilscope.result import Result
from tests.unit.handmade import make_hostile, make_result, make_trial
from tests.unit.programs.handmade import make_hostile_program, make_program
from tests.unit.pythons_builders import make_pythons

ROOT = Path(__file__).parents[2]
SAVED_PROGRAM = Path(__file__).parent / "saved" / "program-1.json"
SAVED = [*sorted((ROOT / "reports").glob("*.json")), Path(__file__).parent / "saved" / "result-1.json"]


def _validate(result: Result) -> None:
    schema = schema_of()
    jsonschema.Draft202012Validator(schema).validate(json.loads(result.to_json()))


def _full() -> Result:
    lane = Lane(pid=1, tid=1, edges_s=(0.0, 1.0), states=("cpu_gil",))
    trial = make_trial(
        latencies=Histogram(edges_s=(0.0, 1.0), counts=(3,)), timeline=Timeline(wall_s=1.0, lanes=(lane,))
    )
    return make_result(trials=(trial,), stacks=(Stack(frames=("f (a.py:1)",), samples=3),))


def test_it_is_a_schema_with_a_name_and_a_version() -> None:
    schema = schema_of()
    jsonschema.Draft202012Validator.check_schema(schema)
    assert (schema["$schema"], schema["title"]) == (DIALECT, SCHEMA)
    assert schema["$id"] == "urn:gilscope:result:2"


@pytest.mark.parametrize("path", SAVED, ids=lambda path: path.stem)
def test_real_results_are_valid(path: Path) -> None:
    found = gilscope.load(path)
    assert isinstance(found, gilscope.Result)
    _validate(found)


@pytest.mark.parametrize(
    "result", [make_result(), _full(), make_hostile("\udcff\x00</script>"), make_result(trials=(), demands=None)]
)
def test_handmade_results_are_valid(result: Result) -> None:
    _validate(result)


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"schema": "gilscope.result/1"}, "$.schema"),
        ({"trials": [{"backend": "thread", "workers": "two"}]}, "$.trials[0].workers"),
        ({"classification": {"label": "cpu-bound", "confidence": 1, "reason": ""}}, "$.classification.label"),
        ({"elapsed_s": None}, "$.elapsed_s"),
    ],
)
def test_what_is_no_result_is_not_valid(changes: dict[str, Any], place: str) -> None:
    record = json.loads(make_result().to_json()) | changes
    errors = list(jsonschema.Draft202012Validator(schema_of()).iter_errors(record))
    assert [error.json_path for error in errors] == [place]


@pytest.mark.parametrize("missing", ["schema", "created", "target", "recommendation"])
def test_what_the_loader_wants_is_required(missing: str) -> None:
    record = {name: value for name, value in json.loads(make_result().to_json()).items() if name != missing}
    (error,) = jsonschema.Draft202012Validator(schema_of()).iter_errors(record)
    assert f"'{missing}' is a required property" in error.message


def test_descriptions_are_the_record_s_own_words() -> None:
    parts = schema_of()["$defs"]
    assert parts["Round"]["properties"]["observed"]["description"].startswith("Whether the sampler ran")
    assert parts["Ledger"]["properties"]["cpu_s"]["description"].startswith("On a CPU")
    assert parts["Finding"]["description"] == (Finding.__doc__ or "").strip()


COPIES = {"result": "schema.json", "program": "schema-program.json", "pythons": "schema-pythons.json"}


@pytest.mark.parametrize("kind", SCHEMAS)
def test_the_copy_in_the_documentation_is_this_one(kind: str) -> None:
    copy = ROOT / "docs" / COPIES[kind]
    told = f"write it anew: gilscope schema {kind} > docs/{copy.name}"
    assert json.loads(copy.read_text(encoding="utf-8")) == json.loads(render(kind)), told


@pytest.mark.parametrize(
    ("kind", "record"),
    [
        ("program", make_program()),
        ("program", make_hostile_program()),
        ("program", gilscope.load(SAVED_PROGRAM)),
        ("pythons", make_pythons()),
    ],
)
def test_programs_and_pythons_are_valid_by_schemas_of_their_own(kind: str, record: Drawn) -> None:
    schema = schema_of(kind)
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["title"] == SCHEMAS[kind][0]
    valid = jsonschema.Draft202012Validator(schema)
    told = json.loads(record.to_json())
    valid.validate(told)
    assert [error.json_path for error in valid.iter_errors(told | {"created": None})] == ["$.created"]
    assert not jsonschema.Draft202012Validator(schema_of()).is_valid(told)


def test_every_part_that_a_schema_refers_to_is_in_it() -> None:
    for kind in SCHEMAS:
        parts = set(re.findall(r'#/\$defs/(\w+)"', render(kind)))
        assert parts <= set(schema_of(kind)["$defs"])
