"""What a journal says of a process and of a function, beside their figures: as JSON, by the standard library alone
(`gilscope.production.journal_layout` says why). `gilscope.production.journal_entries` reads it."""

from __future__ import annotations

import json
import os
import socket
import sys
from functools import cache

from gilscope.introspection import HAS_POOLS, gil_enabled
from gilscope.observers.cpus import usable_cpus
from gilscope.production.code_digest import code_digest
from gilscope.production.journal_layout import FIGURES
from gilscope.production.liveness import born
from gilscope.production.sketch import BUCKETS
from gilscope.production.unavailable import greenlets_of

TYPE_CHECKING = False  # type checkers take it for True; importing typing would take longer than all the rest
if TYPE_CHECKING:
    from gilscope.production.function import Function

__all__ = ["described_function", "described_process", "host", "python"]


def host() -> str:
    """This machine's name, as it is in the names of files."""
    return "".join(char if char.isalnum() else "-" for char in socket.gethostname())


def python() -> str:
    """This interpreter's version."""
    return sys.version.partition(" ")[0]


def described_process(started: float, *, interpreter: bool = False) -> bytes:
    """This process, which has counted since ``started``; or an interpreter of it beside the main one."""
    about = {"host": host(), "pid": os.getpid(), "born": born(os.getpid()), "python": python(), "started": started}
    return _json({**about, "interpreter": interpreter, "figures": FIGURES, "buckets": BUCKETS})


def described_function(function: Function) -> bytes:
    """What a profile tells of a function without any call.

    :raises UnicodeEncodeError: when a name has half a surrogate pair
    """
    code = getattr(function.function, "__code__", None)
    about = {"spec": function.spec, "name": function.name, "kind": function.kind, "cpus": _cpus()}
    where = {"file": code.co_filename, "line": code.co_firstlineno, "digest": code_digest(code)} if code else {}
    kept = {"gil_enabled": gil_enabled(), "greenlets": greenlets_of() is not None, "interpreter_pools": HAS_POOLS}
    return _json({**about, **where, **kept})


def _json(about: dict[str, object]) -> bytes:
    return json.dumps(about, ensure_ascii=False).encode()


@cache
def _cpus() -> float:
    """Asked once: the system is asked for several files."""
    return usable_cpus(None).usable
