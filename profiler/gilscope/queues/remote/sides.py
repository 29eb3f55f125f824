"""The two sides of a fleet on several machines: what each says of itself, and the secret that both have."""

from __future__ import annotations

import hmac
import os
import socket
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gilscope import __version__
from gilscope.queues.brokers.signed import DIGEST

__all__ = ["Side", "derived", "machine_identity"]


@dataclass(frozen=True)
class Side:
    """What takes part: an analysis, or a host of workers."""

    host: str
    python: str
    """Major and minor version; pickles and bytecode are alike within one."""
    gilscope: str

    @classmethod
    def here(cls) -> Side:
        """This process."""
        return cls(socket.gethostname(), ".".join(map(str, sys.version_info[:2])), __version__)

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Side:
        """What another one said of itself, among other things."""
        return cls(str(told["host"]), str(told["python"]), str(told["gilscope"]))

    def mismatch(self, analysis: Side) -> str | None:
        """Why this host cannot work for ``analysis``; None where it can."""
        differing = [name for name in ("python", "gilscope") if getattr(self, name) != getattr(analysis, name)]
        if not differing:
            return None
        has, needs = (" and ".join(f"{name} {getattr(side, name)}" for name in differing) for side in (self, analysis))
        return f"the host {self.host} has {has}, the analysis on {analysis.host} {needs}: install the same there"


def machine_identity() -> str | None:
    """What two processes have in common that see the same process ids and read the same clocks: the boot of the
    machine, and the namespaces of both. None where that is not told."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        spaces = [os.readlink(f"/proc/self/ns/{name}") for name in ("pid", "time")]
    except OSError:
        return None
    return " ".join([boot, *spaces])


def derived(secret: bytes, analysis: str, prefix: str) -> bytes:
    """The secret of one trial of one analysis: what was signed for another is not taken for this one's."""
    return hmac.digest(secret, f"{analysis} {prefix}".encode(), DIGEST)
