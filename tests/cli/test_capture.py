"""``gilscope run --capture``: arguments of real calls are kept, and the program is as it would be without."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Cli, Outcome

SHOP = """
    import asyncio

    class Item:
        def __init__(self, price):
            self.price = price
        def total(self, count, *, tax=0):
            return self.price * count + tax

    def words(text, seen=None):
        seen.clear() if seen else None
        return text.split()

    def guarded(lock):
        return lock

    async def later(number):
        return number

    def numbers(count):
        yield from range(count)
"""
WORK = """
    import asyncio, threading
    from shop import Item, guarded, later, numbers, words
    renamed = words

    def here(text):
        return len(text)

    def main():
        guarded(threading.Lock())
        list(numbers(4))
        asyncio.run(later(5))
        for number in range(30):
            Item(number).total(2, tax=1)
            renamed("a " * number, [1, 2, 3])
            here("x" * number)

    if __name__ == "__main__":
        main()
"""
CHILDREN = """
    import multiprocessing, os, signal, subprocess, sys
    from concurrent.futures import ProcessPoolExecutor

    def work(number):
        return number

    def helped(end):
        if os.fork() == 0:
            for number in range(3):
                work(number)
            os.closerange(3, 50)
            opened = [os.open("theirs", os.O_CREAT | os.O_RDWR) for _ in range(5)]
            work(3)
            end()
        os.wait()

    if __name__ == "__main__":
        work("main")
        helped(lambda: os._exit(0))
        helped(lambda: os.kill(os.getpid(), signal.SIGKILL))
        with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
            list(pool.map(work, range(4)))
        subprocess.run([sys.executable, "-c", "import children; children.work('other')"], check=True)
"""
FAILING = """
    import gc, os, sys
    print(sys.argv, sys.path, __name__, [*os.environ], "sitecustomize" in sys.modules, sys.flags)
    def fail(text):
        raise ValueError(text)
    print(fail, fail.__code__.co_varnames, fail.__code__.co_name, sys.gettrace(), sys.getprofile(), gc.callbacks)
    fail("three")
"""


@pytest.fixture
def shop(cli: Cli) -> Cli:
    cli.environment["XDG_STATE_HOME"] = str(cli.cwd / "state")
    for name, text in (("shop", SHOP), ("work", WORK), ("children", CHILDREN), ("failing", FAILING)):
        (cli.cwd / f"{name}.py").write_text(textwrap.dedent(text), encoding="utf-8")
    return cli


def captured(cli: Cli, specs: str, *program: str) -> tuple[Outcome, dict[str, dict[str, Any]], list[str]]:
    """What the program said; by their names what was kept of the functions; which processes were not reached."""
    quiet = ("-q", "-o", "seen.json")
    done = cli.run("run", "--capture", specs, "--capture-to", "captured", "--capture-most", "20", *quiet, *program)
    capture = json.loads((cli.cwd / "seen.json").read_text(encoding="utf-8"))["capture"]
    return done, {each["spec"].rpartition(":")[2]: each for each in capture["functions"]}, capture["unreached"]


@pytest.mark.interpreter
def test_calls_of_every_sort_of_function_are_kept_and_can_be_analyzed(shop: Cli) -> None:
    specs = "shop:Item.total,shop:words,shop:guarded,shop:later,shop:numbers,work:here,shop:missing"
    done, functions, unreached = captured(shop, specs, "work.py")
    assert (done.status, done.stdout, done.stderr, unreached) == (0, "", "", [])
    kept = {name: each["kept"] for name, each in functions.items()}
    assert {name: kept[name] for name in ("guarded", "later", "numbers", "missing")} == {
        "guarded": 0,
        "later": 1,
        "numbers": 1,
        "missing": 0,
    }
    assert all(0 < kept[name] <= 20 for name in ("Item.total", "words", "here"))
    (reason,) = functions["guarded"]["reasons"]
    assert (functions["guarded"]["not_picklable"], "lock is a _thread.lock" in reason) == (1, True)
    files = list((shop.cwd / "captured").iterdir())
    assert [path.suffix for path in files] == [".calls"]
    assert ((shop.cwd / "captured").stat().st_mode & 0o777, files[0].stat().st_mode & 0o777) == (0o700, 0o600)
    (analysis,) = shop.analyze("work:here", "--inputs", "captured", budget=1, calls=100).analyses.values()
    assert re.fullmatch(r"captured \(\d+ captured calls?\)", analysis.result["target"]["inputs"])


@pytest.mark.interpreter
def test_calls_are_kept_in_whatever_process_makes_them_and_however_it_ends(shop: Cli) -> None:
    done, functions, _ = captured(shop, "children:work", "children.py")
    assert (done.status, done.stderr) == (0, "")
    assert (functions["work"]["kept"], functions["work"]["processes"]) == (14, 5)
    assert (shop.cwd / "theirs").read_bytes() == b""
    assert len(list((shop.cwd / "captured").iterdir())) == 5


@pytest.mark.interpreter
def test_the_program_is_as_it_would_be_without(shop: Cli) -> None:
    (shop.cwd / "own").mkdir()
    (shop.cwd / "own" / "sitecustomize.py").write_text(
        "import sys; sys.orig_argv[1] == 'failing.py' and print('mine', __file__)"
    )
    shop.environment["PYTHONPATH"] = str(shop.cwd / "own")
    plain = subprocess.run(
        [sys.executable, "failing.py", "-x"], cwd=shop.cwd, env=shop.environment, capture_output=True, text=True
    )
    done, functions, _ = captured(shop, "failing.py:fail", "failing.py", "-x")
    assert (done.status, done.stderr) == (plain.returncode, plain.stderr)
    assert _without_addresses(done.stdout.replace(", 'GILSCOPE_CAPTURE'", "")) == _without_addresses(plain.stdout)
    assert "'GILSCOPE_CAPTURE'" in done.stdout  # which the processes that it starts inherit
    assert functions["fail"]["kept"] == 1


def _without_addresses(text: str) -> list[str]:
    return [word for word in text.split() if not word.startswith("0x")]


def test_advice_names_the_calls_that_were_kept(shop: Cli) -> None:
    from gilscope.decide.program_advice import with_inputs
    from gilscope.records.captures import Capture, CapturedCalls
    from gilscope.records.programs import Advice, ProgramVerdict

    advised = [Advice(name="any", sentence="", to_win_s=1.0, command=f"gilscope analyze app:{name}") for name in "ab"]
    verdict = ProgramVerdict(limit="gil", sentence="", advice=tuple(advised))
    capture = Capture(folder="/a b", functions=(CapturedCalls(spec="app:a", kept=1), CapturedCalls(spec="app:b")))
    commands = [each.command for each in with_inputs(verdict, capture).advice]
    assert commands == ["gilscope analyze app:a --inputs '/a b'", "gilscope analyze app:b"]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--capture", "shop:words"), "go together"),
        (("--capture-to", "captured"), "go together"),
        (("--capture", "words", "--capture-to", "captured"), "names no function"),
        (("--capture", "shop:words", "--capture-to", "captured", "--capture-most", "0"), "--capture-most 0"),
        (("--capture", "shop:words", "--capture-to", "shop.py"), "--capture-to shop.py: it cannot be made"),
    ],
)
def test_what_cannot_be_captured_as_asked_is_one_line(shop: Cli, options: tuple[str, ...], says: str) -> None:
    done = shop.answer("run", *options, "work.py")
    assert done.status == 2
    assert says in done.line
    assert not Path(shop.cwd / "captured").exists()
