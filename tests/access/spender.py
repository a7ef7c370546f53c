"""A process that spends of one budget until it is refused, and writes what it spent as the gateway's spool does.

    python spender.py URL HOLDER LIMIT NEED FILE

Prints `ready`, waits for a line, spends, prints what refused it.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
import time
from pathlib import Path

from ferrata.access import Allowance, Leases, Leasing, Meters, NeedsLease, atoms_of
from ferrata.store import Store

BEGAN = time.monotonic()


def now() -> float:
    """Noon of one day, and what has passed since."""
    return 1_772_366_400.0 + time.monotonic() - BEGAN


async def spend(leasing: Leasing, meters: Meters, *, limit: float, need: int, file: Path) -> str:
    """Until it is refused; each call takes a little of time, and up to what it reserved."""
    found = meters.of("call", lambda: [("team:shop", (Allowance("tokens", "day", limit),)), ("project", ())])
    reserved = atoms_of(tokens=need)
    chance = random.Random(need)
    ticking = asyncio.create_task(leasing.run())
    refused: list[str] = []
    with file.open("a", buffering=1) as spool:

        async def call_on() -> None:
            while True:
                at = now()
                outcome = meters.admit(found, reserved, at)
                if isinstance(outcome, NeedsLease):
                    outcome, at = await leasing.admit(found, reserved)
                if outcome is not None:
                    refused.append(outcome.code)
                    return
                await asyncio.sleep(0.001)
                used = atoms_of(tokens=need if need == 1 else chance.randint(1, need))
                spool.write(json.dumps(meters.settle(found, reserved, used, at)) + "\n")

        await asyncio.gather(*(call_on() for _ in range(8)))
    ticking.cancel()
    await leasing.close()
    return refused[0]


def main() -> None:
    url, holder, limit, need, file = sys.argv[1:]
    with Store.open(url) as store:
        meters = Meters()
        leases = Leases(store, project="bot", holder=holder)
        leases.prepare()
        print("ready", flush=True)
        sys.stdin.readline()
        leasing = Leasing(meters, leases, now=now, idle=0.2, pause=0.2, patience=20)
        print(asyncio.run(spend(leasing, meters, limit=float(limit), need=int(need), file=Path(file))), flush=True)


if __name__ == "__main__":
    main()
