"""Draw the golden reports anew."""

from __future__ import annotations

from tests.unit.golden import drawn

for path, text in drawn():
    path.write_text(text, encoding="utf-8")
