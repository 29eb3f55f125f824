"""One of many peers takes the connection and never answers, and nobody set a timeout."""

import socket
import time

_silent = socket.socketpair()


def fetch(peer):
    if peer == "never":
        _silent[0].recv(1)
    time.sleep(0.01)
    return peer


INPUTS = [f"peer-{number}" for number in range(6)]
INPUTS.insert(4, "never")
