"""What a notebook shows of a result: the verdict, the configurations, the ledgers, the findings and the code.

A fragment of markup without script, style sheet, ids or requests: a few kilobytes that are saved with the notebook, and
that no other output of it can be disturbed by. `Result.to_html` has the rest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gilscope.report.clean import clipped
from gilscope.report.document import Detail
from gilscope.report.markup import filled

if TYPE_CHECKING:
    from gilscope.report.document import Document

__all__ = ["fragment"]

#: What is drawn at most: a notebook keeps every output.
MOST_ROWS: Final = 20
MOST_NOTICES: Final = 10
MOST_CHARACTERS: Final = 3000


def fragment(document: Document) -> str:
    """The markup, with everything escaped."""
    markup = filled(
        "notebook.html.j2",
        document=clipped(document.within(Detail.BRIEF), MOST_CHARACTERS),
        most_rows=MOST_ROWS,
        most_notices=MOST_NOTICES,
    )
    return str(markup).strip()
