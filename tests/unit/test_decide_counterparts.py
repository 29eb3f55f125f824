from __future__ import annotations

import pytest

from gilscope.decide.counterparts import COUNTERPARTS, counterpart


@pytest.mark.parametrize(
    ("callee", "instead"),
    [
        ("time.sleep", "asyncio.sleep"),
        ("urllib.request.urlopen", "httpx.AsyncClient"),
        ("requests.sessions.Session.get", "httpx.AsyncClient"),
        ("redis.client.Redis.execute_command", "redis.asyncio.Redis"),
        ("psycopg2.extensions.cursor.execute", "psycopg 3"),
        ("psycopg.cursor.Cursor.execute", "psycopg.AsyncConnection"),
        ("subprocess.run", "asyncio.create_subprocess_exec"),
        ("sqlite3", "aiosqlite"),
    ],
)
def test_a_call_is_known_by_its_longest_prefix(callee: str, instead: str) -> None:
    assert instead in (counterpart(callee) or "")


@pytest.mark.parametrize(
    "callee", [None, "", "time", "time.perf_counter", "requests2.get", "urllib.parse.quote", "my.socket"]
)
def test_what_is_not_in_the_table_has_none(callee: str | None) -> None:
    assert counterpart(callee) is None


def test_every_counterpart_is_another_call() -> None:
    assert all(instead and instead != blocking for blocking, instead in COUNTERPARTS.items())
