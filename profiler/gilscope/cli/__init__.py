"""The command line. One file per subcommand; exit codes live here and nowhere else."""

from __future__ import annotations

import sys

__all__ = ["main"]


def main() -> None:
    """The ``gilscope`` command."""
    try:
        from gilscope.cli.app import run

        run()
    except KeyboardInterrupt:
        from gilscope.cli.signalled import status_of_signal

        sys.exit(status_of_signal())
