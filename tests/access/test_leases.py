"""Leases in the store, on SQLite and PostgreSQL: never over a limit, and all of it can be used."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text

from ferrata.access import Counter, Grant, Leases, Want
from ferrata.errors import StoreUnavailable

if TYPE_CHECKING:
    from ferrata.store import Store

NOON = 1_772_366_400.0
DAY = Counter("team:shop", "tokens", "day", int(NOON) - 43_200)


def want(amount: int, *, limit: int = 1_000, least: int = 1, counter: Counter = DAY) -> list[Want]:
    return [Want(counter, limit, least, amount)]


def settle(store: Store, leases: Leases, holder: str, *amounts: Any, counter: Counter = DAY) -> int:
    with store.write() as connection:
        return leases.settle(connection, holder, [[*counter, amount] for amount in amounts])


def used(leases: Leases) -> int:
    return leases.used("team:shop", now=NOON).get(("tokens", "day"), 0)


def test_a_lease_is_a_part_of_what_is_left_or_what_is_needed(store: Store) -> None:
    one, two = (Leases(store, project="bot", holder=name) for name in ("one", "two"))
    assert one.take(want(1, limit=1_600), now=NOON) == [Grant(100, 100, 1_500, 0)]
    assert two.take(want(700, limit=1_600), now=NOON) == [Grant(700, 700, 800, 100)]
    assert one.take(want(-60, limit=1_600), now=NOON) == [Grant(-60, 40, 860, 700)]
    assert one.take(want(0, limit=1_600), now=NOON) == [Grant(0, 40, 860, 700)]
    assert one.take(want(900, least=900, limit=1_600), now=NOON) == [Grant(0, 40, 860, 700)]
    assert one.take(want(900, least=9, limit=1_600), now=NOON) == [Grant(860, 900, 0, 700)]
    assert two.take(want(1, limit=1_600), now=NOON) == [Grant(0, 700, 0, 900)]
    assert one.take([], now=NOON) == []


def test_what_was_spent_moves_from_the_lease_to_what_was_used(store: Store) -> None:
    one, two = (Leases(store, project="bot", holder=name) for name in ("one", "two"))
    one.take(want(600), now=NOON)
    assert settle(store, two, "one", 100, 250) == 0
    assert used(two) == 350
    assert two.take(want(1), now=NOON) == [Grant(25, 25, 375, 250)]
    # More than it had: nobody else may have that much.
    assert settle(store, two, "one", 350) == 0
    assert two.take(want(0), now=NOON) == [Grant(0, 25, 275, 0)]
    # Its debt is paid by what it is given next, and by nobody twice.
    assert one.take(want(110), now=NOON) == [Grant(110, 710, 265, 25)]
    assert two.take(want(0), now=NOON) == [Grant(0, 25, 265, 10)]


def test_an_ended_holder_gives_back_what_it_did_not_spend(store: Store) -> None:
    one, two = (Leases(store, project="bot", holder=name) for name in ("one", "two"))
    one.take(want(900), now=NOON)
    settle(store, two, "one", 300)
    assert two.take(want(500, least=500), now=NOON)[0].added == 0
    with store.write() as connection:
        two.release(connection, "one")
    assert two.take(want(700, least=700), now=NOON) == [Grant(700, 700, 0, 0)]
    assert used(two) == 300


def test_meters_of_several_scopes_windows_and_projects_are_apart(store: Store) -> None:
    one = Leases(store, project="bot", holder="one")
    counters = [
        DAY,
        DAY._replace(scope="project"),
        DAY._replace(unit="usd"),
        DAY._replace(window="month", start=5),
        DAY._replace(start=0),
    ]
    wants = [Want(counter, 160 * n, 1, 1) for n, counter in enumerate(counters, 1)]
    random.Random(1).shuffle(wants)
    assert [grant.added for grant in one.take(wants, now=NOON)] == [one.limit // 16 for one in wants]
    assert Leases(store, project="other", holder="one").take(want(1), now=NOON) == [Grant(62, 62, 938, 0)]
    settle(store, one, "one", 0.25, counter=counters[2])
    assert one.used("team:shop", now=NOON) == {
        ("tokens", "day"): 0,
        ("usd", "day"): 250_000_000,
    }


def test_the_same_meter_twice_in_one_request_is_not_given_twice(store: Store) -> None:
    one = Leases(store, project="bot", holder="one")
    grants = one.take([*want(700), *want(700)], now=NOON)
    assert grants == [Grant(700, 700, 300, 0), Grant(300, 1_000, 0, 0)]


@pytest.mark.parametrize(
    "line",
    [
        None,
        5,
        [],
        ["team:shop", "tokens", "day"],
        ["team:shop", "tokens", "day", DAY.start, 5, 6],
        ["team:shop", "tokens", "week", DAY.start, 5],
        ["team:shop", "euros", "day", DAY.start, 5],
        ["team:shop", [], "day", DAY.start, 5],
        ["team:shop", "tokens", {}, DAY.start, 5],
        ["team:shop", "tokens", "day", "x", 5],
        ["team:shop", "tokens", "day", -1, 5],
        ["team:shop", "tokens", "day", 2**60, 5],
        ["team:shop", "tokens", "day", DAY.start, "5"],
        ["team:shop", "tokens", "day", DAY.start, -5],
        ["team:shop", "tokens", "day", DAY.start, float("nan")],
        ["team:shop", "tokens", "day", DAY.start, float("inf")],
        ["team:shop", "tokens", "day", DAY.start, 1e300],
        ["team:sh\x00p", "tokens", "day", DAY.start, 5],
        ["team:sh\ud800p", "tokens", "day", DAY.start, 5],
        [7, "tokens", "day", DAY.start, 5],
    ],
)
def test_a_line_that_says_nothing_is_passed_over(store: Store, line: Any) -> None:
    one = Leases(store, project="bot", holder="one")
    one.prepare()
    with store.write() as connection:
        assert one.settle(connection, "one", [line, [*DAY, 5]]) == 1
    assert used(one) == 5


def test_windows_long_over_are_forgotten(store: Store) -> None:
    one = Leases(store, project="bot", holder="one")
    minutes = [DAY._replace(window="minute", start=int(NOON) - ago) for ago in (0, 3_600, 3_660)]
    one.take([Want(counter, 10, 1, 1) for counter in [DAY, *minutes]], now=NOON)
    one.tidy(now=NOON)
    for table in ("meter_used", "meter_lease"):
        with store.read() as connection:
            found = connection.execute(text(f"SELECT per, start FROM {table} ORDER BY per, start")).all()
        assert [tuple(row) for row in found] == [
            ("day", DAY.start),
            ("minute", int(NOON) - 3_600),
            ("minute", int(NOON)),
        ]


def test_holders_in_threads_share_a_limit_and_use_all_of_it(store: Store) -> None:
    limit, total, lock = 3_000, [0], threading.Lock()
    Leases(store, project="bot", holder="any").prepare()

    def hold(number: int) -> None:
        leases, chance, free = Leases(store, project="bot", holder=f"h{number}"), random.Random(number), 0
        while True:
            need = chance.randint(1, 40)
            if free < need:
                grant = leases.take(want(need - free, least=1, limit=limit), now=NOON)[0]
                free += grant.added
                if not grant.added and not free:
                    return
            amount = min(free, need)
            free -= amount
            with lock:
                total[0] += amount
                assert total[0] <= limit
            if chance.random() < 0.3:
                settle(store, leases, f"h{number}", amount)
            if free and chance.random() < 0.2:
                leases.take(want(-free, limit=limit), now=NOON)
                free = 0

    threads = [threading.Thread(target=hold, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert total == [limit]


def test_those_who_want_the_same_meters_do_not_wait_for_one_another(store: Store) -> None:
    counters = [DAY._replace(scope=scope) for scope in ("project", "team:b", "Team:a", "team:é", "team-b", "user:a")]
    Leases(store, project="bot", holder="any").prepare()
    failed: list[StoreUnavailable] = []

    def hold(number: int) -> None:
        leases, chance = Leases(store, project="bot", holder=f"h{number}"), random.Random(number)
        try:
            for _ in range(40):
                counters_of = chance.sample(counters, len(counters))
                leases.take([Want(counter, 10**9, 1, 5) for counter in counters_of], now=NOON)
                with store.write() as connection:
                    leases.settle(connection, f"h{number}", [[*counter, 5] for counter in counters_of])
        except StoreUnavailable as error:
            failed.append(error)

    threads = [threading.Thread(target=hold, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    for counter in counters:
        found = Leases(store, project="bot", holder="any").used(counter.scope, now=NOON)
        assert found == {("tokens", "day"): 4 * 40 * 5}


def start(url: str, holder: str, limit: int, need: int, file: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("spender.py")), url, holder, str(limit), str(need), str(file)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def go(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("go\n")
    process.stdin.flush()


def amounts_in(file: Path) -> list[int]:
    """What the whole lines of a spool say; the last one may be cut by a kill."""
    lines = file.read_text().split("\n")[:-1] if file.exists() else []
    return [entry[4] for line in lines for entry in json.loads(line)]


@pytest.mark.slow
def test_processes_share_a_limit_and_a_killed_one_gives_back(database_url: str, store: Store, tmp_path: Path) -> None:
    limit = 12_000
    Leases(store, project="bot", holder="any").prepare()
    spools = {f"p{n}": tmp_path / f"p{n}.jsonl" for n in range(3)}
    processes = {holder: start(database_url, holder, limit, 7, file) for holder, file in spools.items()}
    for process in processes.values():
        go(process)
    give_up = time.monotonic() + 30
    while len(amounts_in(spools["p0"])) < 150:
        assert time.monotonic() < give_up
        time.sleep(0.01)
    processes["p0"].kill()
    processes["p0"].communicate()
    for holder in ("p1", "p2"):
        said, _ = processes[holder].communicate(timeout=60)
        assert (said, processes[holder].returncode) == ("budget_exceeded\n", 0)
    before = sum(sum(amounts_in(file)) for file in spools.values())
    assert before <= limit
    leases = Leases(store, project="bot", holder="any")
    for holder, file in spools.items():
        settle(store, leases, holder, *amounts_in(file))
        with store.write() as connection:
            leases.release(connection, holder)
    assert used(leases) == before
    # What the killed one had not spent is there for the next.
    last = tmp_path / "last.jsonl"
    process = start(database_url, "last", limit, 1, last)
    go(process)
    said, _ = process.communicate(timeout=60)
    assert said == "budget_exceeded\n"
    assert before + sum(amounts_in(last)) == limit
