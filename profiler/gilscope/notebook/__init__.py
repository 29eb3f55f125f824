"""IPython: ``%load_ext gilscope``, then ``%gilscope f(x)``, and ``%%gilscope`` above a cell."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

__all__ = ["load_ipython_extension"]


def load_ipython_extension(shell: InteractiveShell) -> None:
    """Give a shell the magics; IPython calls this."""
    from gilscope.notebook.magic import register  # which needs IPython, and only IPython comes here

    register(shell)
