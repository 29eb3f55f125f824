"""The scripts of a page, and the policy that lets these run and nothing else, and nothing be asked of anybody."""

from __future__ import annotations

import base64
import hashlib
import re
from typing import TYPE_CHECKING, Any

import msgspec
from markupsafe import Markup

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["inline", "plot_data", "policy"]


def inline(source: str) -> Markup:
    """A script's text as it may stand in a page: nothing in it ends its element, and no parser changes it.

    The sequences that would end it occur in strings and comments alone, where the escape means the same.
    """
    return Markup(re.sub(r"<(?=/script|!--)", r"\\x3c", source.replace("\r\n", "\n"), flags=re.IGNORECASE))


def policy(scripts: Sequence[str]) -> str:
    """The content security policy: only ``scripts`` run, by their digests; images come from the page itself."""
    digests = (base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts)
    allowed = " ".join(f"'sha256-{digest}'" for digest in digests) or "'none'"
    return (
        f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


def plot_data(kinds: Mapping[str, Any], plots: Mapping[str, bytes]) -> Markup:
    """The pictures, each JSON already, for a data block, which is never run; none of it means anything to HTML."""
    raw = {name: msgspec.Raw(plot) for name, plot in plots.items()}
    text = msgspec.json.encode({"kinds": kinds, "plots": raw}).decode()
    for char in "<>&\u2028\u2029":
        text = text.replace(char, f"\\u{ord(char):04x}")
    return Markup(text)
