"""A function that imports what it needs when it is first called: a hundred times dearer than its later calls.

gilscope analyze lazy_import:spread --inputs lazy_import:INPUTS
"""

INPUTS = [40_000, 60_000, 80_000] * 12


def spread(size: int) -> float:
    import pandas as pd

    values = pd.Series(range(64)).reindex(range(size), fill_value=1.5)
    return float((values * values + values).std())
