"""What a decorated function knows of itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from gilscope.production.function import Function
    from gilscope.production.profile import Profile


def known(func: Any) -> Function:
    """What ``__gilscope__`` is."""
    return cast("Function", func.__gilscope__)


def profile(func: Any) -> Profile:
    """What its calls have shown so far."""
    return known(func).profile()
