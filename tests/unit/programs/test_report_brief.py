"""What a terminal tells of a program: twenty lines unasked, and all to whoever asks for it."""

from __future__ import annotations

import io
from collections.abc import Iterable

import pytest
from msgspec.structs import replace
from rich.console import Console

from gilscope import report
from gilscope.records.captures import Capture, CapturedCalls
from gilscope.records.programs import Advice, Blame, ProcessAccount, ProgramRecord, ProgramVerdict
from gilscope.report import text
from gilscope.report.document import Detail
from tests.unit.programs.handmade import make_hostile_program, make_program, place

LONG = "a_long_name_of_a_function_" * 12


def _told(record: ProgramRecord, room: Detail | None = None, *, width: int = 80, ascii_only: bool = False) -> str:
    console = Console(file=io.StringIO(), width=width, color_system=None, legacy_windows=False)
    with console.capture() as drawn:
        text.show(report.documents(record), console, room=room, ascii_only=ascii_only)
    return drawn.get().rstrip("\n")


def _verdict(
    names: Iterable[str], limit: str = "gil", sentence: str = "Limited by the GIL: it is held."
) -> ProgramVerdict:
    advice = tuple(
        Advice(
            name="gil-hold",
            sentence=f"{name} holds the GIL and makes others wait for it. " * 3,
            brief=f"{name} holds the GIL: take it out of this process: a process pool.",
            to_win_s=1.0,
            command=f"gilscope analyze app.work:{name}",
        )
        for name in names
    )
    return ProgramVerdict(limit=limit, sentence=sentence, advice=advice)  # type: ignore[arg-type]


def make_many() -> ProgramRecord:
    """A program of which there is much to say: ten things to do, and long tables."""
    whole = make_program()
    blame = tuple(Blame(waiting=place(f"waits{at}"), holding=place("crunch"), waited_s=1.0) for at in range(30))
    verdict = _verdict(f"function{at}" for at in range(10))
    return replace(whole, verdict=verdict, blame=blame, holds=whole.holds * 20, loops=whole.loops * 100)


def _long(limit: str = "gil") -> ProgramRecord:
    many, at = make_many(), place(LONG, file=f"/srv/{LONG}.py")
    sentence = (
        f"Limited by an event loop: it is busy 96% of the time, 93% in {LONG}, and what is ready waits for it " * 9
    )
    loops = tuple(replace(loop, blocked=tuple(replace(b, place=at) for b in loop.blocked)) for loop in many.loops)
    blame = tuple(replace(row, waiting=at, holding=at) for row in many.blame)
    argv = ("python", "-c", "import work\n" * 500)
    command = " ".join(argv)
    return replace(
        many, command=command, argv=argv, verdict=_verdict([LONG] * 9, limit, sentence), blame=blame, loops=loops
    )


def _cases() -> dict[str, ProgramRecord]:
    plain = make_program()
    unseen = tuple(
        ProcessAccount(pid=pid, parent=None, command=LONG, unseen=f"it is another user's: {LONG}") for pid in range(900)
    )
    thousand = tuple(replace(plain.threads[0], tid=tid, name=f"worker-{tid}") for tid in range(1000))
    nothing = ProgramVerdict(limit="idle", sentence="Idle: it uses 0 of 2 CPUs.")
    kept = tuple(CapturedCalls(spec=f"app.work:f{at}", calls=9, kept=9) for at in range(50))
    unreached = tuple(f"python -I {LONG}" for _ in range(40))
    return {
        "plain": plain,
        "hostile": make_hostile_program(),
        "many of everything": make_many(),
        "long names": _long(),
        "long names on a loop": _long("loop"),
        "processes that cannot be seen into": replace(plain, processes=(*plain.processes, *unseen), interrupted=True),
        "a thousand threads": replace(plain, threads=thousand),
        "nothing to win": replace(plain, verdict=nothing),
        "nothing found": ProgramRecord(
            created="", command="python", environment=plain.environment, watched_s=0.0, verdict=nothing
        ),
        "a program that failed": replace(plain, exit_status=-11, interrupted=True),
        "captured": replace(make_many(), capture=Capture(folder=f"/tmp/{LONG}", functions=kept, unreached=unreached)),
    }


@pytest.mark.parametrize("ascii_only", [False, True])
@pytest.mark.parametrize("width", [80, 200])
@pytest.mark.parametrize("case", _cases())
def test_however_much_there_is_twenty_lines_are_told(case: str, width: int, ascii_only: bool) -> None:
    record = _cases()[case]
    told = _told(record, width=width, ascii_only=ascii_only)
    assert sum(max(1, -(-len(line) // width)) for line in told.split("\n")) <= 20  # as a terminal wraps them
    assert told.startswith(record.verdict.sentence[:16])
    assert told.split("\n")[-1] == "More: -v and -vv; -o page.html, a page."
    assert "to be won" in told if record.verdict.advice else "What to do:" in told


@pytest.mark.parametrize(
    "case", ["plain", "many of everything", "a thousand threads", "processes that cannot be seen into"]
)
def test_what_to_type_next_and_who_waited_for_whom_have_room_in_all_of_them(case: str) -> None:
    told = _told(_cases()[case])
    assert "gilscope run --capture app.work:" in told
    assert "waited for the GIL" in told


def test_rows_for_which_there_is_no_room_are_counted() -> None:
    told = _told(make_many())
    assert "and 8 more: -v" in told, "advice"
    shown = told.count("\n  waits")
    assert 1 <= shown <= 5
    assert f"and {30 - shown} more: -v" in told


def test_where_an_event_loop_is_the_limit_what_keeps_it_comes_before_who_waits_for_the_gil() -> None:
    def at(limit: str) -> tuple[int, int]:
        told = _told(replace(make_program(), verdict=_verdict(["f"], limit)))
        return told.index("event loop blocked by"), told.index("waited for the GIL")

    (first, second), (other, one) = at("loop"), at("gil")
    assert first < second
    assert one < other


def test_a_command_that_is_long_is_left_to_who_asks_for_more() -> None:
    short, more = _told(_long()), _told(_long(), Detail.USUAL)
    assert "The commands to type next are long: -v has them." in short
    assert "gilscope run --capture" not in short
    assert r"-- -c $'import work\nimport work\n" in more


def test_v_tells_all_of_it_and_vv_the_figures_of_the_whole_too() -> None:
    more, whole = (_told(make_many(), room) for room in (Detail.USUAL, Detail.THOROUGH))
    for told in (more, whole):
        assert all(f"function{at} holds" in told for at in range(10))
        assert all(f"waits{at} " in told for at in range(30))
        headings = ("Who held the GIL", "Event loops", "Functions", "Locks other", "Threads", "Over time", "How it was")
        assert all(heading in told for heading in headings)
        assert "page.html" not in told
    assert "longest hold that others wanted" in whole
    assert "longest hold that others wanted" not in more


def test_a_text_file_has_all_of_it() -> None:
    assert report.render(make_many(), "text").rstrip() == "\n".join(
        line.rstrip() for line in _told(make_many(), Detail.THOROUGH).split("\n")
    )
