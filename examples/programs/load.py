"""Load on a service on loopback, and how soon it answers: ``python load.py PORT SECONDS PATH*CLIENTS...``

Each client asks again as soon as it was answered.
"""

from __future__ import annotations

import asyncio
import sys
import time


async def client(port: int, path: str, until: float, took: list[float]) -> None:
    """One connection, kept where the service keeps it."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    while time.perf_counter() < until:
        began = time.perf_counter()
        writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        length = next(line for line in head.split(b"\r\n") if line.startswith(b"content-length:"))
        await reader.readexactly(int(length.partition(b":")[2]))
        took.append(time.perf_counter() - began)
        if b"connection: close" in head:
            writer.close()
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.close()


async def load(port: int, seconds: float, asked: dict[str, int]) -> dict[str, list[float]]:
    """The seconds that each answer took, by path."""
    until = time.perf_counter() + seconds
    took: dict[str, list[float]] = {path: [] for path in asked}
    clients = [client(port, path, until, took[path]) for path, count in asked.items() for _ in range(count)]
    await asyncio.gather(*clients)
    return took


def main() -> None:
    port, seconds, *paths = sys.argv[1:]
    asked = {path: int(clients) for path, _, clients in (each.partition("*") for each in paths)}
    print("asks", flush=True)
    for path, took in asyncio.run(load(int(port), float(seconds), asked)).items():
        took.sort()
        median, late = (1000 * took[int(len(took) * share)] for share in (0.5, 0.99))
        print(f"{path:10} {len(took) / float(seconds):7.1f} answers/s   p50 {median:6.1f} ms   p99 {late:6.1f} ms")


if __name__ == "__main__":
    main()
