"""The templates of pages and fragments: everything that is put into them is escaped."""

from __future__ import annotations

from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from gilscope.report.palette import STATE_STYLES, UNDIVIDED
from gilscope.report.plots import SPACE, curve_plot, timeline_plot
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
    environment.filters |= {"curve_plot": curve_plot, "timeline_plot": timeline_plot}
    environment.tests |= {"kind": lambda block, kind: type(block).__name__ == kind}
    environment.globals |= {"STATES": STATE_STYLES, "UNDIVIDED": UNDIVIDED, "SPACE": SPACE}
    return environment


def _place(share: float) -> str:
    """A fraction of a width as CSS has it: ``12.3%``."""
    return f"{100 * share:.5g}%"
