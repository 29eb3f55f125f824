"""One offline HTML page: no request, everything escaped, no script but gilscope's own and Bokeh's.

The page is drawn from view dataclasses, and those from results; the templates decide nothing but looks.
"""

from __future__ import annotations

from gilscope.report.html.pages import render, render_sheet

__all__ = ["render", "render_sheet"]
