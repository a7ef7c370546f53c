"""A process that registers: `registrar.py URL ACTOR COUNT MODE`. Says "ready", waits for a line, prints each number it made.

MODE is `any` (whatever is there), `expect` (only on top of what it saw; says "conflict" where somebody was first), `alias`, `again`
(the same few contents over and over, every fourth with an alias of its own) or `gc` (removes what nobody can miss; prints its numbers).
"""

from __future__ import annotations

import sys
from datetime import timedelta
from itertools import count, islice
from typing import TYPE_CHECKING

from registries import open_registry

from ferrata.clock import SystemClock
from ferrata.errors import Conflict, NotFound
from ferrata.refs import Ref
from ferrata.store import Store

if TYPE_CHECKING:
    from ferrata.assets import Registry

SUPPORT = Ref("prompt", "support")


def keep(registry: Registry, alias: str, number: int) -> bool:
    """Whether the alias could be set; the version may be gone already."""
    try:
        registry.move(Ref("prompt", "support", alias=alias), to=number)
    except NotFound:
        return False
    return True


def main(url: str, actor: str, amount: int, mode: str) -> None:
    with Store.open(url) as store:
        registry = open_registry(store, SystemClock(), actor)
        print("ready", flush=True)
        sys.stdin.readline()
        for n in islice(count(), amount or None):
            if mode == "alias":
                move = registry.move(Ref("prompt", "support", alias=actor), to=n % 2 + 1, why=str(n))
                print(move.to, flush=True)
                continue
            if mode == "gc":
                for ref in registry.collect(older_than=timedelta(0)).versions:
                    print(ref.version, flush=True)
                continue
            if mode == "again":
                made = registry.register(SUPPORT, {"a.prompty": f"{n % 3}".encode() * 50, "same": b"x"}).version
                print(made.number, flush=True)
                if n % 4 == 0 and keep(registry, f"{actor}-{n}", made.number):
                    print(f"kept-{made.number}", flush=True)
                continue
            saw = None
            if mode == "expect":
                try:
                    saw = registry.resolve(SUPPORT).number
                except NotFound:
                    saw = 0
            try:
                done = registry.register(SUPPORT, {"a.prompty": f"{actor} {n}".encode() * 50, "same": b"x"}, expect=saw)
            except Conflict:
                print("conflict", flush=True)
            else:
                print(done.version.number, flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4])
