"""Blocking calls that have a native asynchronous counterpart: what to await instead."""

from __future__ import annotations

from typing import Final

__all__ = ["COUNTERPARTS", "counterpart"]

_HTTP: Final = "httpx.AsyncClient or aiohttp.ClientSession"
_MYSQL: Final = "asyncmy or aiomysql"
_POSTGRES: Final = "psycopg.AsyncConnection (psycopg 3) or asyncpg"
_STREAMS: Final = "asyncio.open_connection, or loop.sock_recv and its like"

#: By the dotted name of what is called, or a prefix of it.
COUNTERPARTS: Final[dict[str, str]] = {
    # HTTP
    "http.client": _HTTP,
    "requests": _HTTP,
    "urllib.request": _HTTP,
    "urllib3": _HTTP,
    "httpx": "httpx.AsyncClient",
    # databases and stores
    "MySQLdb": _MYSQL,
    "cx_Oracle": "oracledb.connect_async",
    "elasticsearch": "elasticsearch.AsyncElasticsearch",
    "mysql.connector": "mysql.connector.aio",
    "oracledb": "oracledb.connect_async",
    "psycopg": "psycopg.AsyncConnection",
    "psycopg2": _POSTGRES,
    "pymongo": "pymongo.AsyncMongoClient",
    "pymysql": _MYSQL,
    "redis": "redis.asyncio.Redis",
    "sqlalchemy": "sqlalchemy.ext.asyncio.create_async_engine, with an asynchronous driver",
    "sqlite3": "aiosqlite, which keeps the loop free; SQLite itself gets no faster by it",
    # clouds, queues and remote calls
    "boto3": "aioboto3",
    "botocore": "aiobotocore",
    "grpc": "grpc.aio",
    "kafka": "aiokafka",
    "pika": "aio-pika",
    # mail, names, shells and files far away
    "dns.resolver": "dns.asyncresolver",
    "ftplib": "aioftp",
    "imaplib": "aioimaplib",
    "paramiko": "asyncssh",
    "smtplib": "aiosmtplib",
    # the standard library
    "concurrent.futures": "asyncio.wrap_future",
    "os.system": "asyncio.create_subprocess_shell",
    "queue": "asyncio.Queue",
    "socket": _STREAMS,
    "ssl": _STREAMS,
    "subprocess": "asyncio.create_subprocess_exec",
    "time.sleep": "asyncio.sleep",
}


def counterpart(callee: str | None) -> str | None:
    """What to await instead of calling ``callee``, a dotted name; None when none is known."""
    parts = (callee or "").split(".")
    prefixes = (".".join(parts[:length]) for length in range(len(parts), 0, -1))
    return next((COUNTERPARTS[prefix] for prefix in prefixes if prefix in COUNTERPARTS), None)
