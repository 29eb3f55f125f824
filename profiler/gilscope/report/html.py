"""One offline HTML page: no request, everything escaped, no script but gilscope's own.

The templates draw blocks and decide nothing but looks; pictures are SVG and boxes, seen without any script.
"""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING, Final

from markupsafe import Markup

from gilscope.report.markup import filled, source
from gilscope.units import thousands

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gilscope.report.document import Document, Documents

__all__ = ["render"]

#: Characters of documents, so that a browser opens the page at once; what comes after is told in brief.
_ROOM: Final = 1_500_000
_MOST_NAMES: Final = 3


def render(documents: Documents) -> str:
    """The page; with several documents, a table of all comes first."""
    bodies, in_full = _bodies(documents)
    script = Markup(source("page.js"))
    values = {"title": _title(documents.heads), "bodies": bodies, "in_full": in_full, "documents": documents}
    return str(filled("page.html.j2", **values, script=script, policy=_policy(script))).lstrip()


def _title(heads: Sequence[Document]) -> str:
    names = [head.name or head.title for head in heads]
    more = [f"{thousands(len(names) - _MOST_NAMES)} more"] if len(names) > _MOST_NAMES else []
    return ", ".join(names[:_MOST_NAMES] + more)


def _policy(script: str) -> str:
    """The content security policy: only ``script`` runs, by its digest; nothing is asked of anybody."""
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return (
        f"default-src 'none'; script-src 'sha256-{digest}'; style-src 'unsafe-inline'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


def _bodies(documents: Documents) -> tuple[list[Markup], int]:
    """The markup of each, and how many are told in full."""
    level = 1 if documents.overview is None else 2
    bodies: list[Markup] = []
    room = _ROOM
    for document in documents.whole:
        bodies.append(filled("document.html.j2", document=document, at=len(bodies) + 1, level=level))
        room -= len(bodies[-1])
        if room <= 0:
            break
    in_full = len(bodies)
    rest = enumerate(documents.heads[in_full:], start=in_full + 1)
    return [*bodies, *(filled("brief.html.j2", document=head, at=at) for at, head in rest)], in_full
