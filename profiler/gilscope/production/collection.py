"""The profiles of all decorated functions together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, overload

from gilscope.production.function import functions
from gilscope.production.observed import DIVIDED

if TYPE_CHECKING:
    import pandas as pd

    from gilscope.production.profile import Profile

__all__ = ["COLUMNS", "STATE_COLUMNS", "Profiles", "profiles", "row"]

#: Of the table, in this order: what a profile tells under these names.
COLUMNS = (
    *("name", "spec", "kind", "processes", "calls", "nested", "errors"),
    *("wall_s", "wall_error_s", "mean_s", "cpu_s", "cpu_error_s", "runqueue_s", "blocked_s"),
    *("awaited_s", "possible_gil_wait_s", "own_threads_cpu_s", "longest_s", "longest_block_s"),
    *("gil_held_ratio", "gil_held_at_most"),
)
#: Those of ``states_s``, in its order; ``runqueue_s`` and ``awaited_s`` are among the others.
STATE_COLUMNS = tuple(f"{state}_s" for state in DIVIDED)
_QUANTILES = {"p50_s": 0.5, "p99_s": 0.99}


def profiles() -> Profiles:
    """What the calls of every function decorated in this process have shown so far."""
    from gilscope.production.nesting import nested  # not at the top: msgspec takes longer than all the rest

    return Profiles(nested(function.recorded() for function in functions()))


class Profiles(Sequence["Profile"]):
    """Profiles in a row; ``profiles["name"]`` finds one by its name or its ``module:qualname``, ``in`` asks for either,
    and `keys`, `items` and `get` are those of a dictionary by name. Iterating gives the profiles."""

    def __init__(self, found: Sequence[Profile]) -> None:
        self._found = tuple(found)

    def keys(self) -> list[str]:
        """What each is found by: its name, or its ``module:qualname`` where others have that name, too."""
        names = Counter(profile.name for profile in self._found)
        return [profile.name if names[profile.name] == 1 else profile.spec for profile in self._found]

    def values(self) -> list[Profile]:
        """The profiles, in the order of `keys`."""
        return list(self._found)

    def items(self) -> list[tuple[str, Profile]]:
        """`keys` and `values` in pairs."""
        return list(zip(self.keys(), self._found, strict=True))

    def get(self, name: str, default: Profile | None = None) -> Profile | None:
        """The profile of that name or ``module:qualname``; ``default`` where no decorated function is called so."""
        return next((profile for profile in self._found if name in (profile.name, profile.spec)), default)

    def __contains__(self, wanted: object) -> bool:
        if isinstance(wanted, str):
            return self.get(wanted) is not None
        return wanted in self._found

    @overload
    def __getitem__(self, index: int | str) -> Profile: ...
    @overload
    def __getitem__(self, index: slice) -> Profiles: ...
    def __getitem__(self, index: int | str | slice) -> Profile | Profiles:
        if isinstance(index, slice):
            return Profiles(self._found[index])
        if isinstance(index, int):
            return self._found[index]
        if (found := self.get(index)) is None:
            raise KeyError(f"no decorated function is called {index!r}: {', '.join(each.name for each in self._found)}")
        return found

    def __len__(self) -> int:
        return len(self._found)

    def __repr__(self) -> str:
        return f"Profiles({', '.join(profile.name for profile in self._found)})"

    def to_frame(self) -> pd.DataFrame:
        """One row for each function; units in the column names, missing where unknown."""
        import pandas as pd  # only here: pandas takes longer to import than all the rest

        return pd.DataFrame(
            [row(profile) for profile in self._found], columns=[*COLUMNS, *STATE_COLUMNS, *_QUANTILES, *_VERDICT]
        )


_VERDICT = ("label", "subtype", "confidence", "advice")


def row(profile: Profile) -> dict[str, Any]:
    """What a table tells of a function, by column; None where unknown."""
    verdict = profile.classification
    states = {f"{state}_s": seconds for state, seconds in profile.states_s.items()}
    return {
        **{name: getattr(profile, name) for name in COLUMNS},
        **{name: states.get(name) for name in STATE_COLUMNS},
        **{name: profile.quantile_s(share) for name, share in _QUANTILES.items()},
        "label": verdict.label,
        "subtype": verdict.subtype,
        "confidence": verdict.confidence,
        "advice": profile.advice,
    }
