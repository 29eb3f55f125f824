"""``gilscope schema``."""

from __future__ import annotations

import json

from tests.cli.conftest import Cli


def test_the_schema_is_printed_whole(cli: Cli) -> None:
    outcome, told, program, unknown = cli.answers(
        ("schema",), ("schema", "--help"), ("schema", "program"), ("schema", "dump")
    )
    schema = json.loads(outcome.stdout)
    assert (outcome.status, outcome.stderr, schema["$id"]) == (0, "", "urn:gilscope:result:2")
    assert schema["$defs"]["Result"]["properties"]["schema"]["const"] == "gilscope.result/2"
    assert (told.status, "JSON Schema" in told.stdout) == (0, True)
    assert json.loads(program.stdout)["$id"] == "urn:gilscope:program:1"
    assert (unknown.status, "result, program, pythons" in unknown.stderr) == (2, True)
