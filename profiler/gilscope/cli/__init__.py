"""The command line. One file per subcommand; exit codes live here and nowhere else."""

from __future__ import annotations

__all__ = ["main"]


def main() -> None:
    """The ``gilscope`` command."""
    from gilscope.cli.app import run

    run()
