"""A client of a service that turns away whom it has no room for."""

import socket

INPUTS = list(range(100))


def ask(_: int, port: int) -> bytes:
    with socket.create_connection(("127.0.0.1", port)) as connection:
        answer = connection.recv(16)
    if answer != b"welcome":
        raise ConnectionError("turned away")
    return answer
