"""Looking at calls by what the interpreter itself tells (`sys.monitoring`, PEP 669), from 3.12 on.

Two tools: one is told of each code object of the program once, when it runs for the first time, and finds those that
were asked for wherever they are defined; the other is told of every call of those.
"""

from __future__ import annotations

import sys
from types import CodeType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gilscope.capture.agent import Agent

__all__ = ["install"]

#: Numbers of tools that are nobody's by convention.
FREE = (4, 3)
NAME = "gilscope"


def install(agent: Agent) -> None:
    """Have the agent told of the calls that it wants.

    :raises ValueError: when other tools have the numbers
    """
    monitoring: Any = sys.monitoring  # type: ignore[attr-defined, unused-ignore]
    finding, telling = FREE
    start, nothing = monitoring.events.PY_START, monitoring.events.NO_EVENTS
    qualnames = agent.qualnames
    numbers: dict[int, tuple[CodeType, int]] = {}  # by the address: to hash code takes longer than all the rest
    is_on = [True]

    def found(code: CodeType, _offset: int) -> Any:
        if code.co_qualname in qualnames and id(code) not in numbers:
            frame = sys._getframe(1)
            number = agent.wanted(code, frame.f_globals)
            if number is not None:
                numbers[id(code)] = code, number
                if is_on[0]:
                    monitoring.set_local_events(telling, code, start)
                agent.called(number, frame)
        return monitoring.DISABLE

    def told(code: CodeType, _offset: int) -> None:
        known = numbers.get(id(code))
        if known is not None:
            agent.called(known[1], sys._getframe(1))

    def switch(on: bool) -> None:
        is_on[0] = on
        for code, _ in list(numbers.values()):
            monitoring.set_local_events(telling, code, start if on else nothing)

    for tool in FREE:
        monitoring.use_tool_id(tool, NAME)
    agent.switch = switch
    monitoring.register_callback(finding, start, found)
    monitoring.register_callback(telling, start, told)
    monitoring.set_events(finding, start)
