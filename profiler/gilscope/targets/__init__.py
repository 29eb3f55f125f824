"""What is run: the target's name, where its inputs come from, and how both are found in a fresh process.

The parent only describes (`parse`, `describe`); the child, which is sent the `TargetSpec`, imports (`load`).
So no module of the user's is imported into gilscope's own process.
"""

from gilscope.targets.blame import blame, user_traceback
from gilscope.targets.decorated import Decorated, DecoratedFunction, decorated_in
from gilscope.targets.describer import describe
from gilscope.targets.inputs import order_of
from gilscope.targets.loader import Loaded, LoadedTarget, load
from gilscope.targets.spec import TargetSpec, canonical, comes_first, names_module, parse

__all__ = [
    "Decorated",
    "DecoratedFunction",
    "Loaded",
    "LoadedTarget",
    "TargetSpec",
    "blame",
    "canonical",
    "comes_first",
    "decorated_in",
    "describe",
    "load",
    "names_module",
    "order_of",
    "parse",
    "user_traceback",
]
