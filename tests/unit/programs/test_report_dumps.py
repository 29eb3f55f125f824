"""What is said of one look at a program."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from gilscope import report
from gilscope.programs.dumping import DumpedGil, DumpedThread, ProcessDump
from gilscope.programs.moments import Frame, GilLook, PythonFunction, ThreadLook
from gilscope.report.dumps import dump_sheet


def stack(*names: str) -> tuple[Frame, ...]:
    return tuple(Frame(PythonFunction(name, "/srv/app.py", 5), 7) for name in names)


def thread(tid: int, wait: str | None, *names: str, blocked_s: float | None = None, **more: Any) -> DumpedThread:
    look = ThreadLook(tid, 0, wait, stack=stack(*names) if names else None, **more)
    began_in = look.stack[-1].function if look.stack else None
    return DumpedThread(look, "app", began_in, 0 if names else None, blocked_s)


HOLDER = thread(1, "network", "Client.fetch", "main", blocked_s=12.5, call="recvfrom", holds_gil=True)
WAITING = [thread(tid, "gil_wait", "handle", "serve", blocked_s=0.004) for tid in (2, 3)]
GIL = DumpedGil(GilLook((0,), True, HOLDER.look, 7), 20, 0, 12.5)
FROZEN = ProcessDump(42, ("python", "app.py"), (3, 13, 1), 0.05, 20, (GIL,), (HOLDER, *WAITING), 3, True)
FREE = replace(GIL, look=GilLook((0,), False), held_looks=0, held_s=None)


def text(seen: ProcessDump) -> str:
    return " ".join(report.render(dump_sheet(seen), "text").split())


def test_a_freeze_is_said_in_the_first_sentence() -> None:
    assert text(FROZEN).startswith(
        "Client.fetch (app.py:7) (thread 1) has held the GIL for 12.5 s at least, while it is blocked in recvfrom "
        "(network); 2 threads wait for it"
    )


def test_a_gil_that_goes_round_is_no_freeze() -> None:
    goes = replace(FROZEN, gils=(replace(GIL, switches=9, held_s=None),))
    assert text(goes).startswith("the GIL goes round: passed from thread to thread 9 times in 50.0 ms; 2 threads wait")


def test_a_gil_that_nobody_holds_is_said_to_be_free() -> None:
    assert text(replace(FROZEN, gils=(FREE,), threads=(thread(1, "sleep", "nap"),))).startswith("nobody holds the GIL")


def test_threads_at_one_place_are_told_together() -> None:
    told = text(FROZEN)
    assert "threads 2, 3: waiting for the GIL handle /srv/app.py:7 serve /srv/app.py:7" in told
    assert told.count("handle /srv/app.py:7") == 1


def test_what_is_not_known_is_said_not_to_be() -> None:
    torn = thread(4, None, torn=True)
    native = thread(5, "lock", call="futex")
    known = replace(torn, interpreter=0)
    told = text(replace(FROZEN, threads=(HOLDER, known, native), threads_alive=900, waiters_known=False))
    assert "3 of its 900 threads were looked at" in told
    assert "1 stack changed while being read, and is unknown" in told
    assert "native: unknown to Python" in told
    assert "The locks of its C library are not known" in told


def test_each_gil_is_told_where_there_are_several() -> None:
    own = DumpedGil(GilLook((1, 2), True, thread(9, None, "sub").look, 3), 20, 4, None)
    told = text(replace(FROZEN, gils=(GIL, own)))
    assert "the GIL of interpreter 0 for 12.5 s" in told
    assert "the GIL of interpreter 1 and 2 goes round" in told


def test_names_of_functions_are_harmless_in_every_format() -> None:
    hostile = thread(1, "sleep", "<script>alert(1)</script>\n\x1b[31mred\x1b[0m", "=cmd()")
    sheet = dump_sheet(replace(FROZEN, threads=(hostile,), gils=(FREE,)))
    for name in ("text", "md", "html"):
        drawn = report.render(sheet, name)
        assert "\x1b" not in drawn
        assert "</script>\nred" not in drawn
    assert "<script>alert" not in drawn


def test_programs_get_everything() -> None:
    told = json.loads(report.render(dump_sheet(FROZEN), "json"))
    assert told["gils"] == [
        {
            "interpreters": [0],
            "held": True,
            "holder": 1,
            "held_s": 12.5,
            "held_looks": 20,
            "switches": 0,
            "switch_interval_s": 0.005,
        }
    ]
    first = told["threads"][0]
    assert (first["state"], first["call"], first["blocked_s"]) == ("network", "recvfrom", 12.5)
    assert first["stack"][0] == {"function": "Client.fetch", "file": "/srv/app.py", "line": 7, "first_line": 5}
    assert report.render(dump_sheet(FROZEN), "csv").count("\n") == 4
