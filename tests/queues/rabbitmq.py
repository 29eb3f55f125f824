"""RabbitMQ servers for tests: real ones, of the user who runs the tests, where it is installed."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from gilscope.errors import BrokerError
from gilscope.queues.brokers import rabbitmq as rabbit

#: Where packages put the program that, other than the one on the PATH, does not change the user.
PROGRAMS = ("/usr/lib/rabbitmq/bin/rabbitmq-server", "/opt/homebrew/sbin/rabbitmq-server")
START_S = 60.0


def program() -> str | None:
    """RabbitMQ's server; None where it is not installed."""
    found = (path for path in PROGRAMS if os.access(path, os.X_OK))
    return next(found, None) if shutil.which("erl") else None


@dataclass
class RabbitMQ:
    """A server."""

    url: str
    process: subprocess.Popen[bytes]
    environment: dict[str, str]

    def names(self, of: str) -> set[str]:
        """Its queues, or its exchanges: what is there beside those of every server."""
        command = [str(Path(program() or "").with_name("rabbitmqctl")), "-q", f"list_{of}", "name"]
        told = subprocess.run(command, env=self.environment, capture_output=True, text=True, check=True).stdout
        return {name for name in told.split() if name != "name" and not name.startswith("amq.")}


@contextmanager
def rabbitmq(folder: Path) -> Iterator[RabbitMQ]:
    """A server that listens on the loopback address."""
    (folder / "home").mkdir(parents=True)
    (folder / "plugins").write_text("[].")
    port, epmd, distribution = (str(_free_port()) for _ in range(3))
    environment = {
        **os.environ,
        "HOME": str(folder / "home"),  # of its cookie
        "ERL_EPMD_PORT": epmd,
        "ERL_EPMD_ADDRESS": "127.0.0.1",
        "RABBITMQ_DIST_PORT": distribution,
        "RABBITMQ_NODENAME": f"gilscope{port}@localhost",
        "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
        "RABBITMQ_NODE_PORT": port,
        "RABBITMQ_MNESIA_BASE": str(folder / "data"),
        "RABBITMQ_LOG_BASE": str(folder / "log"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "plugins"),
        "RABBITMQ_CONF_ENV_FILE": os.devnull,
    }
    command = [program() or "rabbitmq-server"]
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        server = RabbitMQ(f"amqp://guest:guest@127.0.0.1:{port}//", process, environment)
        try:
            _await(server)
            yield server
        finally:
            process.terminate()
            process.wait()
            subprocess.run(["epmd", "-kill"], env=environment, capture_output=True, check=False)


def _await(server: RabbitMQ) -> None:
    limit = time.monotonic() + START_S
    while True:
        try:
            rabbit.admit(server.url, allow_remote=False)
        except BrokerError:
            code = server.process.poll()
            assert code is None, f"RabbitMQ ended with exit status {code}"
            assert time.monotonic() < limit
            time.sleep(0.2)
        else:
            return


def _free_port() -> int:
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        port: int = listening.getsockname()[1]
        return port
