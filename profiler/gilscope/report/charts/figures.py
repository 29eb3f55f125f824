"""Bokeh's figures, empty: the page's script fills them. Their colours of text and lines are the page's own (Bokeh reads
CSS properties called ``--bk-...``), so that they follow it into the dark."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any, Final

import bokeh
from bokeh.embed import json_item
from bokeh.models import BasicTickFormatter, FixedTicker, HoverTool, PanTool, Range1d, WheelZoomTool
from bokeh.plotting import figure

from gilscope.report.palette import STATE_STYLES

__all__ = ["bokeh_script", "kinds"]

#: No toolbar: the page has buttons of its own, which the keyboard reaches.
_BARE: Final[dict[str, Any]] = {
    "sizing_mode": "stretch_width",
    "toolbar_location": None,
    "tools": "",
    "outline_line_color": None,
    "background_fill_alpha": 0,
    "border_fill_alpha": 0,
    "min_border_right": 12,
}


@cache
def bokeh_script() -> str:
    """BokehJS without its widgets, tables, WebGL and TeX; as Bokeh ships it."""
    path = Path(bokeh.__file__).parent / "server" / "static" / "js" / "bokeh.min.js"
    return path.read_text(encoding="utf-8").strip()


@cache
def kinds() -> dict[str, Any]:
    """The empty figures by their kind, in Bokeh's own JSON."""
    return {"throughput": json_item(_throughput()), "timeline": json_item(_timeline())}


def _throughput() -> figure:
    plot = figure(x_axis_type="log", x_range=Range1d(start=0.8, end=2), y_range=Range1d(start=0, end=1), **_BARE)
    plot.multi_line("xs", "ys", color="colour", source=_empty("xs ys colour"), name="measured", line_width=2)
    plot.multi_line(
        "xs",
        "ys",
        color="colour",
        source=_empty("xs ys colour"),
        name="model",
        line_dash=[6, 5],
        line_width=1.5,
    )
    plot.segment(
        "x", "low", "x", "high", color="colour", source=_empty("x low high colour"), name="interval", line_width=2
    )
    plot.scatter(
        *("x", "y"),
        size=22,
        line_color="colour",
        fill_color=None,
        line_width=2,
        source=_empty("x y colour"),
        name="knee",
    )
    points = plot.scatter(
        *("x", "y"),
        marker={"field": "marker"},
        color="colour",
        size=10,
        source=_empty("x y colour marker name value"),
        name="points",
    )
    plot.add_tools(HoverTool(renderers=[points], tooltips=[("configuration", "@name"), ("calls", "@value")]))
    plot.xaxis.ticker = FixedTicker(ticks=[])
    plot.xaxis.formatter = BasicTickFormatter()
    plot.xgrid.visible = False
    return plot


def _timeline() -> figure:
    plot = figure(x_range=Range1d(start=0, end=1), y_range=Range1d(start=1.5, end=0.5), **_BARE)
    layers: list[Any] = [
        plot.hbar(
            *("lane", 0.82, "right", "left"),
            source=_empty("lane left right length"),
            color=style.colour,
            name=style.title,
            line_color=None,
        )
        for style in STATE_STYLES.values()
    ]
    hover = HoverTool(renderers=layers, tooltips=[("worker", "@lane"), ("", "$name, @length")])
    drag, wheel = PanTool(dimensions="width"), WheelZoomTool(dimensions="width", modifiers={"ctrl": True})
    plot.add_tools(hover, drag, wheel)
    plot.toolbar.active_drag, plot.toolbar.active_scroll = drag, wheel
    plot.yaxis.ticker = FixedTicker(ticks=[])
    plot.yaxis.axis_label = "worker"
    plot.ygrid.visible = False
    return plot


def _empty(names: str) -> dict[str, Any]:
    return {name: [] for name in names.split()}
