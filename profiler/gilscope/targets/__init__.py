"""What is run: the target's name, where its inputs come from, and how both are found in a fresh process.

The parent only describes (`parse`, `describe`); the child, which is sent the `TargetSpec`, imports (`load`).
So no module of the user's is imported into gilscope's own process.
"""

from gilscope.targets.blame import blame, user_traceback
from gilscope.targets.describer import describe
from gilscope.targets.inputs import shuffled
from gilscope.targets.loader import LoadedTarget, load
from gilscope.targets.spec import TargetSpec, parse

__all__ = ["LoadedTarget", "TargetSpec", "blame", "describe", "load", "parse", "shuffled", "user_traceback"]
