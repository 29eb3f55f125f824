"""``gilscope worker`` as a newcomer may call it; how it works stands in tests/queues."""

from __future__ import annotations

from gilscope.secret_files import read_secret
from tests.cli.conftest import Cli

#: Nobody listens there.
NOBODY = "redis://127.0.0.2:1/0"


def test_what_it_cannot_do_is_told_in_one_line(cli: Cli) -> None:
    cli.environment.pop("GILSCOPE_BROKER", None)
    read_secret(cli.cwd / "good", create=True)
    (cli.cwd / "bad").write_text("password")
    (cli.cwd / "bad").chmod(0o600)
    asked = {
        ("--secret-file", "good"): (2, "give --broker URL and --secret-file FILE"),
        ("--broker", NOBODY): (2, "give --broker URL and --secret-file FILE"),
        ("--broker", NOBODY, "--secret-file", "none"): (2, "gilscope analyze writes it"),
        ("--broker", NOBODY, "--secret-file", "bad"): (2, "holds no secret"),
        ("--broker", NOBODY, "--secret-file", "good", "--workers", "0"): (2, "must be at least 1"),
        ("--broker", NOBODY, "--secret-file", "good"): (4, "is it running?"),
        ("--broker", "here", "--secret-file", "good"): (4, "no address of a broker"),
    }
    for outcome, (status, told) in zip(
        cli.answers(*(["worker", *options] for options in asked)), asked.values(), strict=True
    ):
        assert (outcome.status, told in outcome.line) == (status, True), outcome.stderr
