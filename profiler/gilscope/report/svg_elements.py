"""The elements of pictures as SVG that fills any width.

Across, places are percents of the width; down, pixels. Lines run in a space of their own, which is stretched to the
width without its strokes; marks and words stand in the other, which is not.
"""

from __future__ import annotations

import math
from typing import Final

from markupsafe import Markup

__all__ = ["below", "beside", "nice_ticks", "place", "plot", "stretched", "tag"]

#: Pixels below a picture, for what is written there.
_BELOW: Final = 42


def tag(name: str, *inner: str, **attributes: object) -> Markup:
    """An element with everything escaped; a hyphen in an attribute's name is told as an underscore."""
    pairs = ((key.rstrip("_").replace("_", "-"), value) for key, value in attributes.items())
    told = Markup().join(Markup(' {}="{}"').format(*pair) for pair in pairs)
    return Markup("<{0}{1}>{2}</{0}>").format(name, told, Markup().join(inner))


def plot(about: str, height: float, *inner: str) -> Markup:
    """The picture, with room below it for what is written there."""
    return tag("svg", *inner, class_="plot", role="img", aria_label=about, height=height + _BELOW)


def stretched(width: float, rows: float, height: float, *inner: str, **attributes: object) -> Markup:
    """A space that is as wide as the picture, whatever it is measured in."""
    box = {"width": "100%", "height": height, "viewBox": f"0 0 {width} {rows}", "preserveAspectRatio": "none"}
    return tag("svg", *inner, **box, **attributes)


def place(share: float) -> str:
    """A fraction of the width."""
    return f"{100 * share:.5g}%"


def below(x: float, height: float, text: str, line: int = 1) -> Markup:
    """Words under the picture, around a place."""
    return tag("text", text, x=place(x), y=height + 18 * line, text_anchor="middle")


def beside(y: float, text: str) -> Markup:
    """Words to the left of the picture."""
    return tag("text", text, x=-8, y=f"{y + 4:.1f}", text_anchor="end")


def nice_ticks(low: float, high: float, most: int = 8) -> list[float]:
    """Multiples of 1, 2 or 5 times a power of ten, from ``low`` to ``high``, not many more than ``most``."""
    rough = (high - low) / most
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough)
    first, last = math.ceil(low / step - 1e-6), math.floor(high / step + 1e-6)
    return [round(at * step, 12) for at in range(first, last + 1)]
