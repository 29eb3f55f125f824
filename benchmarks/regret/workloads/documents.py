"""Pillow, lxml and Jinja2."""

from __future__ import annotations

import jinja2
from lxml import etree  # type: ignore[import-untyped]
from PIL import Image, ImageFilter

from benchmarks.regret.workload import workload


def photographs() -> list[Image.Image]:
    """Pictures of 500 × 400, all gradients."""
    red, green = Image.linear_gradient("L").resize((500, 400)), Image.radial_gradient("L").resize((500, 400))
    return [Image.merge("RGB", (red, green, red.rotate(10 * n))) for n in range(8)]


@workload(
    inputs="photographs", expect="compute-bound/native", kind="GIL-free CPU", why="Pillow's filters let the GIL go"
)
def pillow_blur(picture: Image.Image) -> tuple[int, int]:
    return picture.filter(ImageFilter.GaussianBlur(4)).size


PAGES = [
    b"<page>%s</page>" % b"".join(b"<row id='%d'><a>%d</a><b>text</b></row>" % (i, i * n) for i in range(700))
    for n in range(1, 9)
]


@workload(inputs="PAGES", expect="compute-bound", kind="Python CPU", why="parsing lets the GIL go, the rest does not")
def lxml_titles(page: bytes) -> int:
    return sum(int(node.text) for node in etree.fromstring(page).iterfind("row/a"))


@workload(
    inputs="PAGES", expect="compute-bound", kind="unpicklable", why="an lxml tree cannot come back from a process"
)
def lxml_tree(page: bytes) -> object:
    return etree.fromstring(page)


_TEMPLATE = jinja2.Environment(autoescape=True).from_string(
    "<table>{% for row in rows %}<tr><td>{{ row.name|title }}</td><td>{{ '%0.2f' % row.price }}</td></tr>{% endfor %}"
)
BASKETS = [[{"name": f"thing {i}", "price": i * n / 3} for i in range(250)] for n in range(1, 9)]


@workload(inputs="BASKETS", expect="compute-bound/python", kind="Python CPU", why="templates are Python code")
def jinja_render(rows: list[dict[str, object]]) -> int:
    return len(_TEMPLATE.render(rows=rows))
