"""The drain: every line is in the store once, whatever else happens."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
from spooled import NOON, line_of, span, write_spool
from sqlalchemy.exc import IntegrityError

from ferrata.errors import StoreUnavailable
from ferrata.monitor import Drain, DrainedCounts, forget_before, run_drain, span_tables
from ferrata.monitor.rollups import read_rollups
from ferrata.store import Store, run

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ferrata.store import Connection

DAY = 86_400


def stored(store: Store) -> list[str]:
    """The ids of all spans, by when they began."""
    found: list[Any] = []
    with store.read() as connection:
        for table in span_tables(connection):
            found += run(connection, f"SELECT started, span_id FROM {table}").fetchall()
    return [span_id for _, span_id in sorted(found)]


def ids(*numbers: int) -> list[str]:
    return [f"{number + 1:016x}" for number in numbers]


def calls(store: Store) -> int:
    with store.read() as connection:
        return sum(rollup.calls for _, rollup in read_rollups(connection, "p", since=0, until=2**40))


def drain_all(drain: Drain, limit: int = 5000) -> DrainedCounts:
    total = done = drain.step(limit)
    while done.more:
        done = drain.step(limit)
        total += done
    return total._replace(more=False)


class Heard:
    """A hook that keeps what it was given; what a transaction undid is in it as well."""

    def __init__(self) -> None:
        self.spans: list[tuple[str, list[str]]] = []
        self.released_holders: list[str] = []
        self.fails: Exception | None = None

    def drained(self, connection: Connection, holder: str, spans: Sequence[dict[str, Any]]) -> None:
        run(connection, "SELECT 1").fetchall()
        if self.fails:
            raise self.fails
        self.spans.append((holder, [found["span_id"] for found in spans]))

    def released(self, connection: Connection, holder: str) -> None:
        self.released_holders.append(holder)


def test_a_live_and_a_dead_holder_are_drained(store: Store, tmp_path: Path) -> None:
    heard = Heard()
    drain = Drain(store, tmp_path / "spool", "p", [heard])
    assert drain.step() == DrainedCounts()
    live = write_spool(tmp_path / "spool", [span(0), span(1)])
    dead = write_spool(tmp_path / "spool", [span(2), b"torn"])
    dead.close()
    assert drain_all(drain) == DrainedCounts(3, 1, 1)
    assert stored(store) == ids(0, 1, 2)
    assert calls(store) == 3
    assert sorted(heard.spans) == sorted([(live.holder, ids(0, 1)), (dead.holder, ids(2))])
    assert heard.released_holders == [dead.holder]
    assert (tmp_path / "spool" / f"{dead.holder}.000001.0.bad").read_bytes() == b"torn\n"
    assert live.append(line_of(span(3)))
    assert drain_all(drain) == DrainedCounts(1)
    live.close()
    assert drain_all(drain) == DrainedCounts(released=1)
    assert stored(store) == ids(0, 1, 2, 3)
    assert [path.suffix for path in (tmp_path / "spool").iterdir()] == [".bad"]
    assert drain.step() == DrainedCounts()


def test_small_steps_come_to_the_same(store: Store, tmp_path: Path) -> None:
    write_spool(tmp_path / "spool", [span(n) for n in range(30)], segment_bytes=2000).close()
    assert drain_all(Drain(store, tmp_path / "spool", "p"), limit=4) == DrainedCounts(30, 0, 1)
    assert stored(store) == ids(*range(30))
    assert calls(store) == 30


def test_a_drain_that_failed_after_its_work_changes_nothing_by_doing_it_again(store: Store, tmp_path: Path) -> None:
    class Killed(Exception):
        pass

    write_spool(tmp_path / "spool", [span(n) for n in range(5)]).close()
    heard = Heard()
    heard.fails = Killed()
    with pytest.raises(Killed):
        Drain(store, tmp_path / "spool", "p", [heard]).step()
    assert stored(store) == []
    # one that was killed between the commit and removing the files: they are there, and nothing is done
    files = {path: path.read_bytes() for path in (tmp_path / "spool").iterdir()}
    drain_all(Drain(store, tmp_path / "spool", "p"))
    for path, data in files.items():
        path.write_bytes(data)
    assert drain_all(Drain(store, tmp_path / "spool", "p")) == DrainedCounts(released=1)
    assert stored(store) == ids(*range(5))
    assert calls(store) == 5
    assert list((tmp_path / "spool").iterdir()) == []


def test_several_drains_at_once_write_each_line_once(store: Store, tmp_path: Path) -> None:
    spools = [write_spool(tmp_path / "spool", [], segment_bytes=3000) for _ in range(3)]
    stop, failures = threading.Event(), list[Exception]()

    def work() -> None:
        try:
            drain = Drain(store, tmp_path / "spool", "p")
            while not stop.is_set():
                drain.step(7)
        except Exception as error:  # noqa: BLE001 - shown by the test
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for number in range(240):
        assert spools[number % 3].append(line_of(span(number)))
    for spool in spools:
        spool.close()
    give_up = time.monotonic() + 60
    while not failures and any((tmp_path / "spool").iterdir()) and time.monotonic() < give_up:
        time.sleep(0.01)
    stop.set()
    for thread in threads:
        thread.join()
    assert failures == []
    assert stored(store) == ids(*range(240))
    assert calls(store) == 240
    assert list((tmp_path / "spool").iterdir()) == []


def test_a_line_that_the_database_refuses_stops_no_other(store: Store, tmp_path: Path) -> None:
    class Refusing(Heard):
        def drained(self, connection: Connection, holder: str, spans: Sequence[dict[str, Any]]) -> None:
            if any(found["span_id"] in ids(3) for found in spans):
                run(connection, "INSERT INTO spool_position (holder) VALUES (NULL)")
            super().drained(connection, holder, spans)

    heard = Refusing()
    write_spool(tmp_path / "spool", [b"junk\n", *[span(n) for n in range(9)]]).close()
    assert drain_all(Drain(store, tmp_path / "spool", "p", [heard])) == DrainedCounts(8, 2, 1)
    assert stored(store) == ids(0, 1, 2, 4, 5, 6, 7, 8)
    assert calls(store) == 8
    bad = b"".join(path.read_bytes() for path in (tmp_path / "spool").iterdir())
    assert sorted(bad.splitlines()) == sorted([b"junk", line_of(span(3)).rstrip()])


def test_the_refused_line_is_not_taken_together_with_those_that_come_meanwhile(store: Store, tmp_path: Path) -> None:
    class Growing(Heard):
        def drained(self, connection: Connection, holder: str, spans: Sequence[dict[str, Any]]) -> None:
            assert spool.append(line_of(span(len(self.spans) + 10)))
            if spans[0]["span_id"] in ids(0):
                raise IntegrityError("refused", None, Exception("refused"))
            super().drained(connection, holder, spans)

    spool = write_spool(tmp_path / "spool", [span(0)])
    counts = Drain(store, tmp_path / "spool", "p", [Growing()]).step()
    assert (counts.spans, counts.bad) == (0, 1)


def test_ids_that_are_there_already_stop_nothing(store: Store, tmp_path: Path) -> None:
    write_spool(tmp_path / "spool", [span(0), span(0), span(1)]).close()
    assert drain_all(Drain(store, tmp_path / "spool", "p")).spans == 3
    assert stored(store) == ids(0, 1)


def test_clocks_that_jump_make_no_harm(store: Store, tmp_path: Path) -> None:
    back = span(0, ended=NOON - 5 * 10**9)
    far = span(1, started=NOON + 30 * DAY * 10**9, ended=NOON)
    broken = [span(2, started=5), span(3, ended=2**62)]
    write_spool(tmp_path / "spool", [back, far, *broken, span(4)]).close()
    assert drain_all(Drain(store, tmp_path / "spool", "p")) == DrainedCounts(3, 2, 1)
    with store.read() as connection:
        assert span_tables(connection) == ["spans_20260331", "spans_20260301"]
        rollups = dict(read_rollups(connection, "p", since=0, until=2**40))
    assert sum(rollup.calls for rollup in rollups.values()) == 3
    assert {rollup.latency.least for rollup in rollups.values()} == {0.0}


def test_days_are_forgotten_and_come_again_with_late_spans(store: Store, tmp_path: Path) -> None:
    from datetime import date

    drain = Drain(store, tmp_path / "spool", "p")
    spool = write_spool(tmp_path / "spool", [span(0), span(DAY), span(2 * DAY)])
    drain_all(drain)
    assert forget_before(store, spans=date(2026, 3, 2), rollups=date(2026, 3, 3)) == ["spans_20260301"]
    assert stored(store) == ids(DAY, 2 * DAY)
    assert calls(store) == 1
    # the same drain does not know that the table is gone
    assert spool.append(line_of(span(1)))
    drain_all(drain)
    assert stored(store) == ids(1, DAY, 2 * DAY)


def test_nothing_is_forgotten_where_there_is_nothing(store: Store) -> None:
    from datetime import date

    assert forget_before(store, spans=date(2026, 3, 2), rollups=date(2026, 3, 2)) == []


def test_a_store_that_is_away_is_waited_for(tmp_path: Path) -> None:
    class Away(Store):
        """Not there for the first three transactions."""

        times = 0

        def write(self) -> Any:
            self.times += 1
            if 1 < self.times < 5:
                raise StoreUnavailable("away")
            return super().write()

    write_spool(tmp_path / "spool", [span(n) for n in range(4)]).close()
    opened = Store.open(f"sqlite:///{tmp_path}/ferrata.db")
    store = Away(opened._dialect)
    stop, said = threading.Event(), list[str]()
    pauses: list[float] = []

    def wait(timeout: float | None = None) -> bool:
        pauses.append(timeout or 0)
        if len(pauses) > 3:
            threading.Event.set(stop)
        return True

    stop.wait = wait  # type: ignore[method-assign]
    total = run_drain(Drain(store, tmp_path / "spool", "p"), stop, every=0.1, say=said.append)
    assert (total.spans, pauses) == (4, [0.5, 1.0, 2.0, 0.1])
    assert said == ["spans wait in the spool: away", "the store takes spans again"]
    assert stored(store) == ids(*range(4))
    store.close()


def test_the_loop_drains_what_is_left_when_it_is_stopped(store: Store, tmp_path: Path) -> None:
    stop, said = threading.Event(), list[str]()
    stop.set()
    write_spool(tmp_path / "spool", [b"junk\n", span(0)]).close()
    assert run_drain(Drain(store, tmp_path / "spool", "p"), stop, say=said.append) == DrainedCounts(1, 1, 1)
    assert said == ["1 lines of the spool are no spans; they lie in its files .bad"]


def test_an_unknown_failure_ends_no_loop_and_puts_nothing_aside(tmp_path: Path) -> None:
    with Store.open(f"sqlite:///{tmp_path}/ferrata.db") as store:
        heard, stop, said = Heard(), threading.Event(), list[str]()
        heard.fails = KeyError("spent")
        write_spool(tmp_path / "spool", [span(0)]).close()
        drain = Drain(store, tmp_path / "spool", "p", [heard])
        stop.set()
        assert run_drain(drain, stop, say=said.append) == DrainedCounts()
        assert said == ["spans wait in the spool: KeyError: 'spent'"]
        heard.fails = None
        assert run_drain(drain, stop).spans == 1
