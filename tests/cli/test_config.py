"""Options from pyproject.toml and the environment: they reach a command, and ``gilscope config`` shows them."""

from __future__ import annotations

import json

import pytest

from tests.cli.conftest import Cli, place
from tests.cli.test_asked import Ask, ask

__all__ = ["ask"]  # the fixture

TABLE = '[tool.gilscope]\nbudget = "3s"\nworkers = [1, 3]\noverhead = "2%"\nno-progress = true\n'


@pytest.fixture
def configured(cli: Cli) -> Cli:
    (cli.cwd / "pyproject.toml").write_text(TABLE)
    return cli


def test_they_reach_the_analysis(configured: Cli, ask: Ask) -> None:
    configured.environment |= {"GILSCOPE_BUDGET": "4s", "GILSCOPE_MAX_CALLS": "40", "GILSCOPE_FREE_THREADED": "1"}
    _, options = ask()
    assert (options.budget_s, options.workers, options.max_calls, options.free_threaded) == (4.0, (1, 3), 40, True)
    _, options = ask("--budget", "5s", "-w", "2")
    assert (options.budget_s, options.workers) == (5.0, (2,))


@pytest.mark.parametrize(
    ("arguments", "variables", "told"),
    [
        ((), {"GILSCOPE_BUDGET": "soon"}, "--budget 'soon' is no time: write it as 10s, 500ms or 2m (GILSCOPE_BUDGET="),
        ((), {"GILSCOPE_MAX_CALLS": "few"}, "GILSCOPE_MAX_CALLS=few: "),
        ((), {"GILSCOPE_BACKENDS": "thread,proces"}, "(GILSCOPE_BACKENDS=thread,proces)"),
        (("--budget", "soon"), {"GILSCOPE_BUDGET": "3s"}, "--budget 'soon' is no time: write it as 10s, 500ms or 2m"),
    ],
)
def test_an_error_tells_what_said_it(
    configured: Cli, arguments: tuple[str, ...], variables: dict[str, str], told: str
) -> None:
    outcome = configured.answer("analyze", *place("well", "nap"), *arguments, env=variables)
    assert outcome.status == 2
    assert told in outcome.line
    assert ("(GILSCOPE" in outcome.line) == ("(GILSCOPE" in told)


def test_a_file_that_is_wrong_is_an_error_of_every_command_but_the_help(cli: Cli) -> None:
    (cli.cwd / "pyproject.toml").write_text("[tool.gilscope]\nbugdet = 3\n")
    for command in (("analyze", *place("well", "nap")), ("attach", "1"), ("config",)):
        outcome = cli.answer(*command)
        assert outcome.status == 2
        assert "bugdet in [tool.gilscope] of " in outcome.line
        assert "did you mean budget?" in outcome.line
    for fine in (("analyze", "--help"), ("--no-config", "config"), ("config", "--no-config"), ("--help",)):
        assert cli.answer(*fine).status == 0


def test_what_every_option_is_is_shown(configured: Cli) -> None:
    environment = {"GILSCOPE_BROKER": "redis://me:s3cret@host/1", "GILSCOPE_BUGET": "1s"}
    shown = configured.answer("config", env=environment)
    assert (shown.status, shown.stderr) == (0, "")
    path = configured.cwd / "pyproject.toml"
    lines = [" ".join(line.split()) for line in shown.stdout.splitlines()]
    for line in (
        f"file: {path}",
        "GILSCOPE_BUGET sets nothing: did you mean GILSCOPE_BUDGET?",
        f"budget 3s {path} [tool.gilscope]",
        "timeout 60s default",
        "broker redis://***@host/1 GILSCOPE_BROKER",
        "gilscope attach",
        f"overhead 2% {path} [tool.gilscope]",
    ):
        assert line in lines
    told = json.loads(configured.answer("config", "analyze", "--json", env=environment).stdout)
    assert (told["file"], list(told["commands"])) == (str(path), ["analyze"])
    assert told["commands"]["analyze"]["workers"] == {
        "value": "1,3",
        "source": "file",
        "where": f"{path} [tool.gilscope]",
        "file_may_set": True,
    }
    assert told["unknown_variables"] == {"GILSCOPE_BUGET": "GILSCOPE_BUDGET"}
    assert configured.answer("config", "analyse").status == 2
