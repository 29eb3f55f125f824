"""What findings say of their figures."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

import msgspec

from gilscope import units
from gilscope.records import Figures, Finding, Record

if TYPE_CHECKING:
    from jinja2 import Environment

__all__ = ["Words", "said", "words"]


class Words(Record, frozen=True, kw_only=True):
    """Of one finding, each a Jinja2 template of its figures."""

    severity: str = "info"
    title: str
    heading: str = ""
    """Of its page, where that is not the title."""
    evidence: str
    advice: str

    @property
    def page_heading(self) -> str:
        """What is found, whatever the figures: as its page and the index of all pages have it."""
        return self.heading or self.title[0].lower() + self.title[1:]


@cache
def words() -> dict[str, Words]:
    """Those of each code."""
    source = files(__package__).joinpath("words.toml").read_bytes()
    return msgspec.toml.decode(source, type=dict[str, Words])


def said(code: str, figures: Figures) -> Finding:
    """The finding of these figures."""
    templates = {name: getattr(words()[code], name) for name in ("severity", "title", "evidence", "advice")}
    written = {
        name: _environment().from_string(text).render(figures, figures=figures) for name, text in templates.items()
    }
    return msgspec.convert({"code": code, "page": f"docs/findings/{code}.md", "figures": figures, **written}, Finding)


@cache
def _environment() -> Environment:
    from jinja2 import Environment, StrictUndefined  # only where something was found

    environment = Environment(undefined=StrictUndefined)
    names = ("byte_size", "change", "counted", "duration", "exact", "percent", "rate", "slowdown")
    environment.filters |= {name: getattr(units, name) for name in names}
    return environment
