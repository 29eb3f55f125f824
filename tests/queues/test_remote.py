"""Workers on other hosts: they join, are refused with the reason, and are missed without harm when they go."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
import redis

from gilscope.errors import BrokerError, UsageError
from gilscope.measure import messages as m
from gilscope.measure.trial import TrialEnded
from gilscope.queues.brokers.redis import connected
from gilscope.queues.brokers.signed import pack
from gilscope.queues.remote.host import Host as WorkerHost
from gilscope.queues.remote.rendezvous import ANALYSIS, CALL, OFFERS, TRIALS, WORD, call_of, gathered, trials
from gilscope.queues.remote.sides import Side, derived
from gilscope.secret_files import read_secret
from gilscope.targets import TargetSpec
from tests.backends.conftest import Case, Trial
from tests.queues.engine import results_are_right
from tests.queues.hosts import Host, Way, host, interrupt, namespaces, way, why_no_namespaces

TARGETS = Path(__file__).with_name("far_targets.py")


class Site:
    """A broker, a secret, and the folder that an analysis and its hosts work in."""

    def __init__(self, server: str, folder: Path, stack: ExitStack) -> None:
        self.server, self.folder, self._stack = server, folder, stack
        self.secret_file = folder / "secret"
        self.secret = read_secret(self.secret_file, create=True)
        (folder / TARGETS.name).write_text(TARGETS.read_text())

    def way(self) -> Way:
        return self._stack.enter_context(way(self.server))

    def host(self, url: str | None = None, **options: Any) -> Host:
        given = {"secret_file": self.secret_file, "folder": self.folder} | options
        return self._stack.enter_context(host(url or self.way().url, **given))

    def gather(self, workers: int) -> None:
        self.analysis = self._stack.enter_context(gathered(self.server, self.secret, workers))

    def trial(self, target: str, workers: int) -> Trial:
        """Of the workers that were gathered."""
        given = {"GILSCOPE_BROKER": self.server, "GILSCOPE_SECRET_FILE": str(self.secret_file)}
        given["GILSCOPE_ANALYSIS"] = self.analysis
        trial = Trial(Case("rq-simple", workers), self.folder, given)
        self._stack.callback(trial.end)
        spec = TargetSpec(spec=f"far_targets:{target}", inputs="far_targets:NUMBERS", cwd=str(self.folder))
        trial.loaded = trial.ask(m.Load(target=spec, seed=0), m.Loaded)
        trial.timed = True
        trial.workers = trial.ask(m.Open(backend="rq-simple", workers=workers, start_method=None), m.Ready).workers
        return trial

    @property
    def keys(self) -> list[bytes]:
        with connected(self.server) as connection:
            found: Any = connection.keys()
        return sorted(found)


@pytest.fixture
def site(given: str, tmp_path: Path) -> Iterator[Site]:
    with ExitStack() as stack:
        yield Site(given, tmp_path, stack)


# -- they work --------------------------------------------------------------------------------------------------------


def test_an_analysis_is_done_by_workers_on_two_hosts(site: Site) -> None:
    hosts = [site.host(), site.host()]
    options = ["--remote-workers", "2", "--secret-file", str(site.secret_file), "--max-calls", "240", "-q"]
    command = [sys.executable, "-P", "-m", "gilscope", "analyze", "far_targets.py:doubled", "--inputs", "NUMBERS"]
    done = subprocess.run(
        [*command, "-b", "rq-simple", "--budget", "20s", "--broker", site.way().url, "--json", *options],
        cwd=site.folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    result = json.loads(done.stdout)
    (trial,) = (trial for trial in result["trials"] if trial["backend"] == "rq-simple")
    assert (trial["status"], trial["workers"]) == ("ok", 2)
    assert trial["queue"]["workers_lost"] == trial["queue"]["tasks_again"] == 0
    assert trial["queue"]["queue_wait_p50_s"] > 0
    assert trial["ledger"] is not None  # these hosts are this machine, after all
    assert "secret" not in done.stdout
    for each in hosts:
        assert each.ended() == 0
        assert "1 worker for the analysis on" in each.said
        assert "the analysis is over" in each.said
    assert site.keys == []


def test_what_a_host_offers_at_once_is_heard(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where it does so before the analysis, whose word it has heard, comes to what it does next."""
    delete = redis.Redis.delete

    def when_offered(connection: redis.Redis, *names: str) -> Any:
        with connected(site.server) as other:
            if OFFERS in names and other.exists(ANALYSIS):
                found: Any = other.blpop([OFFERS], timeout=20)
                other.rpush(OFFERS, found[1])
        return delete(connection, *names)

    site.host()
    with monkeypatch.context() as patch:
        patch.setattr(redis.Redis, "delete", when_offered)
        site.gather(1)


# -- they are refused -------------------------------------------------------------------------------------------------


def test_a_host_with_another_version_is_refused_on_both_sides(site: Site) -> None:
    made = site.host(version="0.0.1")
    with pytest.raises(UsageError, match=r"has gilscope 0\.0\.1, the analysis on .* gilscope \d.*install the same"):
        site.gather(1)
    assert made.ended() == 2
    assert "has gilscope 0.0.1" in made.said
    assert site.keys == []


def test_a_host_with_another_secret_is_refused_on_both_sides(site: Site) -> None:
    wrong = site.folder / "wrong"
    read_secret(wrong, create=True)
    told = []

    def gather() -> None:
        with pytest.raises(BrokerError) as caught:
            site.gather(2)
        told.append(str(caught.value))

    stranger = site.host(secret_file=wrong)
    with pytest.MonkeyPatch.context() as patch:
        ended = threading.Event()
        patch.setattr("gilscope.queues.remote.rendezvous.time.monotonic", lambda: 1e9 if ended.is_set() else 0.0)
        gathering = threading.Thread(target=gather)
        gathering.start()
        assert stranger.ended() == 4
        ended.set()
        site.host()  # one of two: then the time is up
        gathering.join()
    assert "another secret than the file here" in stranger.said
    assert "1 of 2 workers came within 60 s; 1 host with another secret was refused" in told[0]
    assert "--broker unix://" in told[0]


def test_a_second_analysis_on_the_broker_is_refused(site: Site) -> None:
    with connected(site.server) as connection:
        connection.set(ANALYSIS, b"?")
    with pytest.raises(BrokerError, match="another analysis has its workers on this broker"):
        site.gather(1)


def test_a_target_that_is_not_there_is_told(site: Site, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    site.host(folder=elsewhere)
    site.gather(1)
    with pytest.raises(TrialEnded, match=r"the function cannot be imported in a worker.*far_targets") as ended:
        site.trial("doubled", 1)
    assert ended.value.status == "refused"


def test_an_analysis_of_before_that_is_written_to_the_broker_again_gets_no_workers(site: Site) -> None:
    """Whoever may write there could have the hosts run what it asked for."""
    word = {**asdict(Side.here()), "analysis": "of before"}
    call = pack(derived(site.secret, "of before", "gilscope-old"), CALL, {"kind": "rq-simple"})
    made = WorkerHost(site.server, site.secret, 1, lambda _: None)
    with connected(site.server) as connection:
        connection.set(ANALYSIS, pack(site.secret, WORD, {**word, "answers": ["another's number"]}))
        connection.set(call_of("gilscope-old"), call)
        connection.sadd(TRIALS, "gilscope-old")
        assert made._look()
        assert made._look()
        assert not made._trials
        connection.set(ANALYSIS, pack(site.secret, WORD, {**word, "answers": [made._number]}))
        assert made._look()
        assert [*made._trials] == ["gilscope-old"], "one that is there has answered"
        connection.delete(TRIALS)
        assert made._look()
        connection.delete(ANALYSIS, OFFERS)
    made._leave()


def test_keys_are_deleted_by_the_names_of_trials_only(site: Site) -> None:
    with connected(site.server) as connection:
        connection.set("theirs", "1")
        connection.sadd(TRIALS, "*", "", "theirs", "gilscope-*")  # by anybody who can write there
        with gathered(site.server, site.secret, 0, allow_remote=True):
            assert trials(connection) == set()
        assert connection.get("theirs") == b"1"


# -- they go ----------------------------------------------------------------------------------------------------------


def test_a_worker_that_is_killed_costs_its_task_a_second_time(site: Site) -> None:
    made = site.host(workers=2)
    site.gather(2)
    trial = site.trial("fatal_once", 2)
    done = trial.round(10)
    assert (done.calls, done.errors) == (10, 0)
    assert done.queue is not None
    assert (done.queue.workers_lost, done.queue.tasks_again) == (1, 1)
    results_are_right(trial)
    trial.end()
    interrupt(made)
    assert made.ended() == 130


def test_a_task_that_ends_every_worker_ends_the_trial(site: Site) -> None:
    site.host()
    site.gather(1)
    trial = site.trial("fatal", 1)
    told = "one task lost 3 workers; the last: a worker process on .* ended by SIGKILL in the middle of its work"
    with pytest.raises(TrialEnded, match=told) as ended:
        trial.round(1)
    assert ended.value.status == "failed"


def lose(site: Site, cut: Callable[[], object]) -> tuple[Trial, m.RoundDone]:
    """A round of two hosts, of which the one that has the task in hand is lost."""
    trial = site.trial("held_once", 1)
    trial.process.tell(m.Round(first=0, calls=10, inputs=10, chunksize=1))
    while not (site.folder / "once").exists():
        assert trial.alive
    site.host()
    cut()
    done: m.RoundDone = trial.hear(m.RoundDone)
    (site.folder / "released").touch()
    assert (done.calls, done.errors) == (10, 0)
    assert done.queue is not None
    assert (done.queue.workers_lost, done.queue.tasks_again) == (1, 1)
    return trial, done


def test_a_host_that_is_interrupted_costs_its_tasks_a_second_time(site: Site) -> None:
    first = site.host()
    site.gather(1)
    trial, done = lose(site, lambda: interrupt(first))
    assert first.ended() == 130
    assert len(trial.workers) == 1  # it was watched, on this machine
    assert done.queue_wait_p50_s is not None


def test_a_host_that_is_cut_off_costs_its_tasks_a_second_time(site: Site) -> None:
    why = why_no_namespaces()
    with ExitStack() as stack:
        if why is not None:
            to = site.way()
            site.host(to.url)
            site.gather(1)
            lose(site, to.cut)
            pytest.skip(f"shown with a silent connection only; a cable cannot be pulled: {why}")
        here, near, inside = stack.enter_context(namespaces())
        stack.enter_context(
            host(stack.enter_context(way(site.server, here)).url, site.secret_file, site.folder, before=inside)
        )
        site.gather(1)
        trial, done = lose(site, lambda: subprocess.run(["ip", "link", "set", near, "down"], check=True))
        assert trial.workers == ()  # who sees other process ids is not watched
        assert done.queue_wait_p50_s is None
