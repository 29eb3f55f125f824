"""Says that it is being imported, and stays there."""

import os
import time

with open(os.environ["REACHED"], "w") as reached:
    reached.write("importing")
time.sleep(3600)


def func() -> None: ...
