"""A real Jupyter kernel, run as a program: cells as JSON come in, what the kernel answered goes out as JSON."""

from __future__ import annotations

import json
import sys
from typing import Any

#: For one message: the calls behind it may be slow on a busy machine.
PATIENCE_S = 120


def answers(client: Any, cell: str, interrupt: Any) -> list[dict[str, Any]]:
    """The messages of one cell. One that is to be interrupted is, as soon as its progress is shown."""
    asked = client.execute(cell)
    told: list[dict[str, Any]] = []
    while True:
        message = client.get_iopub_msg(timeout=PATIENCE_S)
        if message["parent_header"].get("msg_id") != asked:
            continue
        kind, content = message["msg_type"], message["content"]
        if kind == "status" and content["execution_state"] == "idle":
            return told
        if kind == "update_display_data" and "# interrupt" in cell and kind not in {past["kind"] for past in told}:
            interrupt()
        told.append({"kind": kind, "content": content})


def main() -> None:
    from jupyter_client.manager import KernelManager  # type: ignore[import-not-found,unused-ignore]

    manager = KernelManager(kernel_name="python3")
    manager.start_kernel(extra_arguments=["--HistoryManager.enabled=False"])
    client = manager.blocking_client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=PATIENCE_S)
        cells = json.load(sys.stdin)
        sys.stdout.write(json.dumps([answers(client, cell, manager.interrupt_kernel) for cell in cells]))
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


if __name__ == "__main__":
    main()
