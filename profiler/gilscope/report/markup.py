"""The templates of pages and fragments: everything that is put into them is escaped."""

from __future__ import annotations

from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from gilscope.report import svg, svg_timeline
from gilscope.report.palette import HOLDERS, STATE_STYLES, UNDIVIDED, backend_style
from gilscope.report.verdicts import sentence
from gilscope.units import duration, percent

__all__ = ["filled", "source"]


def filled(template: str, **values: Any) -> Markup:
    """A template's markup, with ``values`` in it."""
    return Markup(_environment().get_template(template).render(**values))


def source(template: str) -> str:
    """The text of a template that is no template."""
    environment = _environment()
    assert environment.loader is not None
    return environment.loader.get_source(environment, template)[0]


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("gilscope.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"percent": percent, "duration": duration, "place": _place, "sentence": sentence}
    environment.filters |= {"curves": svg.curves, "timeline": svg_timeline.timeline}
    environment.tests |= {"kind": lambda block, kind: type(block).__name__ == kind}
    environment.globals |= {"STATES": STATE_STYLES, "UNDIVIDED": UNDIVIDED, "backend_style": backend_style}
    environment.globals |= {"HOLDERS": HOLDERS}
    return environment


def _place(share: float) -> str:
    """A fraction of a width as CSS has it: ``12.3%``."""
    return f"{100 * share:.5g}%"
