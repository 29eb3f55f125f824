"""The digest of a function's code: the same wherever the function stands, so that one of several that share a name is
known again when lines above it come and go."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from hashlib import blake2b
from types import CodeType

__all__ = ["code_digest"]


@lru_cache(maxsize=1024)
def code_digest(code: CodeType) -> str:
    """Of what it does under one version of Python; neither of its file nor of its lines."""
    made = blake2b(digest_size=8)
    for part in _parts(code):
        made.update(b"%d:" % len(part))
        made.update(part)
    return made.hexdigest()


def _parts(code: CodeType) -> Iterator[bytes]:
    yield code.co_code
    for names in (code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars):
        yield " ".join(names).encode("utf-8", "surrogatepass")
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _parts(constant)
        elif isinstance(constant, frozenset):  # which has no order
            yield repr(sorted(map(repr, constant))).encode("utf-8", "surrogatepass")
        else:
            yield repr(constant).encode("utf-8", "surrogatepass")
