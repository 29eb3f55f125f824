"""Which import enabled the GIL, in a build of Python that can do without one.

An extension module that does not say that it is ready for that does so (``_PyImport_EnableGILAndWarn`` in
Python/import.c), and only a warning, which may be filtered, tells its name.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from importlib.machinery import ExtensionFileLoader
from typing import Any

from gilscope.introspection import gil_enabled

__all__ = ["GilSwitch"]


class GilSwitch:
    """Names it. Nothing is changed in an interpreter that has its GIL already.

    :param loader: the class that loads extension modules
    :param enabled: whether the GIL is in use
    """

    def __init__(self, loader: type = ExtensionFileLoader, enabled: Callable[[], bool] = gil_enabled) -> None:
        self.module: str | None = None
        """The first that was found to have enabled it."""
        self._enabled = enabled
        self._depth = 0
        if not enabled():
            for step in ("create_module", "exec_module"):
                setattr(loader, step, self._watched(getattr(loader, step)))

    def _watched(self, step: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
        @wraps(step)
        def watched(loader: Any, given: Any) -> Any:
            self._depth += 1
            try:
                return step(loader, given)
            finally:
                self._depth -= 1
                self._look(given)

        return watched

    def _look(self, given: Any) -> None:
        """While one is loaded the GIL is in use for a while; it stays so when the outermost has been."""
        if self.module is None and not self._depth and self._enabled():
            self.module = getattr(given, "name", None) or getattr(given, "__name__", None)
