"""A process that appends: `appender.py URL ACTOR COUNT`. Says "ready", waits for a line, then prints each record's number."""

from __future__ import annotations

import sys
from itertools import count, islice

from ferrata.assets import Ledger
from ferrata.clock import SystemClock
from ferrata.store import Store


def main(url: str, actor: str, amount: int) -> None:
    with Store.open(url) as store:
        ledger = Ledger(store, SystemClock(), actor, project="bot")
        print("ready", flush=True)
        sys.stdin.readline()
        for n in islice(count(), amount or None):
            record = ledger.append("ledger.exported", subjects=["test/process@1"], payload={"count": n, "head": actor})
            print(record.seq, flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
