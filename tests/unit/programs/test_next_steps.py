"""The commands that lead from a program to its functions."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from gilscope.records.captures import Capture
from gilscope.records.programs import Advice, ProgramRecord
from gilscope.report.document import Block, Code, Paragraph
from gilscope.report.programs.next_steps import next_steps
from tests.unit.programs.handmade import make_program

CODE = "import work\nwork.main('x')\n"


def advised(command: str, *specs: str, exit_status: int | None = 0) -> ProgramRecord:
    some = tuple(
        Advice(name="gil-hold", sentence="", to_win_s=1.0, command=f"gilscope analyze {spec}") for spec in specs
    )
    record = make_program()
    verdict = replace(record.verdict, advice=some)
    return replace(record, command=command, exit_status=exit_status, verdict=verdict, capture=None)


def steps(record: ProgramRecord) -> list[str]:
    return [line for block in next_steps(record, 3) if isinstance(block, Code) for line in block.text.splitlines()]


def words(blocks: list[Block]) -> str:
    return " ".join(block.text for block in blocks if isinstance(block, Paragraph))


@pytest.mark.parametrize(
    ("command", "typed"),
    [
        ("python -m uvicorn shop:app --port 8000", "-m uvicorn shop:app --port 8000"),
        ("/usr/bin/python3.13t -u work.py 'two words'", "-u work.py 'two words'"),
        ("python -c 'import work; work.main()'", "-c CODE"),
        ("gunicorn: master [shop:app]", "SCRIPT.py"),
        ("python 'unended", "SCRIPT.py"),
    ],
)
def test_the_program_is_run_again_as_it_was_typed(command: str, typed: str) -> None:
    run, *analyses = steps(advised(command, "shop:words", "shop:stock", "shop:words"))
    assert run == f"gilscope run --capture shop:words,shop:stock --capture-to captured -- {typed}"
    assert analyses == [f"gilscope analyze shop:{name} --inputs captured" for name in ("words", "stock")]


def test_a_program_on_the_command_line_can_be_pasted_as_a_whole() -> None:
    record = replace(
        advised("python -c 'import work work.main()'", "work:main"), argv=("python", "-c", CODE, "two words")
    )
    run, _ = steps(record)
    assert run.endswith(r"-- -c $'import work\nwork.main(\'x\')\n' 'two words'")


def test_what_takes_no_arguments_is_analyzed_as_it_is() -> None:
    record = advised("python a.py", "a:bare", "a:given")
    bare, given = record.verdict.advice
    both = replace(record, verdict=replace(record.verdict, advice=(replace(bare, takes_arguments=False), given)))
    assert steps(both) == [
        "gilscope run --capture a:given --capture-to captured -- a.py",
        "gilscope analyze a:bare",
        "gilscope analyze a:given --inputs captured",
    ]
    alone = replace(both, verdict=replace(both.verdict, advice=both.verdict.advice[:1]))
    assert steps(alone) == ["gilscope analyze a:bare"]
    assert "as it is" in words(list(next_steps(alone, 3)))


def test_of_a_program_that_goes_on_it_is_said_that_it_has_to_be_started_so() -> None:
    assert "program that gilscope starts" in words(list(next_steps(advised("python a.py", "a:f", exit_status=None), 3)))
    assert "run it again" in words(list(next_steps(advised("python a.py", "a:f"), 3)))


def test_names_that_a_shell_would_take_apart_are_quoted() -> None:
    run, analysis = steps(advised("python a.py", "/srv/my jobs/a.py:f"))
    assert "--capture '/srv/my jobs/a.py:f' --capture-to" in run
    assert "'/srv/my jobs/a.py:f' --inputs" in analysis


def test_where_calls_were_kept_or_nothing_can_be_analyzed_no_commands_are_offered() -> None:
    assert steps(advised("python a.py")) == []
    assert steps(replace(advised("python a.py", "a:f"), capture=Capture(folder="captured"))) == []
