"""Claims of names and kept answers, by several threads and processes, on SQLite and PostgreSQL."""

from __future__ import annotations

import subprocess
import sys
import threading
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from ferrata.access import Claim, RememberedAnswers
from ferrata.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable

    from ferrata.clock import FrozenClock

DAY = 86_400.0


@pytest.fixture
def remembered(store: Store, clock: FrozenClock) -> RememberedAnswers:
    return RememberedAnswers(store, clock, project="bot", holder="one")


@pytest.fixture
def another(store: Store, clock: FrozenClock) -> Callable[..., RememberedAnswers]:
    def make(holder: str = "two", project: str = "bot") -> RememberedAnswers:
        return RememberedAnswers(store, clock, project=project, holder=holder)

    return make


def test_a_name_is_claimed_once_and_its_answer_given_again(
    remembered: RememberedAnswers, another: Callable[..., RememberedAnswers], clock: FrozenClock
) -> None:
    mine = remembered.claim("key_1", "n", "d", seconds=30)
    assert (mine.state, len(mine.token)) == ("mine", 32)
    clock.advance(timedelta(seconds=10))
    assert another().claim("key_1", "n", "d", seconds=30) == Claim("running", seconds=20.0)
    assert another().claim("key_1", "n", "other", seconds=30) == Claim("mismatch")
    answer = bytes(range(256)) * 10
    assert remembered.keep("key_1", "n", mine.token, answer, seconds=DAY)
    assert another().claim("key_1", "n", "d", seconds=30) == Claim("answered", answer=answer)
    assert another().claim("key_1", "n", "other", seconds=30) == Claim("mismatch")
    clock.advance(timedelta(seconds=DAY - 1))
    assert another().claim("key_1", "n", "d", seconds=30).state == "answered"
    clock.advance(timedelta(seconds=1))
    assert another().claim("key_1", "n", "other", seconds=30).state == "mine"


def test_names_of_others_and_of_other_projects_are_other_names(
    remembered: RememberedAnswers, another: Callable[..., RememberedAnswers]
) -> None:
    assert remembered.claim("key_1", "n", "d", seconds=30).state == "mine"
    assert remembered.claim("key_2", "n", "d", seconds=30).state == "mine"
    assert remembered.claim("key_1", "m", "d", seconds=30).state == "mine"
    assert another(project="else").claim("key_1", "n", "d", seconds=30).state == "mine"


def test_a_claim_lapses_and_who_had_it_can_neither_keep_nor_release(
    remembered: RememberedAnswers, another: Callable[..., RememberedAnswers], clock: FrozenClock
) -> None:
    old = remembered.claim("k", "n", "d", seconds=30)
    clock.advance(timedelta(seconds=30))
    new = another().claim("k", "n", "d", seconds=30)
    assert new.state == "mine"
    assert not remembered.keep("k", "n", old.token, b"late", seconds=DAY)
    remembered.release("k", "n", old.token)
    assert remembered.claim("k", "n", "d", seconds=30).state == "running"
    assert another().keep("k", "n", new.token, b"answer", seconds=DAY)
    assert not another().keep("k", "n", new.token, b"twice", seconds=DAY)
    another().release("k", "n", new.token)  # there is an answer by now, which stays
    assert remembered.claim("k", "n", "d", seconds=30) == Claim("answered", answer=b"answer")


def test_a_released_name_and_those_of_a_dead_process_are_free(
    remembered: RememberedAnswers, another: Callable[..., RememberedAnswers]
) -> None:
    mine = remembered.claim("k", "n", "d", seconds=30)
    remembered.release("k", "n", mine.token)
    again = another().claim("k", "n", "else", seconds=30)
    assert again.state == "mine"
    assert another().keep("k", "n", again.token, b"", seconds=DAY)
    for name in ("a", "b"):
        assert another().claim("k", name, "d", seconds=300).state == "mine"
    assert remembered.claim("k", "c", "d", seconds=300).state == "mine"
    assert another().free("two") == 2
    states = [remembered.claim("k", name, "d", seconds=30).state for name in ("a", "b", "c", "n")]
    assert states == ["mine", "mine", "running", "mismatch"]


def test_what_has_lapsed_is_removed(store: Store, clock: FrozenClock) -> None:
    ticks = [0.0]
    answers = RememberedAnswers(store, clock, project="bot", holder="one", pause=60, ticks=lambda: ticks[0])
    for number in range(3):
        answers.claim("k", str(number), "d", seconds=30)
    clock.advance(timedelta(seconds=30))
    answers.claim("k", "stays", "d", seconds=30)
    assert answers.sweep() == 3
    assert answers.sweep() == 0
    clock.advance(timedelta(seconds=30))
    ticks[0] = 60.0
    answers.claim("k", "new", "d", seconds=30)  # removes the one before
    assert answers.sweep() == 0


def test_of_many_that_claim_at_once_one_gets_it(database_url: str, clock: FrozenClock) -> None:
    """Threads with a store of their own, as processes have. All release or keep, and others come."""
    threads, rounds = 6, 8
    got: dict[str, list[str]] = {str(number): [] for number in range(rounds)}
    ready = threading.Barrier(threads)
    with Store.open(database_url) as first:
        RememberedAnswers(first, clock, project="bot", holder="x").sweep()

    def work(me: int) -> None:
        with Store.open(database_url) as store:
            answers = RememberedAnswers(store, clock, project="bot", holder=str(me))
            for name in got:
                ready.wait()
                claim = answers.claim("k", name, "d", seconds=30)
                if claim.state == "mine" and int(name) % 2:
                    assert answers.keep("k", name, claim.token, name.encode(), seconds=DAY)
                got[name].append(claim.state if claim.state != "answered" else claim.answer.decode())

    workers = [threading.Thread(target=work, args=(me,)) for me in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    for name, states in got.items():
        assert len(states) == threads
        assert states.count("mine") == 1
        assert set(states) <= ({"mine", "running", name} if int(name) % 2 else {"mine", "running"})


_DIES = """
import os, signal, sys
from ferrata.access import RememberedAnswers
from ferrata.clock import SystemClock
from ferrata.store import Store
answers = RememberedAnswers(Store.open(sys.argv[1]), SystemClock(), project="bot", holder="dead")
assert answers.claim("k", "n", "d", seconds=float(sys.argv[2])).state == "mine"
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_the_claim_of_a_killed_process_holds_until_it_lapses_or_is_freed(database_url: str) -> None:
    from ferrata.clock import SystemClock

    ended = subprocess.run([sys.executable, "-c", _DIES, database_url, "600"], check=False, capture_output=True)
    assert ended.returncode == -9, ended.stderr
    with Store.open(database_url) as store:
        answers = RememberedAnswers(store, SystemClock(), project="bot", holder="alive")
        claim = answers.claim("k", "n", "d", seconds=30)
        assert (claim.state, 500 < claim.seconds <= 600) == ("running", True)
        assert answers.free("dead") == 1
        assert answers.claim("k", "n", "d", seconds=30).state == "mine"
