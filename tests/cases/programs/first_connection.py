"""A client that connects in the first call of each thread, as lazy clients do; its later calls take 4 ms.

gilscope analyze first_connection:ask --inputs first_connection:INPUTS
"""

import socket
import threading
import time

_local = threading.local()


def _serve(listening: socket.socket) -> None:
    while True:
        served, _ = listening.accept()
        threading.Thread(target=_answer, args=(served,), daemon=True).start()


def _answer(served: socket.socket) -> None:
    with served:
        while (asked := served.recv(1)) != b"":
            time.sleep(asked[0] / 1000)
            served.sendall(asked)


def _client() -> socket.socket:
    client: socket.socket | None = getattr(_local, "client", None)
    if client is None:
        listening = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=_serve, args=(listening,), daemon=True).start()
        time.sleep(0.4)  # handshakes, discovery, a token
        client = _local.client = socket.create_connection(listening.getsockname())
    return client


def ask(milliseconds: int) -> int:
    client = _client()
    client.sendall(bytes([milliseconds]))
    return len(client.recv(1))


INPUTS = [3, 4, 5] * 40
