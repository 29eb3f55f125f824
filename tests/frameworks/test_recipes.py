"""The recipes for frameworks do what they say: the very blocks of the page, run as it says, by the real frameworks."""

from __future__ import annotations

import json
import shlex
import signal
import sqlite3
import sys
from pathlib import Path

import pytest

from gilscope.production.files import load_profiles
from gilscope.queues.brokers.server import serving as serving_broker
from tests.frameworks.recipes import commands, files, programs, run, running, serving

if sys.platform == "win32":
    pytest.skip("servers are ended by signals", allow_module_level=True)

PAGE = "frameworks.md"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with every file of the page."""
    for name, text in files(PAGE).items():
        (tmp_path / name).write_text(text)
    return tmp_path


def calls(out: Path) -> dict[str, int]:
    """How often each function was called."""
    return {profile.spec: profile.calls for profile in load_profiles(out).profiles}


def test_fastapi(folder: Path) -> None:
    pytest.importorskip("fastapi")
    pytest.importorskip("uvicorn")
    [command] = commands(PAGE, "uvicorn")
    with serving(command, folder, "--port", "0", end=signal.SIGTERM) as site:
        answers = [json.loads(site.get(path)) for path in ("/orders/7", "/orders/8", "/waiting")]
        schema = json.loads(site.get("/openapi.json"))
    assert answers == [{"number": 7, "lines": 3}, {"number": 8, "lines": 3}, {"waited": True}]
    assert [each["name"] for each in schema["paths"]["/orders/{number}"]["get"]["parameters"]] == ["number"]
    assert calls(folder / "out") == {"fastapi_shop:order": 2, "fastapi_shop:database": 2, "fastapi_shop:waiting": 1}


def test_flask(folder: Path) -> None:
    pytest.importorskip("flask")
    [command] = commands(PAGE, "flask")
    with serving(command, folder, "--port", "0", end=signal.SIGTERM) as site:
        assert json.loads(site.get("/orders/7")) == {"number": 7}
    assert calls(folder / "out") == {"flask_shop:order": 1}


def test_django_and_two_workers_of_gunicorn(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the configuration of the page, but for its folder; and their metrics, from whichever of them."""
    pytest.importorskip("django")
    pytest.importorskip("gunicorn")
    configuration = files(PAGE)["gunicorn.conf.py"]
    out = folder / "profiles"
    (folder / "gunicorn.conf.py").write_text(configuration.replace("/var/lib/shop/profiles", str(out)))
    [command] = commands(PAGE, "gunicorn")
    with serving(command, folder, "--bind", "127.0.0.1:0", end=signal.SIGTERM) as site:
        answers = [json.loads(site.get(f"/orders/{number}")) for number in range(12)]
        assert json.loads(site.get("/customers/Ada")) == {"name": "Ada"}
    assert answers == [{"number": number} for number in range(12)]
    assert calls(out) == {"django_shop:order": 12, "django_shop:Customer.get": 1}
    [program] = [text for text in programs("metrics.md") if "def metrics()" in text]
    monkeypatch.setenv("GILSCOPE_OUT", str(out))
    names: dict[str, object] = {}
    exec(program, names)
    exported = names["metrics"]()  # type: ignore[operator]
    assert b'gilscope_function_calls_total{function="django_shop:order"} 12.0' in exported


def test_celery(folder: Path) -> None:
    """Calls are recorded as they end; for the end of the worker, which takes its time, nobody waits."""
    pytest.importorskip("celery")
    [command] = commands(PAGE, "celery")
    hasty = ("--without-gossip", "--without-mingle", "--without-heartbeat")
    with serving_broker(folder) as server:
        shop = folder / "celery_shop.py"
        shop.write_text(shop.read_text().replace("redis://localhost", server.url.replace("unix://", "redis+socket://")))
        with running(command, folder, *hasty, end=signal.SIGKILL):
            text = "from celery_shop import send; sent = [send.delay(n) for n in range(5)]"
            assert run(f"{text}; print([each.get(timeout=60) for each in sent])", folder) == "[0, 1, 2, 3, 4]\n"
            assert calls(folder / "out") == {"celery_shop:send": 5}


ABOVE = """
import logging
logging.basicConfig(format="%(message)s")
from celery import Celery
from fastapi import FastAPI
from flask import Flask
from gilscope import classify

def order(): ...
for register in (FastAPI().get("/"), Flask("shop").get("/"), Flask("shop").before_request, Celery("shop").task):
    made = [type(order)(order.__code__, globals(), "order")]
    classify(register(made.pop()))
"""


def test_above_the_route_the_framework_that_calls_past_it_is_named(tmp_path: Path) -> None:
    for framework in ("celery", "fastapi", "flask"):
        pytest.importorskip(framework)
    said = [
        line.partition(" are not counted: it was given the bare function")[0]
        for line in run(ABOVE, tmp_path).splitlines()
    ]
    assert [line.partition(" by ")[2].partition(".")[0] for line in said] == ["fastapi", "flask", "celery"]


LOADED = """
import json, sys
from gilscope.targets import load
from gilscope.targets.spec import TargetSpec
for given in json.loads(sys.stdin.read()):
    target = load(TargetSpec(**given))
    if target.setup and not target.is_set_up:
        target.setup()
    print(target.func(target.items[1 if len(target.items) > 1 else 0], **target.kwargs))
"""


def spec_of(command: str) -> dict[str, object]:
    """What a command says of its target."""
    _, _, target, *rest = shlex.split(command)
    spec: dict[str, object] = {"spec": target}
    for option, value in zip(rest[::2], rest[1::2], strict=True):
        name = option.removeprefix("--")
        if name == "kwarg":
            spec["kwargs"] = dict([value.split("=", 1)])
        else:
            spec["args" if name == "arg" else name] = (value,) if name == "arg" else value
    return spec


def test_what_needs_something_is_found_and_set_up(folder: Path) -> None:
    """As in a process of an analysis, a call each."""
    pytest.importorskip("fastapi")
    with sqlite3.connect(folder / "shop.sqlite") as connection:
        connection.execute("CREATE TABLE lines (number INT, price INT)")
        connection.executemany("INSERT INTO lines VALUES (?, ?)", [(1, 20), (1, 22), (2, 5)])
    connection.close()
    specs = [spec_of(command) for command in commands(PAGE, "analyze")]
    text = LOADED.replace("sys.stdin.read()", repr(json.dumps(specs)))
    assert run(text, folder).splitlines() == ["42", "30000.0", "{'number': 3, 'lines': 3}"]
