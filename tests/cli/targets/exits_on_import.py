"""Exits when it is imported."""

import sys

sys.exit("usage: exits_on_import FILE")


def func() -> None: ...
