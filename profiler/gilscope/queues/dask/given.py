"""A Dask cluster that somebody else runs: whether its workers can do what is asked, and no trace of us afterwards."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from distributed import Client
from distributed.comm.core import connect

from gilscope.addresses import redacted, shown
from gilscope.backends.base import Refusal
from gilscope.errors import BrokerError
from gilscope.queues.dask.cluster import Cluster
from gilscope.queues.remote.sides import Side, machine_identity
from gilscope.units import counted

__all__ = ["given_cluster"]

CONNECT_TIMEOUT_S = 5.0


@contextmanager
def given_cluster(address: str, workers: int, threads: int) -> Iterator[tuple[Client, Cluster]]:
    """A client of the scheduler at ``address``, and so many of its workers, of so many threads each.

    :raises BrokerError: when there is no scheduler
    :raises Refusal: when there are no such workers, or they have another Python or gilscope
    """
    try:
        asyncio.run(_knock(address))
        client = Client(address, set_as_default=False, timeout=CONNECT_TIMEOUT_S)
    except (OSError, ValueError) as error:
        raise BrokerError(
            f"no Dask scheduler answers at {shown(address)} ({redacted(error, address)}): is it running?"
        ) from error
    with client:
        yield client, _fitting(client, workers, threads)


async def _knock(address: str) -> None:
    """A client that finds no scheduler leaves the thread of its loop behind.

    :raises OSError: when nobody answers
    :raises ValueError: when this is no address
    """
    comm = await connect(address, timeout=CONNECT_TIMEOUT_S)
    await comm.close()


def _fitting(client: Client, workers: int, threads: int) -> Cluster:
    known: Mapping[str, Any] = client.scheduler_info(n_workers=-1)["workers"]
    fitting = sorted(address for address, told in known.items() if told["nthreads"] == threads)
    if len(fitting) < workers:
        there = ", ".join(f"{told['nthreads']}" for told in known.values()) or "none"
        asked = f"{counted(workers, 'worker')} of {counted(threads, 'thread')}"
        raise Refusal(
            f"{asked} {'was' if workers == 1 else 'were'} asked for, and the cluster's have {there}: ask for others "
            "with --workers, or start such (dask worker --nthreads)"
        )
    chosen = fitting[:workers]
    _must_be_alike(client, chosen)
    where = client.run(machine_identity, workers=list(chosen))
    here = machine_identity() is not None and set(where.values()) == {machine_identity()}
    return Cluster("the given scheduler", chosen, given=True, here=here)


def _must_be_alike(client: Client, addresses: Sequence[str]) -> None:
    """What Dask itself tells comes first: what is ours may not be there at all."""
    here = Side.here()
    versions: Any = client.get_versions(packages=["gilscope"])
    for address in addresses:
        told = versions["workers"][address]
        python = ".".join(told["host"]["python"].split(".")[:2])
        known = told["packages"]["gilscope"] is not None
        _refuse(Side(address, python, here.gilscope if known else "none"))
    for address, side in client.run(Side.here, workers=list(addresses)).items():
        _refuse(replace(side, host=address))


def _refuse(side: Side) -> None:
    mismatch = side.mismatch(Side.here())
    if mismatch is not None:
        raise Refusal(mismatch)
