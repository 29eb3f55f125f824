"""Environment variables: what a user may set, and by what a trial and its workers are told."""

from __future__ import annotations

from typing import Final

__all__ = [
    "ALLOW_REMOTE",
    "ANALYSIS",
    "BROKER",
    "DASK",
    "PREFIX",
    "RTT_S",
    "SECRET",
    "SECRET_FILE",
    "TASKS_URL",
    "TRIAL",
    "URL",
]

#: Which broker to use, and that it may be shared or elsewhere (``1``).
BROKER: Final = "GILSCOPE_BROKER"
ALLOW_REMOTE: Final = "GILSCOPE_ALLOW_REMOTE_BROKER"
#: The address of a Dask scheduler that somebody else runs.
DASK: Final = "GILSCOPE_DASK"
#: That workers are on other hosts, and where the secret is that these have too.
SECRET_FILE: Final = "GILSCOPE_SECRET_FILE"
#: The analysis that the hosts have met, which its trials sign for.
ANALYSIS: Final = "GILSCOPE_ANALYSIS"
#: The network round trip that a trial shall have, in seconds.
RTT_S: Final = "GILSCOPE_RTT_S"
#: The folder of the trial that a process belongs to, whose name nobody else's has.
TRIAL: Final = "GILSCOPE_TRIAL"
#: How workers are told of the broker.
URL: Final = "GILSCOPE_QUEUE_URL"
PREFIX: Final = "GILSCOPE_QUEUE_PREFIX"
SECRET: Final = "GILSCOPE_QUEUE_SECRET"
TASKS_URL: Final = "GILSCOPE_QUEUE_TASKS_URL"
